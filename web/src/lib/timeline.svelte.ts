// All photos of the signed-in person, by month. The months and their counts come first, so that the whole length of the
// page is known; the photos of a month come when it is near the window.
import { listImages, listMonths, type ImageSummary } from './api.ts';
import { monthEnd, monthOf, monthStart } from './format.ts';

/** What one call may return. */
const PAGE = 100;

export type Bucket = {
  month: string;
  /** What the API counts; only a guess until the month is `complete`. */
  count: number;
  photos: ImageSummary[];
  complete: boolean;
};

type Progress = { loading: Promise<void> | undefined; cursor: string | undefined; to: string; started: boolean };

class Timeline {
  buckets: Bucket[] = $state.raw([]);
  state: 'idle' | 'loading' | 'ready' | 'failed' = $state('idle');
  error: unknown = $state.raw();
  #progress = new Map<string, Progress>();
  #epoch = 0;

  /** Every loaded photo, newest first. */
  readonly photos: ImageSummary[] = $derived(this.buckets.flatMap((bucket) => bucket.photos));

  /** The first load; later calls fetch what is new. */
  async load(): Promise<void> {
    if (this.state === 'loading') return;
    const first = this.state !== 'ready';
    if (first) this.state = 'loading';
    try {
      const [page, months] = await Promise.all([listImages({ limit: PAGE }), listMonths().catch(() => undefined)]);
      this.#epoch += 1;
      const counts = new Map(months?.months.map(({ month, count }) => [month, count]));
      const everything = page.next === null;
      const oldest = page.images.at(-1);
      const oldestMonth = oldest ? monthOf(oldest.uploadedAt) : '';
      const known = new Map(this.buckets.map((bucket) => [bucket.month, bucket]));
      for (const image of page.images) counts.set(monthOf(image.uploadedAt), counts.get(monthOf(image.uploadedAt)) ?? 0);
      for (const bucket of this.buckets) if (bucket.photos.length && !counts.has(bucket.month)) counts.set(bucket.month, bucket.photos.length);

      const buckets: Bucket[] = [];
      for (const month of [...counts.keys()].sort().reverse()) {
        const fresh = page.images.filter((image) => monthOf(image.uploadedAt) === month);
        const old = known.get(month);
        const whole = everything || month > oldestMonth;
        // What the page covers replaces what was there: photos erased elsewhere go.
        const kept = whole ? [] : (old?.photos ?? []).filter((photo) => month !== oldestMonth || (oldest && photo.uploadedAt < oldest.uploadedAt));
        const photos = merge(kept, fresh);
        buckets.push({ month, photos, count: Math.max(counts.get(month) ?? 0, photos.length), complete: whole || (old?.complete ?? false) });
      }
      this.buckets = buckets.filter((bucket) => !bucket.complete || bucket.photos.length > 0);
      this.error = undefined;
      this.state = 'ready';
      const last = this.buckets.at(-1);
      if (!everything && last) await this.#lookOlder(last.month);
    } catch (error) {
      if (first) {
        this.error = error;
        this.state = 'failed';
      }
    }
  }

  /**
   * Adds the month of the newest photo that is older than `month`, the last known month. Counts are updated after the photos, so a month
   * can be missing among them. It is called again whenever the last month turns out to be complete.
   */
  async #lookOlder(month: string): Promise<void> {
    const page = await listImages({ to: new Date(monthStart(month).getTime() - 1).toISOString(), limit: 1 }).catch(() => undefined);
    const found = page?.images[0];
    if (!found) return;
    const older = monthOf(found.uploadedAt);
    if (this.buckets.some((bucket) => bucket.month <= older)) return;
    this.buckets = [...this.buckets, { month: older, photos: [found], count: PAGE, complete: false }];
  }

  /** Loads the next photos of a month that are not here yet. */
  more(month: string): Promise<void> {
    const progress = this.#progress.get(month) ?? { loading: undefined, cursor: undefined, to: '', started: false };
    this.#progress.set(month, progress);
    progress.loading ??= this.#fetch(month, progress).finally(() => (progress.loading = undefined));
    return progress.loading;
  }

  /** All photos of a month, loading those that are not here yet. */
  async all(month: string): Promise<ImageSummary[]> {
    const bucket = () => this.buckets.find((other) => other.month === month);
    while (bucket()?.complete === false) await this.more(month);
    return bucket()?.photos ?? [];
  }

  async #fetch(month: string, progress: Progress): Promise<void> {
    const bucket = this.buckets.find((other) => other.month === month);
    if (!bucket || bucket.complete) return;
    const epoch = this.#epoch;
    // The first page of a month begins at the oldest photo that is here. A cursor belongs to the range that it was made for.
    if (!progress.started) progress.to = bucket.photos.at(-1)?.uploadedAt ?? monthEnd(month).toISOString();
    const query = { from: monthStart(month).toISOString(), to: progress.to, limit: PAGE, ...(progress.cursor ? { cursor: progress.cursor } : {}) };
    const page = await listImages(query);
    if (epoch !== this.#epoch && !this.buckets.some((other) => other.month === month)) return;
    progress.started = true;
    progress.cursor = page.next ?? undefined;
    const isLast = this.buckets.at(-1)?.month === month;
    this.#change(month, (old) => {
      const photos = merge(old.photos, page.images);
      const complete = page.next === null;
      return { ...old, photos, complete, count: complete ? photos.length : Math.max(old.count, photos.length + 1) };
    });
    if (page.next === null && isLast) await this.#lookOlder(month);
  }

  #change(month: string, edit: (bucket: Bucket) => Bucket): void {
    this.buckets = this.buckets.map((bucket) => (bucket.month === month ? edit(bucket) : bucket)).filter((bucket) => !bucket.complete || bucket.photos.length > 0);
  }

  /** Takes over newer states of photos that are here. */
  update(images: readonly ImageSummary[]): void {
    const fresh = new Map(images.map((image) => [image.imageId, image]));
    this.buckets = this.buckets.map((bucket) =>
      bucket.photos.some((photo) => fresh.has(photo.imageId)) ? { ...bucket, photos: bucket.photos.map((photo) => fresh.get(photo.imageId) ?? photo) } : bucket,
    );
  }

  /** Drops photos that were erased. */
  remove(ids: ReadonlySet<string>): void {
    this.buckets = this.buckets
      .map((bucket) => {
        const photos = bucket.photos.filter((photo) => !ids.has(photo.imageId));
        const gone = bucket.photos.length - photos.length;
        return gone ? { ...bucket, photos, count: Math.max(photos.length, bucket.count - gone) } : bucket;
      })
      .filter((bucket) => bucket.count > 0);
  }
}

/** Both lists as one, newest first; a photo in both is taken from `fresh`. */
export function merge(old: readonly ImageSummary[], fresh: readonly ImageSummary[]): ImageSummary[] {
  const ids = new Set(fresh.map((photo) => photo.imageId));
  const all = [...old.filter((photo) => !ids.has(photo.imageId)), ...fresh];
  return all.sort((a, b) => (a.uploadedAt < b.uploadedAt ? 1 : a.uploadedAt > b.uploadedAt ? -1 : a.imageId < b.imageId ? -1 : 1));
}

export const timeline = new Timeline();

/**
 * The queue of uploads. It checks, converts and hashes files, asks the API for links, sends with Uppy (which keeps the queue over a reload), and
 * follows each photo to its end. This module is loaded only when somebody uploads; it lives on while other views are open.
 */
import Uppy, { type Body, type Meta, type UppyFile } from '@uppy/core';
import AwsS3 from '@uppy/aws-s3';
import GoldenRetriever from '@uppy/golden-retriever';
import { toJpeg } from './convert.ts';
import { check, sha256, type Limits, type Refusal } from './files.ts';
import type { Gathered } from './gather.ts';
import { Poll } from './poll.ts';
import { Speed } from './speed.ts';
import { isMoving, mayChange, stageOf, type Progress, type Stage } from './stages.ts';

/** What the API says about a photo that was sent. */
export interface Photo extends Progress {
  imageId: string;
  thumbnail: string | null;
  thumbnailLarge: string | null;
  thumbhash: string | null;
  height: number | null;
  topLabels: { name: string; confidence: number }[];
}

/** One answer of `POST /api/uploads`. */
export type Link =
  | { outcome: 'UPLOAD'; imageId: string; url: string; headers: Record<string, string>; expiresAt: string }
  | { outcome: 'KNOWN'; imageId: string; status: string | null; reason: string | null }
  | { outcome: 'REFUSED'; reason: string; detail: string };

export interface UploadApi {
  /** Asks for up to 100 links, in the order of the files. */
  links(files: { name: string; type: string; size: number; sha256: string }[]): Promise<Link[]>;
  /** The images among up to 100 ids that the API knows. */
  images(ids: string[]): Promise<Photo[]>;
}

/** Why a file was not sent although it could be. */
export type Problem = 'OFFLINE' | 'DENIED' | 'BUSY' | 'SERVER';

export type ItemState = 'checking' | 'converting' | 'waiting' | 'sending' | 'sent' | 'known' | 'refused' | 'failed' | 'lost';

/** One chosen file, from the choice to the end of its analysis. */
export class Item {
  readonly id = crypto.randomUUID();
  name = $state('');
  size = $state(0);
  state = $state<ItemState>('checking');
  /** Bytes sent so far. */
  bytes = $state(0);
  /** The file, for the preview; dropped when the thumbnail of the API is there. */
  blob = $state.raw<Blob | null>(null);
  refusal = $state.raw<Refusal | { code: 'SERVER'; detail: string } | null>(null);
  problem = $state<Problem | null>(null);
  /** The format that it was before it was converted to JPEG. */
  converted = $state<string | null>(null);
  imageId = $state<string | null>(null);
  photo = $state.raw<Photo | undefined>(undefined);
  /** Why the analysis of a known photo failed. */
  knownReason = $state<string | null>(null);
  hash = '';
  uppyId: string | null = null;
  readonly stage: Stage = $derived(stageOf(this.photo));
  /** Whether somebody has to look at it. */
  readonly bad: boolean = $derived(
    this.state === 'refused' ||
      this.state === 'failed' ||
      this.state === 'lost' ||
      (this.state === 'known' && this.knownReason !== null) ||
      (this.state === 'sent' && (this.stage === 'rejected' || this.stage === 'failed')),
  );

  constructor(name: string, blob: Blob | null) {
    this.name = name;
    this.blob = blob;
    this.size = blob?.size ?? 0;
  }
}

interface FileMeta extends Meta {
  sha256: string;
  problem?: Problem | undefined;
}
type OurFile = UppyFile<FileMeta, Body>;
type Grant = Extract<Link, { outcome: 'UPLOAD' }>;

const LINKS_PER_CALL = 100;
/** Files go to Uppy in groups, so that a group takes one call for links. */
const GROUP = 50;
const GROUP_DELAY = 250;
/** A link is not used in its last seconds. */
const LINK_MARGIN = 20_000;
/** Headers that a browser sets itself and that scripts cannot set. */
const FORBIDDEN_HEADERS = new Set(['content-length', 'host']);
const KEPT = 300;
/** How much the browser keeps over a reload, in bytes. The types of Uppy do not know these two options of its store. */
const STORE = { maxFileSize: 20 * 1_048_576, maxTotalSize: 4_096 * 1_048_576 };

export class Uploader {
  items = $state<Item[]>([]);
  /** Bytes a second, or `null`. */
  rate = $state<number | null>(null);
  secondsLeft = $state<number | null>(null);
  /** Whether the last question for progress failed. */
  stale = $state(false);

  readonly counts = $derived.by(() => {
    const counts = { total: this.items.length, checking: 0, waiting: 0, sending: 0, sent: 0, analysing: 0, done: 0, known: 0, problems: 0, bytes: 0, bytesSent: 0 };
    for (const item of this.items) {
      if (item.bad) counts.problems++;
      if (item.state === 'checking' || item.state === 'converting') counts.checking++;
      else if (item.state === 'waiting') counts.waiting++;
      else if (item.state === 'sending') counts.sending++;
      else if (item.state === 'known') counts.known += item.bad ? 0 : 1;
      else if (item.state === 'sent') {
        counts.sent++;
        if (isMoving(item.stage)) counts.analysing++;
        else if (!item.bad) counts.done++;
      }
      if (['waiting', 'sending', 'sent'].includes(item.state)) {
        counts.bytes += item.size;
        counts.bytesSent += item.state === 'sent' ? item.size : item.bytes;
      }
    }
    return counts;
  });
  /** Whether leaving the page would interrupt something. */
  readonly busy = $derived(this.counts.checking + this.counts.waiting + this.counts.sending > 0);
  readonly failed = $derived(this.items.filter((item) => item.state === 'failed'));

  readonly #api: UploadApi;
  readonly #limits: Limits;
  readonly #storage: string;
  readonly #uppy: Uppy<FileMeta, Body>;
  readonly #grants = new Map<string, Grant>();
  readonly #problems = new Map<string, Problem>();
  readonly #speed = new Speed();
  readonly #poll: Poll<Photo>;
  #toCheck: Item[] = [];
  #checking = 0;
  #ready: Item[] = [];
  #groupTimer: ReturnType<typeof setTimeout> | undefined;
  #speedTimer: ReturnType<typeof setInterval> | undefined;

  /** Each owner has a separate queue, so that people who share a computer do not see each other's photos. */
  constructor(api: UploadApi, limits: Limits, owner: string) {
    this.#api = api;
    this.#limits = limits;
    this.#storage = `sightline.sent.${owner}`;
    this.#poll = new Poll({
      pending: () => this.items.filter((item) => item.state === 'sent' && mayChange(item.stage)).map((item) => item.imageId ?? ''),
      calm: () => !this.items.some((item) => item.state === 'sent' && isMoving(item.stage)),
      ask: (ids) => this.#api.images(ids),
      tell: (photos) => this.#told(photos),
      failed: (failed) => (this.stale = failed),
      hidden: () => document.hidden,
    });
    this.#recall();
    this.#uppy = new Uppy<FileMeta, Body>({ id: `sightline-${owner}`, autoProceed: false, allowMultipleUploadBatches: true });
    this.#uppy.use(AwsS3, {
      shouldUseMultipart: false,
      limit: 6,
      allowedMetaFields: false,
      generateObjectKey: (file) => file.id,
      signRequest: async ({ key }) => this.#sign(key),
    });
    this.#uppy.addPreProcessor((ids) => this.#askForLinks(ids));
    this.#listen();
    // Last, because it restores as soon as it is installed.
    this.#uppy.use(GoldenRetriever, { indexedDB: STORE as object });
    const wake = (): void => {
      if (!document.hidden) this.#poll.wake();
    };
    const warn = (event: BeforeUnloadEvent): void => {
      if (this.busy) event.preventDefault();
    };
    const online = (): void => this.retryAll((item) => item.problem === 'OFFLINE');
    document.addEventListener('visibilitychange', wake);
    window.addEventListener('beforeunload', warn);
    window.addEventListener('online', online);
  }

  /** Adds files: each gets an item at once, so that none is lost. */
  add(found: readonly Gathered[]): void {
    const added = found.map(({ name, file }) => {
      const item = new Item(name, file);
      if (!file) this.#refuse(item, { code: 'UNREADABLE' });
      return item;
    });
    this.items = [...added, ...this.items];
    this.#toCheck.push(...this.items.slice(0, added.length).filter((item) => item.state === 'checking'));
    this.#check();
  }

  retry(item: Item): void {
    if (item.state !== 'failed') return;
    item.problem = null;
    item.state = 'waiting';
    const file = item.uppyId ? this.#uppy.getFile(item.uppyId) : undefined;
    if (file) {
      this.#uppy.setFileMeta(file.id, { ...file.meta, problem: undefined });
      void this.#uppy.retryUpload(file.id).catch(() => undefined);
    } else this.#enqueue(item);
  }

  retryAll(which: (item: Item) => boolean = () => true): void {
    for (const item of this.failed.filter(which)) this.retry(item);
  }

  /** Takes an item from the list; what is being sent is stopped. A photo that was sent stays where it is. */
  remove(item: Item): void {
    if (item.uppyId && this.#uppy.getFile(item.uppyId)) this.#uppy.removeFile(item.uppyId);
    this.items = this.items.filter((one) => one !== item);
    this.#keep();
  }

  /** Takes everything from the list that needs no more attention. */
  clearFinished(): void {
    this.items = this.items.filter((item) => !(item.state === 'known' || item.state === 'refused' || item.state === 'lost' || (item.state === 'sent' && !isMoving(item.stage))));
    this.#keep();
  }

  // Before sending ------------------------------------------------------------------------------------------------

  #check(): void {
    while (this.#checking < 3) {
      const item = this.#toCheck.shift();
      if (!item) return;
      this.#checking++;
      void this.#prepare(item).finally(() => {
        this.#checking--;
        this.#check();
      });
    }
  }

  async #prepare(item: Item): Promise<void> {
    try {
      if (!item.blob) return;
      let checked = await check(item.blob, this.#limits);
      if (!checked.ok && checked.convert) {
        item.state = 'converting';
        const jpeg = await toJpeg(item.blob, item.name);
        if (jpeg) {
          item.converted = checked.refusal.code === 'UNSUPPORTED' ? checked.refusal.format : checked.refusal.code;
          [item.blob, item.name, item.size] = [jpeg, jpeg.name, jpeg.size];
          checked = await check(jpeg, this.#limits);
        }
      }
      if (!checked.ok) return this.#refuse(item, checked.refusal);
      // The type comes from the content: S3 holds the upload to it.
      if (item.blob.type !== checked.type) item.blob = item.blob.slice(0, item.blob.size, checked.type);
      item.hash = await sha256(item.blob);
      const same = this.items.find((one) => one !== item && one.hash === item.hash && !['refused', 'lost'].includes(one.state) && !['rejected', 'failed'].includes(one.stage));
      if (same) {
        this.retry(same);
        return this.#refuse(item, { code: 'DUPLICATE' });
      }
      item.state = 'waiting';
      this.#enqueue(item);
    } catch {
      this.#refuse(item, { code: 'UNREADABLE' });
    }
  }

  #refuse(item: Item, refusal: NonNullable<Item['refusal']>): void {
    item.refusal = refusal;
    item.state = 'refused';
    if (refusal.code !== 'TOO_LARGE' && refusal.code !== 'TOO_SMALL') item.blob = null;
    this.#keep();
  }

  #enqueue(item: Item): void {
    this.#ready.push(item);
    clearTimeout(this.#groupTimer);
    if (this.#ready.length >= GROUP) this.#send();
    else this.#groupTimer = setTimeout(() => this.#send(), GROUP_DELAY);
  }

  #send(): void {
    for (const item of this.#ready.splice(0)) this.#toUppy(item);
    this.#measure();
    void this.#uppy.upload().catch(() => undefined);
  }

  #toUppy(item: Item): void {
    if (!item.blob) return;
    try {
      item.uppyId = this.#uppy.addFile({ name: item.name, type: item.blob.type, data: item.blob, source: 'page', meta: { name: item.name, sha256: item.hash, relativePath: item.id } });
    } catch {
      item.state = 'failed';
      item.problem = 'SERVER';
    }
  }

  // Links ---------------------------------------------------------------------------------------------------------

  async #askForLinks(ids: string[]): Promise<void> {
    const files = ids.map((id) => this.#uppy.getFile(id)).filter((file) => file && !this.#usable(file.id));
    for (let at = 0; at < files.length; at += LINKS_PER_CALL) {
      const group = files.slice(at, at + LINKS_PER_CALL);
      try {
        const links = await this.#api.links(group.map((file) => ({ name: file.name ?? '', type: file.type, size: file.size ?? 0, sha256: file.meta.sha256 })));
        group.forEach((file, index) => this.#answered(file.id, links[index]));
      } catch (error) {
        for (const file of group) this.#problems.set(file.id, problemOf(error));
      }
    }
  }

  #usable(id: string): boolean {
    const grant = this.#grants.get(id);
    return grant !== undefined && Date.parse(grant.expiresAt) - Date.now() > LINK_MARGIN;
  }

  #answered(id: string, link: Link | undefined): void {
    const item = this.#itemOf(id);
    if (!link) this.#problems.set(id, 'SERVER');
    else if (link.outcome === 'UPLOAD') {
      this.#problems.delete(id);
      this.#grants.set(id, link);
    } else {
      if (item && link.outcome === 'KNOWN') {
        // One that is still being analysed is followed like one that was just sent.
        const pending = link.status === 'PENDING' || link.status === null;
        [item.state, item.imageId, item.knownReason] = [pending ? 'sent' : 'known', link.imageId, link.status === 'FAILED' ? (link.reason ?? '') : null];
        if (pending) this.#poll.wake();
      }
      if (item && link.outcome === 'REFUSED') this.#refuse(item, { code: 'SERVER', detail: link.detail });
      // It is not sent: an error that Uppy still reports for it, because it waited for a link, is not the item's.
      if (item) item.uppyId = null;
      this.#uppy.removeFile(id);
      this.#keep();
    }
  }

  /** Gives Uppy the link of a file. One that waited too long gets a new one, together with others that did. */
  async #sign(id: string): Promise<{ url: string; headers: Record<string, string> }> {
    // Uppy waits for the connection before it asks: what failed without one is worth another try.
    if (this.#problems.get(id) === 'OFFLINE') this.#problems.delete(id);
    if (!this.#usable(id) && !this.#problems.has(id)) {
      const waiting = this.items.filter((item) => item.state === 'waiting' && item.uppyId && item.uppyId !== id && !this.#usable(item.uppyId)).map((item) => item.uppyId ?? '');
      await this.#askForLinks([id, ...waiting.slice(0, LINKS_PER_CALL - 1)]);
    }
    const grant = this.#grants.get(id);
    if (!grant || this.#problems.has(id)) throw new Error('no link');
    return { url: grant.url, headers: Object.fromEntries(Object.entries(grant.headers).filter(([name]) => !FORBIDDEN_HEADERS.has(name.toLowerCase()))) };
  }

  // Sending -------------------------------------------------------------------------------------------------------

  #listen(): void {
    this.#uppy.on('upload-progress', (file, { bytesUploaded }) => {
      const item = this.#itemOf(file?.id);
      if (item && item.state !== 'sent') [item.state, item.bytes] = ['sending', bytesUploaded];
    });
    this.#uppy.on('upload-success', (file) => this.#sent(file?.id));
    this.#uppy.on('upload-error', (file, error) => this.#broken(file?.id, error));
    this.#uppy.on('complete', () => {
      const done = this.items.filter((item) => item.state === 'sent' && item.uppyId).map((item) => item.uppyId ?? '');
      this.#uppy.removeFiles(done.filter((id) => this.#uppy.getFile(id)));
    });
    this.#uppy.on('restored', () => this.#restored());
  }

  #itemOf(id: string | undefined): Item | undefined {
    return id === undefined ? undefined : this.items.find((item) => item.uppyId === id);
  }

  #sent(id: string | undefined): void {
    const item = this.#itemOf(id);
    const grant = id === undefined ? undefined : this.#grants.get(id);
    if (!item || !grant) return;
    [item.state, item.bytes, item.imageId] = ['sent', item.size, grant.imageId];
    this.#keep();
    this.#poll.wake();
  }

  #broken(id: string | undefined, error: unknown): void {
    const item = this.#itemOf(id);
    if (!item || id === undefined) return;
    const status = (error as { status?: number }).status;
    // The object is there: an earlier try arrived, and only its answer was lost.
    if (status === 412) {
      this.#uppy.setFileState(id, { error: null });
      return this.#sent(id);
    }
    item.problem = this.#problems.get(id) ?? (status === 403 ? 'DENIED' : status ? 'SERVER' : 'OFFLINE');
    item.state = 'failed';
    item.bytes = 0;
    this.#problems.delete(id);
    this.#grants.delete(id);
    // Uppy would retry a file with an error whenever another one is added.
    this.#uppy.setFileState(id, { error: null });
    const file = this.#uppy.getFile(id);
    if (file) this.#uppy.setFileMeta(id, { ...file.meta, problem: item.problem });
  }

  #measure(): void {
    if (this.#speedTimer !== undefined) return;
    this.#speed.reset();
    this.#speedTimer = setInterval(() => {
      const { bytes, bytesSent } = this.counts;
      this.#speed.add(Date.now(), bytesSent);
      if (this.busy) [this.rate, this.secondsLeft] = [this.#speed.rate, this.#speed.secondsFor(bytes - bytesSent)];
      else {
        clearInterval(this.#speedTimer);
        [this.#speedTimer, this.rate, this.secondsLeft] = [undefined, null, null];
      }
    }, 500);
  }

  // After sending -------------------------------------------------------------------------------------------------

  #told(photos: Photo[]): void {
    const byId = new Map(photos.map((photo) => [photo.imageId, photo]));
    for (const item of this.items) {
      const photo = item.imageId === null ? undefined : byId.get(item.imageId);
      if (!photo || item.state !== 'sent') continue;
      item.photo = photo;
    }
  }

  // Over a reload -------------------------------------------------------------------------------------------------

  /** Uppy has put its files back: each becomes an item, and sending continues. */
  #restored(): void {
    const restored: Item[] = [];
    const finished: string[] = [];
    for (const file of this.#uppy.getFiles() as OurFile[]) {
      // Uppy may have stored the file before its upload ended; then the list of this tab has it already.
      const isListed = this.items.some((item) => item.hash === file.meta.sha256 && (item.state === 'sent' || item.state === 'known'));
      if (file.progress.uploadComplete || isListed) {
        finished.push(file.id);
        continue;
      }
      const item = new Item(file.name ?? '', file.data instanceof Blob ? file.data : null);
      [item.size, item.hash, item.uppyId] = [file.size ?? item.size, file.meta.sha256, file.id];
      restored.push(item);
      if (!item.blob) {
        item.state = 'lost';
        continue;
      }
      item.state = file.meta.problem ? 'failed' : 'waiting';
      item.problem = file.meta.problem ?? null;
      this.#uppy.setFileState(file.id, { error: null, progress: { uploadStarted: file.meta.problem ? Date.now() : null, bytesUploaded: 0, bytesTotal: item.size, percentage: 0, uploadComplete: false } as OurFile['progress'] });
    }
    this.#uppy.setState({ currentUploads: {}, allowNewUpload: true });
    this.#uppy.removeFiles([...finished, ...restored.filter((item) => item.state === 'lost').map((item) => item.uppyId ?? '')]);
    const known = new Set(restored.map((item) => item.uppyId));
    // Restoring replaces all files of Uppy, also those that were added a moment before.
    const overwritten = this.items.filter((item) => item.state === 'waiting' && item.uppyId && !known.has(item.uppyId) && !this.#uppy.getFile(item.uppyId));
    this.items = [...this.items, ...restored];
    for (const item of overwritten) this.#toUppy(item);
    if (this.items.some((item) => item.state === 'waiting')) {
      this.#measure();
      void this.#uppy.upload().catch(() => undefined);
    }
  }

  /** Remembers photos that were sent and files that were refused for the life of the tab: ids, names and reasons, never pictures. */
  #keep(): void {
    const kept = this.items.filter((item) => item.state === 'sent' || item.state === 'known' || item.state === 'refused').slice(0, KEPT);
    try {
      sessionStorage.setItem(this.#storage, JSON.stringify(kept.map(({ name, size, state, imageId, refusal, hash }) => ({ name, size, state, imageId, refusal, hash }))));
    } catch {
      // Without storage, the list ends with the page.
    }
  }

  #recall(): void {
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.#storage) ?? '[]') as Pick<Item, 'name' | 'size' | 'state' | 'imageId' | 'refusal' | 'hash'>[];
      this.items = kept.map(({ name, size, state, imageId, refusal, hash }) => Object.assign(new Item(name, null), { size, state, imageId, refusal, hash }));
      if (this.items.length > 0) this.#poll.wake();
    } catch {
      this.items = [];
    }
  }
}

/** What kind of problem a failed call of the API is. */
function problemOf(error: unknown): Problem {
  const status = (error as { status?: number }).status;
  if (status === undefined || status === 0) return 'OFFLINE';
  if (status === 401 || status === 403) return 'DENIED';
  return status === 429 || status === 503 ? 'BUSY' : 'SERVER';
}

// The results of one search, page by page. The last search is kept, so that the view shows it at once when the reader comes back.
import { cancelled, listImages, type ImageQuery, type ImageSummary } from './api.ts';

const PAGE = 60;
/** A filter that matches few photos gives empty pages. After this many in a row, loading waits for a click. */
const MAX_EMPTY_PAGES = 6;

class Results {
  key = $state('');
  images: ImageSummary[] = $state.raw([]);
  next: string | null = $state(null);
  nearest: string[] = $state.raw([]);
  state: 'idle' | 'loading' | 'ready' | 'failed' = $state('idle');
  error: unknown = $state.raw();
  /** Whether loading waits for a click, after many pages without a photo. */
  paused = $state(false);
  #query: ImageQuery = {};
  #abort: AbortController | undefined;
  #loading: Promise<void> | undefined;
  #empty = 0;

  /** Starts a search, unless it is the one that is here already. */
  start(query: ImageQuery, again = false): void {
    const key = JSON.stringify(query);
    if (key === this.key && !again && this.state !== 'failed') return;
    this.#abort?.abort();
    this.#abort = new AbortController();
    this.key = key;
    this.#query = query;
    this.#empty = 0;
    this.paused = false;
    this.nearest = [];
    this.next = null;
    this.state = 'loading';
    this.#loading = undefined;
    void this.#load(undefined, this.#abort.signal);
  }

  more(): Promise<void> {
    if (!this.next || this.state !== 'ready' || !this.#abort) return Promise.resolve();
    this.#loading ??= this.#load(this.next, this.#abort.signal).finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  goOn(): void {
    this.paused = false;
    this.#empty = 0;
    void this.more();
  }

  async #load(cursor: string | undefined, signal: AbortSignal): Promise<void> {
    try {
      const page = await listImages({ ...this.#query, limit: PAGE, ...(cursor ? { cursor } : {}) }, signal);
      if (signal.aborted) return;
      const known = new Set(cursor ? this.images.map(({ imageId }) => imageId) : []);
      this.images = cursor ? [...this.images, ...page.images.filter(({ imageId }) => !known.has(imageId))] : page.images;
      this.next = page.next;
      this.nearest = page.nearest;
      this.error = undefined;
      this.#empty = page.images.length ? 0 : this.#empty + 1;
      this.paused = this.#empty >= MAX_EMPTY_PAGES;
      // Nothing to show yet, but there is more to look through.
      if (this.images.length === 0 && page.next && !this.paused) return await this.#load(page.next, signal);
      this.state = 'ready';
    } catch (error) {
      if (cancelled(error) || signal.aborted) return;
      this.error = error;
      if (!cursor || this.state === 'loading') this.state = 'failed';
      else throw error;
    }
  }

  remove(ids: ReadonlySet<string>): void {
    this.images = this.images.filter(({ imageId }) => !ids.has(imageId));
  }
}

export const results = new Results();

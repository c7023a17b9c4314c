/** Asks for the progress of a batch: one call for up to 100 ids, after one second at first and five at last, and never while the page is hidden. */

const FIRST = 1_000;
const LAST = 5_000;
const GROWTH = 1.35;
/** Where only people can change something: a reviewer, or an operator who redrives. */
const CALM = 15_000;
/** What `GET /api/images?ids=` accepts. */
export const IDS_PER_CALL = 100;

export interface PollOptions<T> {
  /** The ids still to ask for. Polling stops while there are none. */
  pending: () => string[];
  /** Whether nothing is expected to change within seconds. */
  calm?: () => boolean;
  ask: (ids: string[]) => Promise<T[]>;
  /** Called with the images found, and the ids that were asked for. */
  tell: (images: T[], ids: string[]) => void;
  /** Told after every turn whether a call failed. Polling continues, at the longest delay. */
  failed?: (failed: boolean) => void;
  /** Whether nobody can see the page. */
  hidden?: () => boolean;
}

export class Poll<T> {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #delay = FIRST;
  #running = false;

  readonly #options: PollOptions<T>;

  constructor(options: PollOptions<T>) {
    this.#options = options;
  }

  /** Starts, or starts over with the shortest delay: call it when something was sent or the page is shown again. */
  wake(): void {
    this.#delay = FIRST;
    clearTimeout(this.#timer);
    this.#plan();
  }

  #plan(): void {
    this.#timer = setTimeout(() => void this.#turn(), this.#delay);
  }

  async #turn(): Promise<void> {
    if (this.#running || this.#options.hidden?.()) return;
    const ids = this.#options.pending();
    if (ids.length === 0) return this.#options.failed?.(false);
    this.#running = true;
    try {
      for (let at = 0; at < ids.length; at += IDS_PER_CALL) {
        const some = ids.slice(at, at + IDS_PER_CALL);
        this.#options.tell(await this.#options.ask(some), some);
      }
      this.#options.failed?.(false);
      this.#delay = this.#options.calm?.() ? CALM : Math.min(LAST, this.#delay * GROWTH);
    } catch {
      this.#options.failed?.(true);
      this.#delay = LAST;
    } finally {
      this.#running = false;
    }
    clearTimeout(this.#timer);
    this.#plan();
  }
}

/** Decisions that can be taken back for some seconds: they are sent after that, or at once when the next one is made or the page is left. */

export interface Decision {
  imageId: string;
  decision: 'APPROVED' | 'REJECTED';
  reason: string | null;
}

/** How long a decision can be taken back, in milliseconds. */
export const UNDO_MS = 5_000;

export class PendingDecision {
  #held: { decision: Decision; until: number; timer: ReturnType<typeof setTimeout> } | null = null;

  readonly #send: (decision: Decision, leaving: boolean) => void;
  readonly #wait: number;

  /** `send` is called once for each decision that was not taken back. */
  constructor(send: (decision: Decision, leaving: boolean) => void, wait = UNDO_MS) {
    this.#send = send;
    this.#wait = wait;
  }

  get held(): Decision | null {
    return this.#held?.decision ?? null;
  }

  /** Milliseconds left to undo. */
  left(now = Date.now()): number {
    return this.#held ? Math.max(0, this.#held.until - now) : 0;
  }

  /** Holds a decision. One that is held already is sent at once. */
  hold(decision: Decision): void {
    this.flush();
    this.#held = { decision, until: Date.now() + this.#wait, timer: setTimeout(() => this.flush(), this.#wait) };
  }

  /** Takes the decision back and returns it, so that its photo can be shown again. */
  undo(): Decision | null {
    const held = this.#held;
    if (!held) return null;
    clearTimeout(held.timer);
    this.#held = null;
    return held.decision;
  }

  /** Sends what is held. `leaving` asks for a request that outlives the page. */
  flush(leaving = false): void {
    const decision = this.undo();
    if (decision) this.#send(decision, leaving);
  }
}

/** The index of the item to show after the one at `at`: the next open one, or else the first open one before it, or else -1. */
export function nextAfter<T>(items: readonly T[], at: number, open: (item: T) => boolean): number {
  const after = items.findIndex((item, index) => index > at && open(item));
  return after >= 0 ? after : items.findIndex((item, index) => index !== at && open(item));
}

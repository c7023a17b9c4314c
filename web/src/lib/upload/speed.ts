/** Speed over the last seconds, from the bytes sent so far. */
export class Speed {
  #samples: { at: number; sent: number }[] = [];

  readonly #window: number;

  constructor(window = 6_000) {
    this.#window = window;
  }

  /** Adds what is sent at a time in milliseconds. A total that went down, because a file was removed, starts anew. */
  add(at: number, sent: number): void {
    const last = this.#samples.at(-1);
    if (last && sent < last.sent) this.#samples = [];
    this.#samples.push({ at, sent });
    while (this.#samples.length > 2 && at - this.#samples[0]!.at > this.#window) this.#samples.shift();
  }

  reset(): void {
    this.#samples = [];
  }

  /** Bytes a second, or `null` as long as there is less than half a second to go by. */
  get rate(): number | null {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (!first || !last || last.at - first.at < 500) return null;
    return ((last.sent - first.sent) * 1_000) / (last.at - first.at);
  }

  /** Seconds for the rest, or `null` if nobody can say. */
  secondsFor(rest: number): number | null {
    const rate = this.rate;
    return rate ? Math.ceil(rest / rate) : null;
  }
}

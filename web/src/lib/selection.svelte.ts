// The photos that are selected, for erasing and downloading many at once.

export class Selection {
  ids: ReadonlySet<string> = $state.raw(new Set());
  /** Something was selected once: what works on a selection loads then, and stays. */
  used = $state(false);
  /** Where a range starts that shift extends. */
  #anchor: string | undefined;

  get count(): number {
    return this.ids.size;
  }
  has(id: string): boolean {
    return this.ids.has(id);
  }
  toggle(id: string): void {
    const next = new Set(this.ids);
    if (!next.delete(id)) next.add(id);
    this.ids = next;
    this.used = true;
    this.#anchor = id;
  }
  /** Everything between the last toggled photo and this one, in the order of `all`. */
  extend(id: string, all: readonly string[]): void {
    const from = this.#anchor === undefined ? -1 : all.indexOf(this.#anchor);
    const to = all.indexOf(id);
    if (from < 0 || to < 0) return this.toggle(id);
    this.ids = new Set([...this.ids, ...all.slice(Math.min(from, to), Math.max(from, to) + 1)]);
  }
  /** Adds all of `ids`, or removes them when all are selected already. */
  toggleAll(ids: readonly string[]): void {
    const all = ids.every((id) => this.ids.has(id));
    const next = new Set(this.ids);
    for (const id of ids) {
      if (all) next.delete(id);
      else next.add(id);
    }
    this.ids = next;
    this.used = true;
  }
  remove(ids: Iterable<string>): void {
    const next = new Set(this.ids);
    for (const id of ids) next.delete(id);
    this.ids = next;
  }
  clear(): void {
    this.ids = new Set();
    this.#anchor = undefined;
  }
}

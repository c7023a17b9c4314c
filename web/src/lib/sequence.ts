// The list that a photo was opened from: the photo view steps through it.

export type Sequence = {
  ids: () => readonly string[];
  /** Loads what comes after the last one; resolves when there may be more, or at once when there is not. */
  more?: () => Promise<unknown>;
  /** Called with the photo that is shown, so that the list can follow it. */
  follow?: (id: string) => void;
  /** Called when photos of the list were erased or changed. */
  erased?: (ids: ReadonlySet<string>) => void;
};

let current: Sequence | undefined;

export const setSequence = (sequence: Sequence | undefined): void => {
  current = sequence;
};
export const sequence = (): Sequence | undefined => current;

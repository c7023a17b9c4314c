// Short messages at the edge of the page. They are read out, and stay while they have the pointer or the focus.

export type Toast = { id: number; text: string; tone: 'done' | 'problem' | 'note'; action?: { text: string; run: () => void } };

export const toasts: { list: Toast[] } = $state({ list: [] });

let last = 0;
const timers = new Map<number, ReturnType<typeof setTimeout>>();

/** Shows a message; returns what removes it. `seconds: 0` keeps it until it is dismissed. */
export function toast(text: string, options: { tone?: Toast['tone']; action?: Toast['action']; seconds?: number } = {}): () => void {
  const id = ++last;
  const seconds = options.seconds ?? (options.action ? 8 : 5);
  toasts.list.push({ id, text, tone: options.tone ?? 'done', ...(options.action ? { action: options.action } : {}) });
  if (toasts.list.length > 4) dismiss(toasts.list[0]?.id ?? 0);
  if (seconds) timers.set(id, setTimeout(() => dismiss(id), seconds * 1000));
  return () => dismiss(id);
}

export function dismiss(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
  toasts.list = toasts.list.filter((other) => other.id !== id);
}

/** Holds a message while it is looked at. */
export function hold(id: number): void {
  clearTimeout(timers.get(id));
}

export function release(id: number, seconds = 4): void {
  if (timers.has(id)) timers.set(id, setTimeout(() => dismiss(id), seconds * 1000));
}

/**
 * Asks again and again: first after a second, at last every five seconds, and not while the page is hidden. A question that failed is asked
 * again at the next turn. Returns a function that stops it, also while an answer is awaited.
 */
export function repeat(ask: () => Promise<unknown>): () => void {
  let pause = 1000;
  let stopped = false;
  let timer: ReturnType<typeof setTimeout>;
  const turn = async () => {
    if (!document.hidden) await ask().catch(() => undefined);
    if (stopped) return;
    pause = Math.min(5000, pause * 1.4);
    timer = setTimeout(turn, pause);
  };
  timer = setTimeout(turn, pause);
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

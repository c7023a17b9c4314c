import { trouble } from './api.ts';
import { texts } from './texts.ts';
import { toast } from './toasts.svelte.ts';

/**
 * Wraps a function that loads more of a list when the reader comes near its end. A failure is shown as a message that begins with `failed`;
 * after that, loading waits for five seconds, or for the reader's click.
 */
export function loader<Arguments extends unknown[]>(failed: string, load: (...which: Arguments) => Promise<unknown>): (...which: Arguments) => Promise<void> {
  let failedAt = 0;
  return async function more(...which) {
    if (Date.now() - failedAt < 5000) return;
    try {
      await load(...which);
    } catch (error) {
      failedAt = Date.now();
      const retry = () => {
        failedAt = 0;
        void more(...which);
      };
      toast(`${failed} ${trouble(error).message}`, { tone: 'problem', action: { text: texts.common.retry, run: retry } });
    }
  };
}

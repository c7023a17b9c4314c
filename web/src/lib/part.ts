// Files of the page that load when they are needed.
import { Trouble } from './api.ts';
import { texts } from './texts.ts';
import { toast } from './toasts.svelte.ts';

/**
 * Loads such a file. A browser that did not get it remembers that as long as the document lives, so trying again takes a new document:
 * the failure is of a kind of its own, and ErrorState offers that.
 */
export async function part<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch {
    throw new Trouble('unloaded', texts.errors.unloaded);
  }
}

/** Loads a file that only adds something to the view: a message says that it did not load, and the view works without it. */
export async function extra<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await part(load);
  } catch {
    toast(texts.errors.unloaded, { tone: 'problem', seconds: 0, action: { text: texts.common.loadPage, run: () => void loadAgain() } });
    return undefined;
  }
}

/** Loads the document again, if the server answers: else the browser would leave this page for one of its own. Resolves to whether it does. */
export async function loadAgain(): Promise<boolean> {
  try {
    await fetch('/config.json', { cache: 'no-store' });
  } catch {
    return false;
  }
  location.reload();
  return true;
}

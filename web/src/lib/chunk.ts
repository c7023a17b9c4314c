// Chunks: files of the build that the page loads when it needs them.
import { Trouble } from './api.ts';
import { texts } from './texts.ts';
import { toast } from './toasts.svelte.ts';

/**
 * Loads a chunk. A browser does not ask again for a module that it could not load, so only a new document can try again: the failure has
 * its own kind, for which ErrorState offers to load the page again.
 */
export async function loadChunk<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch {
    throw new Trouble('unloaded', texts.errors.unloaded);
  }
}

/** Loads a chunk that the view works without. If it does not load, a message says so, and the result is `undefined`. */
export async function loadExtra<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await loadChunk(load);
  } catch {
    toast(texts.errors.unloaded, { tone: 'problem', seconds: 0, action: { text: texts.common.loadPage, run: () => void loadAgain() } });
    return undefined;
  }
}

/** Loads the document again if the server answers; otherwise the browser would replace this page by its own error page. Returns whether it does. */
export async function loadAgain(): Promise<boolean> {
  try {
    await fetch('/config.json', { cache: 'no-store' });
  } catch {
    return false;
  }
  location.reload();
  return true;
}

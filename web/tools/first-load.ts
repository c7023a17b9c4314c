import { resolve } from 'node:path';

type Context = { getModuleInfo: (id: string) => { importedIds: readonly string[] } | null };

/**
 * Names the chunk of a module: all that the page and its first view import is one file, which compresses better than
 * thirty small ones. Everything else is split by view, as usual.
 */
export function firstLoadChunk(...entries: readonly string[]): (id: string, context: Context) => string | null {
  let first: Set<string> | undefined;
  return (id, context) => {
    if (!first) {
      first = new Set();
      const open = entries.map((entry) => resolve(entry));
      for (let next = open.pop(); next !== undefined; next = open.pop()) {
        if (first.has(next)) continue;
        first.add(next);
        open.push(...(context.getModuleInfo(next)?.importedIds ?? []));
      }
    }
    return first.has(id) ? 'first' : null;
  };
}

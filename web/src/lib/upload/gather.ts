/** Collects files from a drop, a paste or an input. Folders are read to the end; a file that cannot be read is still reported. */

/** A file that somebody chose. `file` is null if the browser could not read it. */
export interface Gathered {
  name: string;
  file: File | null;
}

/** Must be called in the event handler: the browser empties the transfer when the handler returns. */
export function gather(transfer: Pick<DataTransfer, 'items' | 'files'>): Promise<Gathered[]> {
  const entries: FileSystemEntry[] = [];
  const files: File[] = [];
  for (const item of Array.from(transfer.items ?? [])) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry?.();
    const file = entry ? null : item.getAsFile();
    if (entry) entries.push(entry);
    else if (file) files.push(file);
  }
  if (entries.length === 0 && files.length === 0) files.push(...Array.from(transfer.files));
  return Promise.all(entries.map(read)).then((found) => [...found.flat(), ...fromFiles(files)]);
}

export function fromFiles(files: Iterable<File>): Gathered[] {
  return Array.from(files, (file) => ({ name: file.name, file }));
}

async function read(entry: FileSystemEntry): Promise<Gathered[]> {
  try {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      return [{ name: entry.name, file }];
    }
    const children = await readFolder((entry as FileSystemDirectoryEntry).createReader());
    return (await Promise.all(children.map(read))).flat();
  } catch {
    return [{ name: entry.name, file: null }];
  }
}

/** `readEntries` returns at most 100 entries a call. */
async function readFolder(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

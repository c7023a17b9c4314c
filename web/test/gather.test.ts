import { expect, test } from 'vitest';
import { gather } from '../src/lib/upload/gather.ts';

const fileEntry = (name: string, file: File | null): FileSystemEntry =>
  ({ name, isFile: true, isDirectory: false, file: (done: (f: File) => void, fail: (e: Error) => void) => (file ? done(file) : fail(new Error('denied'))) }) as unknown as FileSystemEntry;
const folder = (name: string, pages: FileSystemEntry[][]): FileSystemEntry =>
  ({
    name,
    isFile: false,
    isDirectory: true,
    createReader: () => {
      const left = [...pages, []];
      return { readEntries: (done: (entries: FileSystemEntry[]) => void) => done(left.shift() ?? []) };
    },
  }) as unknown as FileSystemEntry;
const transfer = (entries: FileSystemEntry[]): Pick<DataTransfer, 'items' | 'files'> =>
  ({ files: [], items: entries.map((entry) => ({ kind: 'file', webkitGetAsEntry: () => entry })) }) as unknown as DataTransfer;

test('every file of a folder and its folders is found, however many calls it takes', async () => {
  const a = new File(['a'], 'a.jpg');
  const dropped = folder('trip', [[fileEntry('a.jpg', a)], [folder('day 2', [[fileEntry('b.jpg', new File(['b'], 'b.jpg'))]])]]);
  expect((await gather(transfer([dropped]))).map((found) => found.name)).toEqual(['a.jpg', 'b.jpg']);
});

test('a file that cannot be read is reported, not dropped', async () => {
  expect(await gather(transfer([fileEntry('secret.jpg', null)]))).toEqual([{ name: 'secret.jpg', file: null }]);
});

test('without entries, the plain list of files counts', async () => {
  const file = new File(['a'], 'pasted.png');
  expect(await gather({ items: [], files: [file] } as unknown as DataTransfer)).toEqual([{ name: 'pasted.png', file }]);
});

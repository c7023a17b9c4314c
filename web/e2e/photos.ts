// The photos that the tests upload.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './stack.ts';

/** The path of a file in samples/. */
export const sample = (name: string): string => join(ROOT, 'samples', name);

/**
 * A JPEG of samples/ as another file with the same picture: a comment (marker FF FE, two bytes of length, text) after the first marker changes
 * its SHA-256.
 */
export function copyOf(jpeg: string, name: string): { name: string; mimeType: string; buffer: Buffer } {
  const bytes = readFileSync(sample(jpeg));
  const text = Buffer.from(name);
  const head = Buffer.from([0xff, 0xfe, 0, text.length + 2]);
  return { name, mimeType: 'image/jpeg', buffer: Buffer.concat([bytes.subarray(0, 2), head, text, bytes.subarray(2)]) };
}

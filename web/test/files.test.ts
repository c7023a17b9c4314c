import { describe, expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { check, readHeader, sha256, type Limits } from '../src/lib/upload/files.ts';

const limits: Limits = { maxBytes: 15_000_000, maxPixels: 50_000_000, minSide: 80 };
const sample = (name: string): Blob => new Blob([readFileSync(new URL(`../../samples/${name}`, import.meta.url))]);
const bytes = (...parts: (string | number[])[]): Blob => new Blob(parts.map((part) => (typeof part === 'string' ? part : new Uint8Array(part))));
const uint32 = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const png = (width: number, height: number): Blob => bytes([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13], 'IHDR', uint32(width), uint32(height), [8, 2, 0, 0, 0]);

describe('reading the header', () => {
  test.each([
    ['astronaut.jpg', 'image/jpeg', 512, 512],
    ['cat.webp', 'image/webp', 451, 300],
    ['printed-page.png', 'image/png', 768, 382],
  ])('%s has its type and size', async (name, type, width, height) => {
    expect(await readHeader(sample(name))).toEqual({ kind: 'image', type, width, height });
  });

  test('a JPEG with a large block of metadata still has its size', async () => {
    const metadata = [0xff, 0xe1, 0xff, 0xff, ...Array<number>(0xfffd).fill(0)];
    const frame = [0xff, 0xc0, 0, 17, 8, 0, 200, 1, 0, 3];
    expect(await readHeader(bytes([0xff, 0xd8], metadata, metadata, frame))).toEqual({ kind: 'image', type: 'image/jpeg', width: 256, height: 200 });
  });

  test.each([
    ['HEIC', bytes(uint32(24), 'ftyp', 'heic', uint32(0), 'mif1heic'), { kind: 'convertible', format: 'HEIC' }],
    ['AVIF with a general brand', bytes(uint32(24), 'ftyp', 'mif1', uint32(0), 'mif1avif'), { kind: 'convertible', format: 'AVIF' }],
    ['a film', bytes(uint32(24), 'ftyp', 'mp42', uint32(0), 'isommp42'), { kind: 'unsupported', format: 'video' }],
    ['GIF', bytes('GIF89a', [1, 0, 1, 0]), { kind: 'unsupported', format: 'GIF' }],
    ['text with the name of a photo', bytes('hello, not a photo'), { kind: 'unknown' }],
    ['a JPEG that ends early', bytes([0xff, 0xd8, 0xff, 0xe0]), { kind: 'unknown' }],
  ])('%s is recognised', async (_, file, header) => {
    expect(await readHeader(file)).toEqual(header);
  });
});

describe('checking', () => {
  test('a sample photo is accepted', async () => {
    expect(await check(sample('coffee.jpg'), limits)).toMatchObject({ ok: true, type: 'image/jpeg' });
  });

  test.each([
    ['an empty file', new Blob([]), { code: 'EMPTY' }],
    ['79 pixels', png(79, 400), { code: 'TOO_SMALL', width: 79, height: 400, limit: 80 }],
    ['a ribbon', png(80, 10_001), { code: 'TOO_NARROW', width: 80, height: 10_001 }],
    ['too many pixels', png(10_000, 5_001), { code: 'TOO_MANY_PIXELS', width: 10_000, height: 5_001, limit: 50_000_000 }],
    ['text', bytes('hello'), { code: 'NOT_AN_IMAGE' }],
  ])('%s is refused with the reason', async (_, file, refusal) => {
    expect(await check(file, limits)).toEqual({ ok: false, convert: false, refusal });
  });

  test('80 by 80 pixels are enough', async () => {
    expect(await check(png(80, 80), limits)).toMatchObject({ ok: true });
  });

  test('a file over the limit is refused with both numbers', async () => {
    const file = png(400, 400);
    expect(await check(file, { ...limits, maxBytes: file.size - 1 })).toMatchObject({ refusal: { code: 'TOO_LARGE', size: file.size, limit: file.size - 1 } });
  });

  test('HEIC may be converted', async () => {
    expect(await check(bytes(uint32(24), 'ftyp', 'heic', uint32(0), 'mif1heic'), limits)).toEqual({ ok: false, convert: true, refusal: { code: 'HEIC' } });
  });
});

test('the hash is hex in lower case', async () => {
  expect(await sha256(new Blob(['abc']))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

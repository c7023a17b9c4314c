/**
 * Checks of a file before anything is sent. They look at the content, not at the name, and read a few hundred bytes at most.
 * The limits are the same as in `inspect-image`, which checks every file again.
 */

/** The types that the API accepts. */
export type ImageType = 'image/jpeg' | 'image/png' | 'image/webp';

/** The limits in force, as `GET /api/me` returns them. */
export interface Limits {
  maxBytes: number;
  maxPixels: number;
  minSide: number;
}

/** Why a file is not sent. `texts.upload.refused` has the sentence for each code. */
export type Refusal =
  | { code: 'EMPTY' }
  | { code: 'UNREADABLE' }
  | { code: 'DUPLICATE' }
  | { code: 'NOT_AN_IMAGE' }
  | { code: 'UNSUPPORTED'; format: string }
  | { code: 'HEIC' }
  | { code: 'TOO_LARGE'; size: number; limit: number }
  | { code: 'TOO_SMALL'; width: number; height: number; limit: number }
  | { code: 'TOO_NARROW'; width: number; height: number }
  | { code: 'TOO_MANY_PIXELS'; width: number; height: number; limit: number };

/** What the first bytes of a file say. Width and height are before EXIF orientation. */
export type Header =
  | { kind: 'image'; type: ImageType; width: number; height: number }
  | { kind: 'convertible'; format: 'HEIC' | 'AVIF' }
  | { kind: 'unsupported'; format: string }
  | { kind: 'unknown' };

export type Checked = { ok: true; type: ImageType; width: number; height: number } | { ok: false; convert: boolean; refusal: Refusal };

/** A side may be at most this many times the other, so that a copy fits the limits of Rekognition. */
const MAX_RATIO = 125;
/** A JPEG has its size after its metadata, which may hold large previews; farther than this it is not searched. */
const JPEG_SEGMENTS = 200;

const HEIC_BRANDS = new Set(['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'hevm', 'hevs', 'mif1', 'msf1']);

/** Decides whether a file can be sent. `convert` is true if the browser may be able to make a JPEG of it. */
export async function check(file: Blob, limits: Limits): Promise<Checked> {
  const refuse = (refusal: Refusal, convert = false): Checked => ({ ok: false, convert, refusal });
  if (file.size === 0) return refuse({ code: 'EMPTY' });
  let header: Header;
  try {
    header = await readHeader(file);
  } catch {
    return refuse({ code: 'UNREADABLE' });
  }
  switch (header.kind) {
    case 'unknown':
      return refuse({ code: 'NOT_AN_IMAGE' });
    case 'unsupported':
      return refuse({ code: 'UNSUPPORTED', format: header.format });
    case 'convertible':
      return refuse(header.format === 'HEIC' ? { code: 'HEIC' } : { code: 'UNSUPPORTED', format: header.format }, true);
    case 'image':
      return checkImage(file.size, header, limits);
  }
}

function checkImage(size: number, { type, width, height }: { type: ImageType; width: number; height: number }, limits: Limits): Checked {
  const refuse = (refusal: Refusal): Checked => ({ ok: false, convert: false, refusal });
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  if (size > limits.maxBytes) return refuse({ code: 'TOO_LARGE', size, limit: limits.maxBytes });
  if (short < limits.minSide) return refuse({ code: 'TOO_SMALL', width, height, limit: limits.minSide });
  if (width * height > limits.maxPixels) return refuse({ code: 'TOO_MANY_PIXELS', width, height, limit: limits.maxPixels });
  if (long > short * MAX_RATIO) return refuse({ code: 'TOO_NARROW', width, height });
  return { ok: true, type, width, height };
}

/** Reads type and size from the first bytes of a file. */
export async function readHeader(file: Blob): Promise<Header> {
  const start = await read(file, 0, 64);
  if (starts(start, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return png(start);
  if (starts(start, [0xff, 0xd8, 0xff])) return jpeg(file);
  if (ascii(start, 0, 4) === 'RIFF' && ascii(start, 8, 4) === 'WEBP') return webp(start);
  if (ascii(start, 4, 4) === 'ftyp') return isoMedia(start);
  const known = OTHERS.find(([, at, magic]) => ascii(start, at, magic.length) === magic);
  return known ? { kind: 'unsupported', format: known[0] } : { kind: 'unknown' };
}

const OTHERS: [format: string, at: number, magic: string][] = [
  ['GIF', 0, 'GIF8'],
  ['BMP', 0, 'BM'],
  ['TIFF', 0, 'II*\0'],
  ['TIFF', 0, 'MM\0*'],
  ['PDF', 0, '%PDF'],
  ['Photoshop', 0, '8BPS'],
  ['JPEG XL', 4, 'JXL '],
  ['SVG', 0, '<svg'],
];

async function read(file: Blob, at: number, length: number): Promise<DataView> {
  return new DataView(await file.slice(at, at + length).arrayBuffer());
}

function starts(view: DataView, bytes: number[]): boolean {
  return view.byteLength >= bytes.length && bytes.every((byte, at) => view.getUint8(at) === byte);
}

function ascii(view: DataView, at: number, length: number): string {
  let text = '';
  for (let i = at; i < Math.min(at + length, view.byteLength); i++) text += String.fromCharCode(view.getUint8(i));
  return text;
}

function png(start: DataView): Header {
  if (start.byteLength < 24 || ascii(start, 12, 4) !== 'IHDR') return { kind: 'unknown' };
  return { kind: 'image', type: 'image/png', width: start.getUint32(16), height: start.getUint32(20) };
}

/** Walks over the segments up to the frame header. */
async function jpeg(file: Blob): Promise<Header> {
  let at = 2;
  for (let segment = 0; segment < JPEG_SEGMENTS; segment++) {
    const head = await read(file, at, 10);
    if (head.byteLength < 10 || head.getUint8(0) !== 0xff) return { kind: 'unknown' };
    const marker = head.getUint8(1);
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    // Frame headers are C0 to CF except DHT, JPG and DAC.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { kind: 'image', type: 'image/jpeg', height: head.getUint16(5), width: head.getUint16(7) };
    }
    if (marker === 0xda || marker === 0xd9) return { kind: 'unknown' };
    at += 2 + head.getUint16(2);
  }
  return { kind: 'unknown' };
}

function webp(start: DataView): Header {
  const image = (width: number, height: number): Header => ({ kind: 'image', type: 'image/webp', width, height });
  const uint24 = (at: number): number => start.getUint16(at, true) | (start.getUint8(at + 2) << 16);
  if (start.byteLength < 30) return { kind: 'unknown' };
  switch (ascii(start, 12, 4)) {
    case 'VP8 ':
      return image(start.getUint16(26, true) & 0x3fff, start.getUint16(28, true) & 0x3fff);
    case 'VP8L': {
      const bits = start.getUint32(21, true);
      return image((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1);
    }
    case 'VP8X':
      return image(uint24(24) + 1, uint24(27) + 1);
    default:
      return { kind: 'unknown' };
  }
}

function isoMedia(start: DataView): Header {
  const end = Math.min(start.getUint32(0), start.byteLength);
  const brands = [ascii(start, 8, 4)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(ascii(start, at, 4));
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return { kind: 'convertible', format: 'AVIF' };
  if (brands.some((brand) => HEIC_BRANDS.has(brand))) return { kind: 'convertible', format: 'HEIC' };
  return { kind: 'unsupported', format: 'video' };
}

/** The SHA-256 of a file, as the API wants it: hex in lower case. */
export async function sha256(file: Blob): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

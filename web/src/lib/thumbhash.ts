import { thumbHashToRGBA } from 'thumbhash';

const painted = new Map<string, ImageData>();

/** Paints a thumbhash (base64) on a canvas; at most 32 by 32 pixels, the style scales it up. A broken hash paints nothing. */
export function paint(canvas: HTMLCanvasElement, hash: string): void {
  try {
    let data = painted.get(hash);
    if (!data) {
      const { w, h, rgba } = thumbHashToRGBA(Uint8Array.from(atob(hash), (char) => char.charCodeAt(0)));
      data = new ImageData(new Uint8ClampedArray(rgba), w, h);
      // Enough for some screens of scrolling back; 4 kB each.
      if (painted.size > 400) painted.clear();
      painted.set(hash, data);
    }
    canvas.width = data.width;
    canvas.height = data.height;
    canvas.getContext('2d')?.putImageData(data, 0, 0);
  } catch {
    // The hash comes from a record: without it the plain surface stays.
  }
}

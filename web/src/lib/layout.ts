// Justified rows: every photo keeps its shape, and every row but a section's last one fills the width. Pure numbers, no DOM.

export type Shape = { imageId: string; width: number | null; height: number | null };

/** `caption` is room below each row, for words under the photos. */
export type Measure = { width: number; target: number; gap: number; caption: number };

export type Cell<T> = { item: T; x: number; w: number };
/** `y` counts from the top of the section's photos. `h` is the height of the photos, without the caption. */
export type Row<T> = { y: number; h: number; cells: Cell<T>[] };
export type Plan<T> = { rows: Row<T>[]; height: number };

/** Photos without a known size take this shape. */
const UNKNOWN = 4 / 3;
/** Panoramas and towers are cut to these in the grid, so that a row never becomes a strip. */
const NARROWEST = 0.55;
const WIDEST = 2.6;

export function aspect(shape: Pick<Shape, 'width' | 'height'>): number {
  if (!shape.width || !shape.height) return UNKNOWN;
  return Math.min(WIDEST, Math.max(NARROWEST, shape.width / shape.height));
}

/** The height of rows to aim for at a width of the grid. */
export function targetHeight(width: number): number {
  if (width < 480) return 128;
  if (width < 900) return 176;
  return width < 1800 ? 212 : 260;
}

export function justify<T extends Shape>(items: readonly T[], measure: Measure): Plan<T> {
  const { width, target, gap, caption } = measure;
  const rows: Row<T>[] = [];
  let y = 0;
  let line: T[] = [];
  let sum = 0;

  const close = (height: number) => {
    const cells: Cell<T>[] = [];
    let x = 0;
    for (const item of line) {
      const w = aspect(item) * height;
      cells.push({ item, x, w });
      x += w + gap;
    }
    rows.push({ y, h: height, cells });
    y += height + caption + gap;
    line = [];
    sum = 0;
  };
  const filling = () => (width - gap * (line.length - 1)) / sum;

  for (const item of items) {
    const shape = aspect(item);
    // The row closes where its height is nearest to the target: with this photo, or just before it.
    if (line.length > 0) {
      const before = filling();
      const after = (width - gap * line.length) / (sum + shape);
      if (after < target && before - target < target - after && before < target * 1.5) close(before);
    }
    line.push(item);
    sum += shape;
    if (filling() <= target) close(filling());
  }
  if (line.length > 0) close(Math.min(target, filling()));
  return { rows, height: Math.max(0, y) };
}

/** The height that `count` photos of unknown shapes will take, and how many go in a row. */
export function estimate(count: number, measure: Measure): { height: number; perRow: number; rowHeight: number } {
  const { width, target, gap, caption } = measure;
  const perRow = Math.max(1, Math.round(width / (target * 1.25)));
  return { height: Math.ceil(count / perRow) * (target + caption + gap), perRow, rowHeight: target + caption + gap };
}

/** The first of `rows`, which are in order, that ends below `top`. */
export function firstBelow(rows: readonly { y: number; h: number }[], top: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row && row.y + row.h < top) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The photo above (-1) or below (1) the one at `row`, `cell`: the one whose middle is nearest. */
export function vertical<T>(rows: readonly Row<T>[], row: number, cell: number, step: -1 | 1): T | undefined {
  const from = rows[row]?.cells[cell];
  const next = rows[row + step];
  if (!from || !next) return undefined;
  const middle = from.x + from.w / 2;
  let best: Cell<T> | undefined;
  for (const other of next.cells) {
    if (!best || Math.abs(other.x + other.w / 2 - middle) < Math.abs(best.x + best.w / 2 - middle)) best = other;
  }
  return best?.item;
}

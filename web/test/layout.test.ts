import { describe, expect, it } from 'vitest';
import { aspect, estimate, firstBelow, justify, targetHeight, vertical } from '../src/lib/layout.ts';
import { many } from './many.ts';

const measure = { width: 1224, target: 212, gap: 5, caption: 0 };

describe('justified rows', () => {
  it('fills the width with every row but the last', () => {
    const { rows } = justify(many(500), measure);
    for (const row of rows.slice(0, -1)) {
      const last = row.cells.at(-1);
      expect((last?.x ?? 0) + (last?.w ?? 0)).toBeCloseTo(measure.width, 3);
    }
  });
  it('keeps the shape of each photo', () => {
    for (const row of justify(many(100), measure).rows) {
      for (const cell of row.cells) expect(cell.w / row.h).toBeCloseTo(aspect(cell.item), 6);
    }
  });
  it('keeps rows near the height that was asked for', () => {
    for (const row of justify(many(2000), measure).rows) {
      expect(row.h).toBeGreaterThan(measure.target * 0.55);
      expect(row.h).toBeLessThanOrEqual(measure.target * 1.5);
    }
  });
  it('shows every photo once, in order', () => {
    const photos = many(333);
    expect(justify(photos, measure).rows.flatMap((row) => row.cells.map((cell) => cell.item.imageId))).toEqual(photos.map(({ imageId }) => imageId));
  });
  it('does not stretch a last row of one photo', () => {
    const { rows } = justify(many(1), measure);
    expect(rows[0]?.h).toBeLessThanOrEqual(measure.target);
  });
  it('leaves room for captions below each row', () => {
    const bare = justify(many(50), measure);
    const told = justify(many(50), { ...measure, caption: 30 });
    expect(told.height - bare.height).toBeCloseTo(30 * bare.rows.length, 3);
  });
  it('has no rows for no photos', () => {
    expect(justify([], measure)).toEqual({ rows: [], height: 0 });
  });
  it('gives photos without a size a usual shape and cuts extreme ones', () => {
    expect(aspect({ width: null, height: null })).toBeCloseTo(4 / 3);
    expect(aspect({ width: 10_000, height: 100 })).toBe(2.6);
    expect(aspect({ width: 100, height: 10_000 })).toBe(0.55);
  });
});

describe('the window over 100,000 photos', () => {
  const { rows, height } = justify(many(100_000), measure);
  it('draws only the rows near it', () => {
    for (const top of [0, height / 3, height / 2, height - 800]) {
      const first = firstBelow(rows, top - 700);
      let last = first;
      while (last < rows.length && (rows[last]?.y ?? 0) < top + 800 + 700) last += 1;
      const cells = rows.slice(first, last).reduce((sum, row) => sum + row.cells.length, 0);
      expect(cells).toBeGreaterThan(0);
      expect(cells).toBeLessThan(100);
    }
  });
  it('finds the first row that is visible', () => {
    const middle = rows[Math.floor(rows.length / 2)];
    expect(rows[firstBelow(rows, (middle?.y ?? 0) + 1)]).toBe(middle);
    expect(firstBelow(rows, height + 1000)).toBe(rows.length);
  });
  it('estimates its height to a third before the shapes are known', () => {
    const guess = estimate(100_000, measure).height;
    expect(guess / height).toBeGreaterThan(0.67);
    expect(guess / height).toBeLessThan(1.5);
  });
});

describe('moving by keys', () => {
  const { rows } = justify(many(60), measure);
  it('goes to the nearest photo of the next row and back', () => {
    const from = rows[2]?.cells[1];
    const below = vertical(rows, 2, 1, 1);
    const index = rows[3]?.cells.findIndex(({ item }) => item === below) ?? -1;
    const cell = rows[3]?.cells[index];
    expect(Math.abs((cell?.x ?? 0) + (cell?.w ?? 0) / 2 - ((from?.x ?? 0) + (from?.w ?? 0) / 2))).toBeLessThan(measure.width / 3);
  });
  it('stops at the edges', () => {
    expect(vertical(rows, 0, 0, -1)).toBeUndefined();
    expect(vertical(rows, rows.length - 1, 0, 1)).toBeUndefined();
  });
});

it('aims for lower rows on smaller screens', () => {
  expect(targetHeight(360)).toBeLessThan(targetHeight(1280));
  expect(targetHeight(1280)).toBeLessThan(targetHeight(2560));
});

import { describe, expect, it } from 'vitest';
import { clamp, fit, MOST, WHOLE, zoomAt } from '../src/lib/zoom.ts';

const frame = { w: 1000, h: 800 };
const picture = fit({ w: 4000, h: 2000 }, frame);

it('fits the frame without changing the shape', () => {
  expect(picture).toEqual({ w: 1000, h: 500 });
  expect(fit({ w: 100, h: 400 }, frame)).toEqual({ w: 200, h: 800 });
});

describe('zooming', () => {
  it('keeps the point below the pointer', () => {
    const view = zoomAt(WHOLE, 4, 200, 100, picture, frame);
    expect((200 - view.x) / view.k).toBeCloseTo(200);
    expect((100 - view.y) / view.k).toBeCloseTo(100);
  });
  it('never goes below the whole photo or above the most', () => {
    expect(zoomAt(WHOLE, 0.1, 0, 0, picture, frame)).toEqual(WHOLE);
    expect(zoomAt(WHOLE, 1000, 0, 0, picture, frame).k).toBe(MOST);
  });
  it('does not let an edge into the frame', () => {
    expect(clamp({ k: 2, x: 9999, y: -9999 }, picture, frame)).toEqual({ k: 2, x: 500, y: -100 });
    expect(clamp({ k: 1, x: 50, y: 50 }, picture, frame)).toEqual(WHOLE);
  });
});

import { expect, test } from 'vitest';
import { clampZoom, clusters, coordinates, MAX_ZOOM, viewOf, zoomAt, type Place } from '../src/lib/places.ts';

const photo = (id: string, latitude: number, longitude: number): { id: string } & Place => ({ id, latitude, longitude });
const flat = ({ latitude, longitude }: Place): [number, number] => [longitude, -latitude];
const screen = { width: 400, height: 300 };

test('photos near each other share a pin, and every photo is in one', () => {
  const photos = [photo('a', -10, 10), photo('b', -12, 15), photo('c', -200, 300), photo('d', -210, 310)];
  expect(clusters(photos, flat, screen).map(({ key, photos: inside }) => [key, inside.map(({ id }) => id)])).toEqual([
    ['a', ['a', 'b']],
    ['c', ['c', 'd']],
  ]);
});

test('neighbours in two cells of the grid still share a pin', () => {
  expect(clusters([photo('a', -63, 63), photo('b', -65, 65)], flat, screen)).toHaveLength(1);
});

test('photos off the screen have no pin', () => {
  expect(clusters([photo('a', -1_000, 10)], flat, screen)).toEqual([]);
});

test('a place that the projection does not show is left out', () => {
  expect(clusters([photo('a', 0, 0)], () => null, screen)).toEqual([]);
});

test('the first view shows every place', () => {
  const places = [photo('a', 10, -20), photo('b', -10, 20)];
  const view = viewOf(places, flat, screen);
  for (const place of places) {
    const [x, y] = flat(place);
    expect(Math.abs(x * view.zoom + view.x)).toBeLessThan(screen.width / 2);
    expect(Math.abs(y * view.zoom + view.y)).toBeLessThan(screen.height / 2);
  }
});

test('one place is not zoomed to the end', () => {
  expect(viewOf([photo('a', 10, 10)], flat, screen).zoom).toBe(24);
});

test('the point under the pointer stays there', () => {
  const view = { zoom: 2, x: 30, y: -10 };
  const after = zoomAt(view, 3, 50, 40);
  expect((50 - view.x) / view.zoom).toBeCloseTo((50 - after.x) / after.zoom);
  expect(zoomAt(view, 1_000, 0, 0).zoom).toBe(MAX_ZOOM);
  expect(clampZoom(0.1)).toBe(1);
});

test('coordinates name the hemisphere', () => {
  expect(coordinates({ latitude: -33.86, longitude: 151.2 }, (value) => value.toFixed(2))).toBe('33.86° S, 151.20° E');
});

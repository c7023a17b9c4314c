/** Groups photos that are close to each other on the screen, and finds a view that shows them all. */

export interface Place {
  latitude: number;
  longitude: number;
}

/** The view of the map: zoom factor, and the offset of the projection in pixels. */
export interface View {
  zoom: number;
  x: number;
  y: number;
}

export interface Cluster<T> {
  /** Stays the same as long as the same photo leads the group. */
  key: string;
  x: number;
  y: number;
  photos: T[];
}

export const MIN_ZOOM = 1;
/** Farther in, the coast lines of 1:50 million are too coarse to say anything. */
export const MAX_ZOOM = 120;

/** Groups photos that are less than `size` pixels from the first photo of a group, which gives the group its place. Photos outside the screen and its margin are left out. */
export function clusters<T extends { id: string } & Place>(
  photos: readonly T[],
  project: (place: Place) => readonly [number, number] | null,
  { width, height, size = 64, margin = 40 }: { width: number; height: number; size?: number; margin?: number },
): Cluster<T>[] {
  const groups: Cluster<T>[] = [];
  const cells = new Map<string, Cluster<T>[]>();
  for (const photo of photos) {
    const point = project(photo);
    if (!point) continue;
    const [x, y] = point;
    if (x < -margin || y < -margin || x > width + margin || y > height + margin) continue;
    const [column, row] = [Math.floor(x / size), Math.floor(y / size)];
    const near = [-1, 0, 1].flatMap((dx) => [-1, 0, 1].flatMap((dy) => cells.get(`${column + dx},${row + dy}`) ?? []));
    // Against the first photo of a group, so that groups do not creep over the map.
    const group = near.find((one) => Math.hypot(one.x - x, one.y - y) < size);
    if (group) group.photos.push(photo);
    else {
      const made = { key: photo.id, x, y, photos: [photo] };
      groups.push(made);
      const cell = `${column},${row}`;
      cells.set(cell, [...(cells.get(cell) ?? []), made]);
    }
  }
  return groups;
}

/** The view that shows all places, with some room around them. `unit` projects at zoom 1 without an offset, relative to the centre. */
export function viewOf(places: readonly Place[], unit: (place: Place) => readonly [number, number] | null, { width, height }: { width: number; height: number }): View {
  const points = places.map(unit).filter((point) => point !== null);
  if (points.length === 0) return { zoom: 1, x: 0, y: 0 };
  const [left, right] = [Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x))];
  const [top, bottom] = [Math.min(...points.map(([, y]) => y)), Math.max(...points.map(([, y]) => y))];
  const room = Math.min(width, height) * 0.18;
  const fit = Math.min((width - 2 * room) / Math.max(right - left, 1e-6), (height - 2 * room) / Math.max(bottom - top, 1e-6));
  const zoom = clampZoom(Math.min(fit, 24));
  return { zoom, x: -((left + right) / 2) * zoom, y: -((top + bottom) / 2) * zoom };
}

export function clampZoom(zoom: number): number {
  return Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, zoom));
}

/** Zooms by a factor so that the point (relative to the centre) stays where it is. */
export function zoomAt(view: View, factor: number, x: number, y: number): View {
  const zoom = clampZoom(view.zoom * factor);
  const real = zoom / view.zoom;
  return { zoom, x: x - (x - view.x) * real, y: y - (y - view.y) * real };
}

/** `52.52° N, 13.40° E` in the reader's number format. */
export function coordinates({ latitude, longitude }: Place, number: (value: number) => string): string {
  return `${number(Math.abs(latitude))}° ${latitude < 0 ? 'S' : 'N'}, ${number(Math.abs(longitude))}° ${longitude < 0 ? 'W' : 'E'}`;
}

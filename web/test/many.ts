// Makes photos: any number of them, the same for the same number, with shapes and times as a library has them.
import type { ImageSummary } from '../src/lib/api.ts';

const shapes: [number, number][] = [[4032, 3024], [3024, 4032], [6000, 4000], [4000, 6000], [1080, 1080], [3840, 2160], [8000, 2400], [1200, 5000]];

export function photo(index: number, of: number, newest = Date.UTC(2026, 10, 26)): ImageSummary {
  // Five years, newest first; a cheap generator instead of a random one.
  const [width, height] = shapes[(index * 2654435761) % shapes.length] ?? [4, 3];
  return {
    imageId: `photo-${index}`,
    name: `IMG_${index}.jpg`,
    title: null,
    uploadedAt: new Date(newest - index * ((5 * 365 * 86_400_000) / of)).toISOString(),
    status: 'COMPLETED',
    statusReason: null,
    reviewStatus: 'NONE',
    verdict: 'CLEAR',
    withheld: false,
    width,
    height,
    thumbhash: null,
    topLabels: [],
    faceCount: 0,
    textLineCount: 0,
    position: null,
    thumbnail: null,
    thumbnailLarge: null,
    why: [],
  };
}

export const many = (count: number): ImageSummary[] => Array.from({ length: count }, (_, index) => photo(index, count));

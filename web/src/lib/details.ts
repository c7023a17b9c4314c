// A cache of the records of photos that were opened recently, and of their neighbours: stepping through a list shows them at once.
import { getImage, type Image as Photo, type ImageSummary } from './api.ts';
import { results } from './results.svelte.ts';
import { timeline } from './timeline.svelte.ts';

const KEEP = 40;
const cache = new Map<string, Photo>();
const loading = new Map<string, Promise<Photo>>();

export const cached = (id: string): Photo | undefined => cache.get(id);

/** Takes over a newer record: here, and in the lists that show the photo. */
export function put(image: Photo): void {
  cache.delete(image.imageId);
  cache.set(image.imageId, image);
  for (const oldest of cache.keys()) {
    if (cache.size <= KEEP) break;
    cache.delete(oldest);
  }
  timeline.update([image]);
}

export function load(id: string): Promise<Photo> {
  let call = loading.get(id);
  if (!call) {
    call = getImage(id)
      .then((image) => {
        put(image);
        return image;
      })
      .finally(() => loading.delete(id));
    loading.set(id, call);
  }
  return call;
}

/** Loads a neighbour ahead: its record and its picture. */
export async function prefetch(id: string): Promise<void> {
  try {
    const image = cache.get(id) ?? (await load(id));
    if (image.copy) new Image().src = image.copy;
  } catch {
    // It is loaded again when it is opened, and the failure is shown then.
  }
}

export const drop = (ids: ReadonlySet<string>): void => ids.forEach((id) => cache.delete(id));

/** What the lists know about a photo, until its record is here. */
export const summary = (id: string): ImageSummary | undefined =>
  cache.get(id) ?? timeline.photos.find(({ imageId }) => imageId === id) ?? results.images.find(({ imageId }) => imageId === id);

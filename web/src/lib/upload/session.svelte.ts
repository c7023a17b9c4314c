// The upload queue of the page. This file is small and always loaded; it loads the queue itself (with Uppy) when files are uploaded.
import { answer, client, getMe, listImages, trouble, type Trouble } from '../api.ts';
import { auth } from '../auth.svelte.ts';
import { loadChunk } from '../chunk.ts';
import { go } from '../router.svelte.ts';
import type { Gathered } from './gather.ts';
import type { Limits } from './files.ts';
import type { UploadApi, Uploader } from './uploader.svelte.ts';

/** Set while something is being sent, so that the queue continues after a reload on any view. */
const BUSY = 'uploading';

export const uploads: { queue: Uploader | null; limits: Limits | null; trouble: Trouble | null } = $state({ queue: null, limits: null, trouble: null });

let waiting: Gathered[] = [];
let opening: Promise<void> | undefined;

const api: UploadApi = {
  links: async (files) => (await answer(client.POST('/api/uploads', { body: { files } }))).files,
  images: async (ids) => (await listImages({ ids: ids.join(',') })).images,
};

/** Loads the queue, and gives it what was dropped in the meantime. */
export function open(): Promise<void> {
  opening ??= load().finally(() => (opening = undefined));
  return opening;
}

async function load(): Promise<void> {
  uploads.trouble = null;
  try {
    if (!uploads.queue) {
      const [me, { Uploader }] = await Promise.all([getMe(), loadChunk(() => import('./uploader.svelte.ts'))]);
      uploads.limits = me.limits;
      uploads.queue = new Uploader(api, me.limits, auth.sub ?? me.sub);
    }
    uploads.queue.add(waiting.splice(0));
  } catch (error) {
    uploads.trouble = trouble(error);
  }
}

/** Takes files from anywhere in the page, and shows the view Upload. */
export function offer(files: readonly Gathered[]): void {
  if (files.length === 0) return;
  waiting.push(...files);
  go('/upload');
  void open();
}

/** Goes on with what a reload interrupted, whatever view is shown. */
export function resume(): void {
  if (!uploads.queue && sessionStorage.getItem(BUSY)) void open();
}

export function remember(busy: boolean): void {
  if (busy) sessionStorage.setItem(BUSY, '1');
  else sessionStorage.removeItem(BUSY);
}

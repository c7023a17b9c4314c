// Downloads of originals: each by its own link, which S3 answers as an attachment, so that the page stays.
import { getImage } from './api.ts';

/** Clicks on a link to the file. Without a name, the file keeps the one that its server gives it. */
function save(url: string, name = ''): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.rel = 'noopener';
  document.body.append(link);
  link.click();
  link.remove();
}

/** Starts the download of each photo; returns how many started and how many could not. */
export async function downloadAll(ids: readonly string[], progress?: (done: number) => void): Promise<{ started: number; missed: number }> {
  let started = 0;
  let missed = 0;
  for (const id of ids) {
    try {
      const { original } = await getImage(id);
      if (original) {
        save(original);
        started += 1;
        // Browsers drop downloads that start in the same moment.
        if (ids.length > 1) await new Promise((done) => setTimeout(done, 400));
      } else missed += 1;
    } catch {
      missed += 1;
    }
    progress?.(started + missed);
  }
  return { started, missed };
}

/** Offers a text as a file. */
export function saveText(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  save(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// Load: one person uploads 200 photos at once through the page and its API, while another one searches.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { card, choose, person, problemsOf, signIn } from './people.ts';
import { ROOT } from './stack.ts';

const PHOTOS = 200;
const COFFEE = readFileSync(join(ROOT, 'samples', 'coffee.jpg'));

/** The sample as a file of its own: a JPEG comment (marker FF FE, two bytes of length, text) after the first marker changes its SHA-256. */
function coffee(number: number): { name: string; mimeType: string; buffer: Buffer } {
  const text = Buffer.from(`photo ${number}`);
  const head = Buffer.from([0xff, 0xfe, 0, text.length + 2]);
  return { name: `coffee-${number}.jpg`, mimeType: 'image/jpeg', buffer: Buffer.concat([COFFEE.subarray(0, 2), head, text, COFFEE.subarray(2)]) };
}

test(`una uploads ${PHOTOS} photos and all are done, while sam searches and finds only his own`, async ({ browser }) => {
  test.setTimeout(15 * 60_000);
  const [una, sam] = [await browser.newPage(), await browser.newPage()];
  const problems = [una, sam].map(problemsOf);
  await signIn(sam, await person('sam'));
  await sam.goto('/upload');
  await choose(sam, coffee(0));
  await expect(card(sam, 'coffee-0.jpg')).toContainText('Done', { timeout: 120_000 });

  await signIn(una, await person('una'));
  await una.goto('/upload');
  await choose(una, Array.from({ length: PHOTOS }, (_, number) => coffee(number + 1)));
  const progress = una.getByRole('region', { name: 'Progress of all files' });
  const done = progress.getByRole('heading', { name: `${PHOTOS} photos are done` });

  const field = sam.getByRole('combobox', { name: 'Search photos' });
  while (!(await done.isVisible())) {
    for (const term of ['cup', 'coffee']) {
      await field.fill(term);
      await field.press('Enter');
      await expect(sam).toHaveURL(`/search?q=${term}`);
      await expect(sam.getByRole('link', { name: /coffee-\d+\.jpg/ })).toHaveAccessibleName(/^coffee-0\.jpg/);
      await sam.waitForTimeout(1_000);
    }
  }
  expect(problems.flat()).toEqual([]);

  await una.goto('/search?q=cup');
  await expect(una.getByRole('link', { name: /coffee-\d+\.jpg/ }).first()).toBeVisible();
});

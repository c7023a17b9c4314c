// Load: one person uploads 200 photos at once through the page and its API, while another one searches.
import { expect, test } from '@playwright/test';
import { card, choose, person, problemsOf, signIn } from './people.ts';
import { copyOf } from './photos.ts';

const PHOTOS = 200;
const coffee = (number: number) => copyOf('coffee.jpg', `coffee-${number}.jpg`);

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

  // The grid has loaded only the first hundred.
  await una.goto('/');
  await una.getByRole('button', { name: /^Select all photos of/ }).click();
  await expect(una.getByText(`${PHOTOS} selected`)).toBeVisible();
});

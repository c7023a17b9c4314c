// Every view, light and dark, wide and narrow: nothing that WCAG 2.2 AA calls serious, and, with SIGHTLINE_SCREENSHOTS=FOLDER, a picture of each.
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { card, choose, person, problemsOf, signIn } from './people.ts';
import { sample } from './photos.ts';
import { callNextPhotoExplicit } from './stack.ts';

test.describe.configure({ mode: 'serial' });

const SCREENSHOTS = process.env['SIGHTLINE_SCREENSHOTS'];
const PHOTOS = ['camera-operator.jpg', 'coffee.jpg', 'hopper-rotated.jpg', 'printed-page.png', 'rocket.jpg'];

let context: BrowserContext;
let page: Page;
let problems: string[];
const addresses = new Map<string, string>();

test.beforeAll(async ({ browser }) => {
  test.setTimeout(300_000);
  // Somebody else's photo waits for the review.
  const other = await browser.newContext();
  const theirs = await other.newPage();
  await signIn(theirs, await person('other'));
  await theirs.goto('/upload');
  await callNextPhotoExplicit();
  await choose(theirs, sample('astronaut.jpg'));
  await expect(card(theirs, 'astronaut.jpg')).toContainText('Waiting for review', { timeout: 120_000 });
  await other.close();

  context = await browser.newContext();
  page = await context.newPage();
  problems = problemsOf(page);
  await signIn(page, await person('vera', ['reviewers', 'operators']));
  await page.goto('/upload');
  await choose(page, [...PHOTOS, 'cat.webp', 'cut-off.jpg', 'CREDITS.md'].map(sample));
  for (const name of PHOTOS) await expect(card(page, name)).toContainText('Done', { timeout: 180_000 });
  await expect(card(page, 'cut-off.jpg')).toContainText('damaged', { timeout: 120_000 });
  addresses.set('photo', (await card(page, 'hopper-rotated.jpg').getByRole('link').first().getAttribute('href')) ?? '');
  await page.goto('/executions');
  const first = page.getByRole('link', { name: 'hopper-rotated.jpg' }).first();
  addresses.set('execution', (await first.getAttribute('href')) ?? '');
});

test.afterAll(async () => {
  await context.close();
  expect(problems).toEqual([]);
});

/** The views, with what shows that each is complete. */
const VIEWS: Record<string, { path: string; ready: (page: Page) => Promise<void> }> = {
  photos: { path: '/', ready: (p) => expect(p.getByRole('link', { name: /coffee\.jpg/ })).toBeVisible() },
  search: { path: '/search?q=person', ready: (p) => expect(p.getByRole('list', { name: 'Why it was found' }).first()).toBeVisible() },
  photo: { path: 'photo', ready: (p) => expect(p.getByRole('dialog').getByText('What is in it')).toBeVisible() },
  upload: { path: '/upload', ready: (p) => expect(p.getByText('Choose photos').first()).toBeVisible() },
  review: { path: '/review', ready: (p) => expect(p.getByRole('button', { name: /Show photo/ })).toBeVisible() },
  trends: { path: '/trends', ready: (p) => expect(p.getByRole('heading', { name: 'What the photos show' })).toBeVisible() },
  map: { path: '/map', ready: (p) => expect(p.getByRole('heading').last()).toBeVisible() },
  executions: { path: '/executions', ready: (p) => expect(p.getByRole('link', { name: 'coffee.jpg' }).first()).toBeVisible() },
  execution: { path: 'execution', ready: (p) => expect(p.getByRole('group', { name: 'State machine image-analysis' })).toBeVisible() },
  settings: { path: '/settings', ready: (p) => expect(p.getByRole('button', { name: 'Sign out', exact: true })).toBeVisible() },
};

const WIDTHS = { 1280: 800, 360: 740 };

for (const [name, { path, ready }] of Object.entries(VIEWS)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`${name} has nothing serious against people who cannot see or use a mouse well: ${colorScheme}`, async () => {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.goto(addresses.get(path) ?? path);
      await ready(page);
      await pictures(page);
      const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      expect(serious.map(({ id, nodes }) => [id, nodes.map(({ target }) => target.join(' ')).slice(0, 3)])).toEqual([]);
    });
  }

  test(`${name} fits a window of 360 px`, async () => {
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    for (const [width, height] of Object.entries(WIDTHS)) {
      await page.setViewportSize({ width: Number(width), height });
      await page.goto(addresses.get(path) ?? path);
      await ready(page);
      await pictures(page);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `pixels wider than ${width}`).toBeLessThanOrEqual(0);
      if (SCREENSHOTS) await page.screenshot({ path: join(SCREENSHOTS, `${name}-${width}.jpg`), type: 'jpeg', quality: 82 });
    }
    if (SCREENSHOTS && name === 'photos') {
      await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
      await page.setViewportSize({ width: 1280, height: 800 });
      await page.screenshot({ path: join(SCREENSHOTS, `${name}-dark-1280.jpg`), type: 'jpeg', quality: 82 });
    }
  });
}

/** Waits until the pictures of the page are drawn. */
async function pictures(of: Page): Promise<void> {
  await of.waitForLoadState('networkidle');
  await of.waitForFunction(() => [...document.images].every((image) => image.complete));
}

test('sign-in shows what the page is', async ({ browser }) => {
  const fresh = await browser.newContext();
  const start = await fresh.newPage();
  for (const [width, height] of Object.entries(WIDTHS)) {
    await start.setViewportSize({ width: Number(width), height });
    await start.goto('/');
    await expect(start.getByRole('button', { name: 'Sign in' })).toBeVisible();
    if (SCREENSHOTS) await start.screenshot({ path: join(SCREENSHOTS, `sign-in-${width}.jpg`), type: 'jpeg', quality: 82 });
  }
  const { violations } = await new AxeBuilder({ page: start }).analyze();
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id }) => id)).toEqual([]);
  await fresh.close();
});

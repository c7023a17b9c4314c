// What people do with the page, from the first sign-in to the erasure of a photo. The tests of a group depend on each other, in this order.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, type BrowserContext, type Page } from '@playwright/test';
import { card, choose, person, problemsOf, signIn, type Person } from './people.ts';
import { copyOf, sample } from './photos.ts';
import { callNextPhotoExplicit, REKOGNITION, ROOT } from './stack.ts';

test.describe.configure({ mode: 'serial' });

let ann: Person;
let context: BrowserContext;
let page: Page;
let problems: string[];

test.beforeAll(async ({ browser }) => {
  ann = await person('ann');
  context = await browser.newContext();
  page = await context.newPage();
  problems = problemsOf(page);
});

test.afterAll(async () => {
  await context.close();
  expect(problems).toEqual([]);
});

test('somebody without an account sees only the way to sign in', async ({ page: stranger }) => {
  await stranger.goto('/photos/0f6b3c1e-0000-5000-8000-000000000000');
  await expect(stranger.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await expect(stranger.getByRole('navigation', { name: 'Pages' })).toHaveCount(0);
});

test('ann signs in, and is still signed in after a reload', async () => {
  await signIn(page, ann);
  await expect(page.getByRole('heading', { name: 'Add your first photos' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Add your first photos' })).toBeVisible();
});

test('ann uploads three files, reloads in the middle, and sees them finish', async () => {
  await page.getByRole('link', { name: 'Upload', exact: true }).click();
  // No file arrives before the reload.
  let isHeld = true;
  await page.route('**/raw-uploads/**', (route) => (isHeld ? undefined : route.continue()));
  await choose(page, [sample('coffee.jpg'), sample('camera-operator.jpg'), sample('CREDITS.md')]);
  await expect(card(page, 'CREDITS.md')).toContainText('this is not a photo');
  await expect(card(page, 'coffee.jpg')).toContainText(/Waiting to be sent|Sending/);
  // The queue writes itself to the browser's storage twice a second.
  await page.waitForTimeout(3_000);
  isHeld = false;
  await page.reload();
  for (const name of ['coffee.jpg', 'camera-operator.jpg']) {
    await expect(card(page, name)).toContainText('Done', { timeout: 120_000 });
    await expect(card(page, name).getByRole('link', { name })).toBeVisible();
  }
});

// Injected: S3 refuses the first upload, as it does when a link has expired.
// Seen: the reason beside the file; "Try again" asks for a new link, and the photo is done.
test('row 06: ann sends a photo again whose link had expired', async () => {
  let links = 0;
  let isRefused = true;
  await page.route('**/raw-uploads/**', (route) => (isRefused ? route.fulfill({ status: 403, body: '<Error><Code>AccessDenied</Code></Error>' }) : route.continue()));
  await page.route('**/api/uploads', (route) => {
    links += 1;
    return route.continue();
  });
  await choose(page, copyOf('camera-operator.jpg', 'late.jpg'));
  const refused = card(page, 'late.jpg');
  await refused.getByRole('button', { name: /again/i }).waitFor();
  isRefused = false;
  const before = links;
  await refused.getByRole('button', { name: /again/i }).click();
  await expect(refused).toContainText('Done', { timeout: 120_000 });
  expect(links).toBe(before + 1);
  await page.reload();
  await expect(refused).toContainText('Done');
  await expect(refused).toHaveCount(1);
  await page.unrouteAll();
});

// Chromium decodes AVIF; Safari decodes HEIC in the same way.
test('ann uploads a photo in a format of phones, which is converted before it is sent', async () => {
  await choose(page, join(ROOT, 'tests/pictures/phone.avif'));
  const converted = card(page, 'phone.jpg');
  await expect(converted).toContainText('Converted from AVIF to JPEG');
  await expect(converted).toContainText('Done', { timeout: 120_000 });
});

test('ann uploads a photo again, and is told that it is known', async () => {
  await page.goto('/upload');
  await choose(page, { name: 'again.jpg', mimeType: 'image/jpeg', buffer: readFileSync(sample('coffee.jpg')) });
  await expect(card(page, 'again.jpg')).toContainText(/Already analysed|already in this list/);
});

test('ann searches for a cup, and sees why the photo was found', async () => {
  await page.goto('/');
  await expect(page.getByRole('link', { name: /coffee\.jpg/ })).toBeVisible();
  await page.keyboard.press('/');
  const field = page.getByRole('combobox', { name: 'Search photos' });
  await expect(field).toBeFocused();
  await field.fill('cup');
  await field.press('Enter');
  await expect(page).toHaveURL(/\/search\?q=cup/);
  await expect(page.getByRole('link', { name: /coffee\.jpg/ })).toBeVisible();
  await expect(page.getByRole('list', { name: 'Why it was found' })).toContainText(/cup/i);
  await field.fill('submarine');
  await field.press('Enter');
  await expect(page.getByRole('heading', { name: /Nothing found/ })).toBeVisible();
});

let photo: string;

test('ann opens the photo and corrects a label', async () => {
  await page.goto('/search?q=cup');
  await page.getByRole('link', { name: /coffee\.jpg/ }).click();
  const dialog = page.getByRole('dialog', { name: /coffee\.jpg/ });
  await expect(dialog).toBeVisible();
  photo = new URL(page.url()).pathname;
  if (!(await dialog.getByRole('complementary').isVisible())) await dialog.getByRole('button', { name: 'Details' }).click();
  await dialog.getByRole('button', { name: 'Add a label' }).click();
  await dialog.getByRole('textbox', { name: 'Add a label' }).fill('Flat white');
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(dialog.getByRole('button', { name: 'Remove the label Flat white' })).toBeVisible();
  await dialog.getByRole('button', { name: /Remove the label espresso/i }).click();
  await expect(dialog.getByRole('button', { name: /Show the label espresso again/i })).toBeVisible();
  await page.goto('/search?q=flat%20white');
  await expect(page.getByRole('link', { name: /coffee\.jpg/ })).toBeVisible();
});

test('a stranger finds and opens none of it', async ({ browser }) => {
  const stranger = await person('stranger');
  const other = await browser.newContext();
  const view = await other.newPage();
  await signIn(view, stranger);
  await expect(view.getByRole('heading', { name: 'Add your first photos' })).toBeVisible();
  await view.goto('/search?q=cup');
  await expect(view.getByRole('heading', { name: /Nothing found/ })).toBeVisible();
  await view.goto(photo);
  await expect(view.getByText('This photo is not here')).toBeVisible();
  await expect(view.getByRole('link', { name: 'Review' })).toHaveCount(0);
  await expect(view.getByRole('link', { name: 'Executions' })).toHaveCount(0);
  await other.close();
});

test('olga decides a review of ann’s photo', async ({ browser }) => {
  await page.goto('/upload');
  await callNextPhotoExplicit();
  await choose(page, sample('astronaut.jpg'));
  await expect(card(page, 'astronaut.jpg')).toContainText('Waiting for review', { timeout: 120_000 });
  const olga = await person('olga', ['reviewers']);
  const other = await browser.newContext();
  const view = await other.newPage();
  await signIn(view, olga);
  await view.getByRole('link', { name: 'Review' }).click();
  // The newest review is the last one; earlier runs may have left others.
  await expect(view.getByRole('button', { name: /Show photo/ })).toBeVisible();
  const queue = view.getByRole('navigation', { name: 'Photos that wait for a decision' }).getByRole('button', { name: /^\d+: astronaut\.jpg/ });
  if (await queue.count()) await queue.last().click();
  await view.getByRole('button', { name: /Show photo/ }).click();
  await view.getByRole('button', { name: /Approve/ }).click();
  await expect(view.getByText(/Approved astronaut\.jpg/)).toBeVisible();
  // The decision is sent when the time to undo it is over, or when the view is left. The browser does not report a request that outlives
  // its view, so the owner's view shows that it arrived.
  await view.getByRole('link', { name: 'Photos', exact: true }).click();
  await expect(card(page, 'astronaut.jpg')).toContainText('Done', { timeout: 120_000 });
  await other.close();
});

test('an operator redrives a failed execution of ann’s photo', async ({ browser, request }) => {
  const fault = await request.post(`${REKOGNITION}/admin/faults`, { data: { operation: 'DetectModerationLabels', mode: 'access-denied' } });
  const { id } = (await fault.json()) as { id: number };
  try {
    await page.goto('/upload');
    await choose(page, sample('rocket.jpg'));
    await expect(card(page, 'rocket.jpg')).toContainText('An operator can run it again', { timeout: 120_000 });
  } finally {
    await request.delete(`${REKOGNITION}/admin/faults/${id}`);
  }
  const operator = await person('oscar', ['operators']);
  const other = await browser.newContext();
  const view = await other.newPage();
  await signIn(view, operator);
  await view.getByRole('link', { name: 'Executions' }).click();
  await view.getByRole('link', { name: 'rocket.jpg' }).first().click();
  await expect(view.getByRole('group', { name: 'State machine image-analysis' })).toBeVisible();
  await view.getByRole('button', { name: 'Redrive…' }).click();
  const dialog = view.getByRole('dialog', { name: /Redrive/ });
  await expect(dialog).toContainText(/would be started again/);
  await dialog.getByRole('button', { name: 'Redrive 1' }).click();
  await expect(dialog).toContainText(/was started again/);
  await other.close();
  await expect(card(page, 'rocket.jpg')).toContainText('Done', { timeout: 120_000 });
});

test('ann sees that a photo is inspected, before it is analysed', async ({ request }) => {
  // More calls than one invocation makes, so that the analysis takes a few seconds.
  await request.post(`${REKOGNITION}/admin/faults`, { data: { operation: 'DetectLabels', mode: 'throttle', times: 7 } });
  await page.goto('/upload');
  await choose(page, copyOf('rocket.jpg', 'slow.jpg'));
  await expect(card(page, 'slow.jpg')).toContainText('Analysing…');
  // The record names the picture a moment before it exists.
  let early = true;
  await page.route(/\/thumbnail/, (route) => (early ? route.fulfill({ status: 404 }) : route.continue()));
  const failed = page.waitForResponse((response) => response.status() === 404 && response.url().includes('/thumbnail'));
  await page.getByRole('link', { name: 'Photos', exact: true }).click();
  await failed;
  early = false;
  await expect(page.getByRole('link', { name: /^slow\.jpg/ }).locator('img')).toHaveClass(/in/);
  await page.unrouteAll();
  await page.goBack();
  await expect(card(page, 'slow.jpg')).toContainText('Done', { timeout: 120_000 });
});

test('ann erases a photo and gets a receipt', async () => {
  await page.goto(photo);
  const dialog = page.getByRole('dialog', { name: /coffee\.jpg/ });
  await dialog.getByRole('button', { name: 'Erase', exact: true }).click();
  const asked = page.getByRole('dialog', { name: 'Erase this photo?' });
  await asked.getByRole('button', { name: 'Erase photo' }).click();
  const receipt = page.getByRole('dialog', { name: 'The photo was erased' });
  await expect(receipt).toContainText('Versions of originals');
  await receipt.getByRole('button', { name: 'Done' }).click();
  await page.goto('/search?q=cup');
  await expect(page.getByRole('heading', { name: /Nothing found/ })).toBeVisible();
});

test('ann signs out, and the next one has to sign in', async () => {
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await page.reload();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.locator('#password')).toBeVisible();
});

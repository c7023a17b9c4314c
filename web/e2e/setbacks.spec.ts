// What users see when something goes wrong: a refused search, a lost connection, a session that ended. The tests do not depend on each other.
import { expect, test, type Locator, type Page } from '@playwright/test';
import { card, choose, person, problemsOf, signIn, type Person } from './people.ts';
import { copyOf, sample } from './photos.ts';

let bea: Person;
let problems: string[];

test.beforeAll(async () => {
  bea = await person('bea');
});

test.beforeEach(({ page }) => {
  problems = problemsOf(page);
});

test.afterEach(() => expect(problems).toEqual([]));

/** Counts the searches that a page sends. */
function countSearches(page: Page): () => number {
  let calls = 0;
  page.on('request', (request) => {
    if (SEARCH.test(request.url())) calls += 1;
  });
  return () => calls;
}

const SEARCH = /\/api\/images\?.*q=/;

/** An execution as the API lists it. */
const FAILED = {
  id: 'e1',
  status: 'FAILED',
  imageId: null,
  imageName: 'cup.jpg',
  error: 'Recognition.Unavailable',
  redrivable: true,
  why: null as string | null,
  startedAt: '2026-11-20T08:00:00Z',
  stoppedAt: '2026-11-20T08:01:07Z',
};

/** Makes the API list these executions. */
async function showExecutions(page: Page, executions: (typeof FAILED)[]): Promise<void> {
  await page.route(/\/api\/executions(\?|$)/, (route) => route.fulfill({ json: { executions, next: null } }));
}

/** Long enough for a page that asks again and again to be noticed. */
const A_WHILE = 1_500;

test('a search that the API refuses is sent once, and the page shows the sentence of the API', async ({ page }) => {
  await signIn(page, bea);
  const calls = countSearches(page);
  const answer = page.waitForResponse(SEARCH);
  await page.keyboard.press('/');
  await page.getByRole('combobox', { name: 'Search photos' }).fill('***');
  await page.keyboard.press('Enter');
  const { detail } = (await (await answer).json()) as { detail: string };
  await expect(page.getByRole('alert')).toContainText(detail);
  await page.waitForTimeout(A_WHILE);
  expect(calls()).toBe(1);
});

for (const status of [403, 429, 500, 503]) {
  test(`a search that fails with ${status} is sent once, until somebody tries again`, async ({ page }) => {
    await signIn(page, bea);
    await page.route(SEARCH, (route) => route.fulfill({ status, json: { title: 'Failed on purpose' } }));
    const calls = countSearches(page);
    await page.goto('/search?q=cup');
    await expect(page.getByRole('alert')).toContainText('Failed on purpose');
    await page.waitForTimeout(A_WHILE);
    expect(calls()).toBe(1);
    if (status === 403) return;
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByRole('heading', { name: /Nothing found/ })).toBeVisible();
    expect(calls()).toBe(2);
  });
}

test('what an operator has chosen stays chosen when the page renews its token', async ({ page }) => {
  // The page renews a token half a minute before its end.
  await page.route('**/oauth2/token', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...((await response.json()) as object), expires_in: 31 } });
  });
  await signIn(page, await person('oscar', ['operators']));
  await showExecutions(page, [FAILED]);
  await page.getByRole('link', { name: 'Executions' }).click();
  const box = page.getByRole('checkbox', { name: 'Choose cup.jpg' });
  await box.check();
  await page.waitForTimeout(1_100);
  const renewed = page.waitForResponse('**/oauth2/token');
  await page.getByRole('button', { name: 'Load again' }).click();
  await renewed;
  await page.waitForTimeout(500);
  await expect(box).toBeChecked();
});

test('a view that is first opened without a connection appears when the connection is back', async ({ page, context }) => {
  await signIn(page, bea);
  await context.setOffline(true);
  await page.getByRole('link', { name: 'Trends' }).click();
  await expect(page.getByRole('heading', { name: 'You are offline' })).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByRole('heading', { name: 'No trends yet' })).toBeVisible();
});

test('the first photo that is opened without a connection appears when the connection is back', async ({ page, context }) => {
  await signIn(page, bea);
  await page.goto('/upload');
  await choose(page, copyOf('coffee.jpg', 'first.jpg'));
  await expect(card(page, 'first.jpg')).toContainText('Done', { timeout: 120_000 });
  await page.goto('/');
  const photo = page.getByRole('link', { name: /^first\.jpg/ });
  await expect(photo).toBeVisible();
  await context.setOffline(true);
  await photo.click();
  await expect(page.getByRole('heading', { name: 'You are offline' })).toBeVisible();
  await page.goBack();
  await expect(photo).toBeVisible();
  await photo.click();
  await context.setOffline(false);
  await expect(page.getByRole('dialog', { name: /first\.jpg/ }).getByText('What is in it')).toBeVisible();
});

test('what does not load when a photo is selected is said in a message, which leads to a page that has it', async ({ page }) => {
  await signIn(page, bea);
  await page.goto('/upload');
  await choose(page, copyOf('coffee.jpg', 'selected.jpg'));
  await expect(card(page, 'selected.jpg')).toContainText('Done', { timeout: 120_000 });
  await page.goto('/');
  await page.route(/SelectionBar/, (route) => route.abort());
  const photo = page.getByRole('link', { name: /^selected\.jpg/ });
  const select = async () => {
    await photo.focus();
    await page.keyboard.press('x');
  };
  await select();
  await expect(page.getByText('A part of the page did not load')).toBeVisible();
  await page.unrouteAll();
  const old = await page.evaluateHandle(() => document);
  await page.getByRole('button', { name: 'Load the page again' }).click();
  await expect.poll(() => old.evaluate(() => true).catch(() => false)).toBe(false);
  await select();
  await expect(page.getByText('1 selected')).toBeVisible();
});

test('the upload page whose queue did not arrive works when the page is loaded again', async ({ page }) => {
  await signIn(page, bea);
  // The view is there; its queue is a file of its own.
  await page.route(/uploader/, (route) => route.abort());
  await page.getByRole('link', { name: 'Upload', exact: true }).click();
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('A part of the page did not load');
  await page.unrouteAll();
  await alert.getByRole('button', { name: 'Load the page again' }).click();
  await expect(page.getByText(/up to 15/)).toBeVisible();
});

test('a known file that is chosen without a connection is recognised when the connection is back', async ({ page, context }) => {
  await signIn(page, bea);
  await page.goto('/upload');
  await choose(page, copyOf('coffee.jpg', 'known.jpg'));
  await expect(card(page, 'known.jpg')).toContainText('Done', { timeout: 120_000 });
  await page.getByRole('button', { name: 'Clear finished' }).click();
  await context.setOffline(true);
  await choose(page, copyOf('coffee.jpg', 'known.jpg'));
  const again = card(page, 'known.jpg');
  await expect(again).toContainText(/no connection|Waiting/);
  await expect(page.getByText('The server does not answer.')).toBeVisible();
  await page.waitForTimeout(A_WHILE);
  await context.setOffline(false);
  await expect(again).toContainText('Already analysed');
  await page.waitForTimeout(A_WHILE);
  await expect(again).toContainText('Already analysed');
  await expect(page.getByText('The server does not answer.')).toHaveCount(0);
});

test('somebody who signs in from a link to a search arrives there, also at the second try', async ({ page }) => {
  await page.route('**/oauth2/token', (route) => route.abort());
  await page.goto('/search?q=cup');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('#username').fill(bea.email);
  await page.locator('#password').fill(bea.password);
  await page.locator('button[type=submit], input[type=submit], button').first().click();
  await expect(page.getByRole('heading', { name: 'Sign-in did not work' })).toBeVisible();
  await page.unrouteAll();
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { name: 'Results for “cup”' })).toBeVisible();
  await expect(page).toHaveURL(/\/search\?q=cup$/);
});

test('the panel of a rejected photo says why, what to do, and nothing about analyses that never were', async ({ page }) => {
  await signIn(page, bea);
  await page.goto('/upload');
  await choose(page, sample('cut-off.jpg'));
  await expect(card(page, 'cut-off.jpg')).toContainText('damaged', { timeout: 120_000 });
  await card(page, 'cut-off.jpg').getByRole('link').click();
  const panel = page.getByRole('complementary', { name: 'Details of the photo' });
  await expect(panel.getByRole('status')).toContainText('A part of the picture is missing or damaged.');
  await expect(panel.getByRole('status')).toContainText('In detail: the file is cut off');
  await expect(panel).toContainText('The photo was not analysed.');
  await expect(panel.getByRole('term').filter({ hasText: 'Rejected' })).toBeVisible();
  await expect(panel).not.toContainText(/No labels|not yet|Analyses|Analysed/);
});

test('the upload page shows size, sentence and labels of a file with a long name', async ({ page }) => {
  await signIn(page, bea);
  await page.goto('/upload');
  const names = ['a-photo-of-my-last-holidays-1.jpg', `${'very-long-'.repeat(23)}.jpg`];
  await choose(page, names.map((name) => copyOf('coffee.jpg', name)));
  for (const width of [360, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    for (const name of names) {
      await expect(card(page, name)).toContainText('Done', { timeout: 120_000 });
      const right = (of: Locator) => of.evaluate((element) => element.getBoundingClientRect().right);
      const edge = await right(card(page, name));
      expect(await right(card(page, name).getByText(/\d kB$/)), `size of ${name} at ${width} px`).toBeLessThan(edge);
      expect(await right(card(page, name).getByText('Done')), `sentence of ${name} at ${width} px`).toBeLessThan(edge);
    }
  }
});

test('the tables of executions do not break short words, and names of any length fit', async ({ page }) => {
  await signIn(page, await person('oscar', ['operators']));
  await showExecutions(page, [FAILED, { ...FAILED, id: 'e2', imageName: 'x'.repeat(240) }]);
  await page.getByRole('link', { name: 'Executions' }).click();
  for (const width of [1280, 800, 360]) {
    await page.setViewportSize({ width, height: 800 });
    const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'cup.jpg' }) });
    for (const text of ['1 min 7 s', 'Recognition.Unavailable']) {
      const height = await row.getByText(text).evaluate((cell) => {
        const words = document.createRange();
        words.selectNodeContents(cell);
        return words.getBoundingClientRect().height;
      });
      expect(height, `${text} on one line at ${width} px`).toBeLessThan(30);
    }
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), `pixels wider than ${width}`).toBeLessThanOrEqual(0);
  }
});

test('only executions that can be redriven can be chosen', async ({ page }) => {
  await signIn(page, await person('oscar', ['operators']));
  const held = { ...FAILED, id: 'e2', imageName: 'held.jpg', redrivable: false, why: 'Another execution holds its record: arn:aws:states:eu-west-1:000000000000:execution:image-analysis:e9' };
  await showExecutions(page, [FAILED, held]);
  await page.getByRole('link', { name: 'Executions' }).click();
  await expect(page.getByText('Cannot be redriven. Another execution holds its record: e9')).toBeVisible();
  await expect(page.getByRole('checkbox')).toHaveCount(2);
  await page.getByRole('checkbox', { name: 'Choose the one that can be redriven' }).check();
  await expect(page.getByRole('button', { name: 'Redrive 1…' })).toBeEnabled();
  await page.unrouteAll();
  await showExecutions(page, [held]);
  await page.getByRole('button', { name: 'Load again' }).click();
  await expect(page.getByRole('checkbox')).toHaveCount(0);
});

test('a change that comes second can be made again at once', async ({ page, context }) => {
  await signIn(page, bea);
  await page.goto('/upload');
  await choose(page, copyOf('coffee.jpg', 'shared.jpg'));
  await expect(card(page, 'shared.jpg')).toContainText('Done', { timeout: 120_000 });
  await card(page, 'shared.jpg').getByRole('link').click();
  const other = await context.newPage();
  await other.goto(page.url());
  const rename = async (tab: Page, title: string) => {
    await tab.getByRole('button', { name: 'Edit the title' }).click();
    await tab.getByRole('textbox', { name: 'Title' }).fill(title);
    await tab.getByRole('button', { name: 'Save' }).click();
  };
  await other.getByRole('button', { name: 'Edit the title' }).waitFor();
  await rename(page, 'Espresso');
  await expect(page.getByText('Saved')).toBeVisible();
  await rename(other, 'Ristretto');
  await expect(other.getByText('Its latest state is shown here now')).toBeVisible();
  await other.getByRole('button', { name: 'Save' }).click();
  await expect(other.getByText('Saved')).toBeVisible();
  await expect(other.getByRole('heading', { name: 'Ristretto' })).toBeVisible();
});

test('somebody who may not see a page is told so, and gets no controls of it', async ({ page }) => {
  await signIn(page, bea);
  for (const path of ['/executions', '/executions/e1', '/review']) {
    await page.goto(path);
    await expect(page.getByRole('heading', { name: 'Your account may not see this' })).toBeVisible();
    await expect(page.getByRole('main').getByRole('button')).toHaveCount(0);
    await expect(page.getByRole('main').getByRole('combobox')).toHaveCount(0);
  }
});

test('an execution that does not exist is not called one that did not load', async ({ page }) => {
  await signIn(page, await person('oscar', ['operators']));
  await page.goto('/executions/nope');
  await expect(page.getByRole('heading', { name: 'This is not here' })).toBeVisible();
});

test('signing out in one tab signs out the other ones', async ({ page, context }) => {
  await signIn(page, bea);
  const other = await context.newPage();
  await other.goto('/trends');
  await expect(other.getByRole('navigation', { name: 'Pages' })).toBeVisible();
  await page.goto('/settings');
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await expect(other.getByRole('button', { name: 'Sign in' })).toBeVisible();
  await expect(other.getByRole('navigation', { name: 'Pages' })).toHaveCount(0);
});

test('a photo that is not there has no details to open', async ({ page }) => {
  await signIn(page, bea);
  await page.goto('/photos/0f6b3c1e-0000-5000-8000-000000000000');
  await expect(page.getByRole('heading', { name: 'This photo is not here' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Details' })).toHaveCount(0);
});

test('what needs attention is read out once', async ({ page }) => {
  await signIn(page, bea);
  await page.goto('/upload');
  await choose(page, { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('notes') });
  await expect(page.getByRole('status').filter({ hasText: 'attention' })).toHaveText('1 file needs attention');
  await expect(card(page, 'notes.txt')).toContainText('5 bytes');
});

test('the shade behind a dialog covers the place of the scroll bar', async ({ page }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await signIn(page, bea);
  await page.goto('/settings');
  await expect(page.getByRole('heading', { name: 'Appearance' })).toBeVisible();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  const red = async (x: number) => {
    const png = await page.screenshot({ clip: { x, y: 700, width: 1, height: 1 } });
    return page.evaluate(async (bytes) => {
      const pen = new OffscreenCanvas(1, 1).getContext('2d')!;
      pen.drawImage(await createImageBitmap(new Blob([new Uint8Array(bytes)])), 0, 0);
      return pen.getImageData(0, 0, 1, 1).data[0]!;
    }, [...png]);
  };
  // One step of difference comes from rounding.
  expect(Math.abs((await red(1278)) - (await red(4)))).toBeLessThanOrEqual(1);
});

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { defineConfig } from '@playwright/test';
import { stack } from './stack.ts';

/** The browser of this machine: Playwright's own downloads are not used. */
function chromium(): string {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const candidates = (process.env['PATH'] ?? '').split(delimiter).flatMap((folder) => names.map((name) => join(folder, name)));
  const found = [process.env['SIGHTLINE_CHROMIUM'] ?? '', ...candidates].find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
  if (!found) throw new Error('Chromium is missing. Install it (`sudo apt-get install --no-install-recommends chromium`), or set SIGHTLINE_CHROMIUM to its path.');
  return found;
}

export default defineConfig({
  testDir: '.',
  outputDir: '../../.local/e2e',
  globalSetup: './setup.ts',
  // The local stack runs on the same few cores, and its queue of reviews belongs to all tests.
  workers: 1,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  forbidOnly: Boolean(process.env['CI']),
  reporter: [['list']],
  use: {
    baseURL: stack().address,
    viewport: { width: 1280, height: 800 },
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: chromium(),
      // Root, as in CI containers, has no sandbox.
      args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', '--disable-background-networking', '--no-first-run'],
    },
  },
});

// What the front door serves, without a browser: headers, deep links, the API's authorisation and signed pictures.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { ROOT } from './stack.ts';

test('every answer has the headers of web/headers.json', async ({ request }) => {
  const expected = JSON.parse(readFileSync(join(ROOT, 'web/headers.json'), 'utf8')) as Record<string, string>;
  for (const path of ['/', '/photos/some-id', '/config.json', '/nothing.js', '/api/me', '/media/processed/x/thumbnail.jpg']) {
    const headers = (await request.get(path)).headers();
    for (const [name, value] of Object.entries(expected)) {
      if (value.includes('${')) for (const part of value.split(/ ?\$\{\w+\} ?/)) expect(headers[name], `${name} of ${path}`).toContain(part.trim());
      else expect(headers[name], `${name} of ${path}`).toBe(value);
    }
  }
});

test('every view has the same HTML file, and a missing file is missing', async ({ request }) => {
  const index = await (await request.get('/')).text();
  expect(await (await request.get('/photos/some-id')).text()).toBe(index);
  for (const path of ['/assets/nothing.js', '/../package.json', '/%2e%2e/package.json', '/%00.js']) expect([400, 404], path).toContain((await request.get(path)).status());
});

test('the API needs an access token, and describes itself without one', async ({ request }) => {
  expect((await request.get('/api/me')).status()).toBe(401);
  expect((await request.get('/api/me', { headers: { authorization: 'Bearer forged' } })).status()).toBe(401);
  const document = await request.get('/api/openapi.json');
  expect(document.status()).toBe(200);
  expect(await document.json()).toEqual(JSON.parse(readFileSync(join(ROOT, 'web/openapi.json'), 'utf8')));
});

test('pictures need a signed link', async ({ request }) => {
  const later = Math.ceil(Date.now() / 1000) + 60;
  for (const path of ['/media/processed/x/thumbnail.jpg', `/media/processed/x/thumbnail.jpg?e=${later}&s=${'0'.repeat(64)}`, '/media/raw-uploads/a.jpg']) {
    expect((await request.get(path)).status(), path).toBe(403);
  }
});

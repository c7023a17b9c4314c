import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { repeat } from '../src/lib/repeat.ts';

const page = { hidden: false };

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', page);
  page.hidden = false;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('the first question is asked after a second, and a failed one again', async () => {
  const ask = vi.fn(() => Promise.reject(new Error('offline')));
  const stop = repeat(ask);
  await vi.advanceTimersByTimeAsync(999);
  expect(ask).toHaveBeenCalledTimes(0);
  await vi.advanceTimersByTimeAsync(1 + 1_400);
  expect(ask).toHaveBeenCalledTimes(2);
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ask).toHaveBeenCalledTimes(2);
});

test('nothing is asked while the page is hidden', async () => {
  const ask = vi.fn(() => Promise.resolve());
  page.hidden = true;
  const stop = repeat(ask);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ask).toHaveBeenCalledTimes(0);
  page.hidden = false;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(ask).toHaveBeenCalledTimes(1);
  stop();
});

test('stopping while an answer is awaited ends the questions', async () => {
  let answered = () => {};
  const ask = vi.fn(() => new Promise<void>((done) => (answered = done)));
  const stop = repeat(ask);
  await vi.advanceTimersByTimeAsync(1_000);
  stop();
  answered();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ask).toHaveBeenCalledTimes(1);
});

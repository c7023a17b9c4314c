import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Poll } from '../src/lib/upload/poll.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const start = (pending: () => string[], hidden = (): boolean => false): { asked: string[][]; failed: boolean[]; poll: Poll<string>; break: (on: boolean) => void } => {
  const asked: string[][] = [];
  const failed: boolean[] = [];
  let broken = false;
  const poll = new Poll<string>({
    pending,
    hidden,
    ask: (ids) => {
      asked.push(ids);
      return broken ? Promise.reject(new Error('offline')) : Promise.resolve(ids);
    },
    tell: () => undefined,
    failed: (now) => failed.push(now),
  });
  return { asked, failed, poll, break: (on) => (broken = on) };
};

test('the delay grows from one second to five', async () => {
  const { asked, poll } = start(() => ['a']);
  const times: number[] = [];
  poll.wake();
  for (let ms = 0; ms < 30_000; ms += 50) {
    const before = asked.length;
    await vi.advanceTimersByTimeAsync(50);
    if (asked.length > before) times.push(ms + 50);
  }
  const gaps = times.slice(1).map((time, at) => time - times[at]!);
  expect(times[0]).toBe(1_000);
  expect(gaps.every((gap, at) => at === 0 || gap >= gaps[at - 1]! - 50)).toBe(true);
  expect(gaps.at(-1)).toBe(5_000);
});

test('many ids take one call for each hundred', async () => {
  const { asked, poll } = start(() => Array.from({ length: 230 }, (_, at) => String(at)));
  poll.wake();
  await vi.advanceTimersByTimeAsync(1_100);
  expect(asked.map((ids) => ids.length)).toEqual([100, 100, 30]);
});

test('nothing is asked while the page is hidden, and soon after it is shown', async () => {
  let hidden = true;
  const { asked, poll } = start(() => ['a'], () => hidden);
  poll.wake();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual([]);
  hidden = false;
  poll.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toEqual([['a']]);
});

test('it stops when nothing is pending', async () => {
  let pending = ['a'];
  const { asked, poll } = start(() => pending);
  poll.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  pending = [];
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(1);
});

test('it continues after a failed call, and reports the failure at once', async () => {
  let pending = ['a'];
  const { asked, failed, poll, break: broken } = start(() => pending);
  broken(true);
  poll.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(failed).toEqual([true]);
  broken(false);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(asked).toHaveLength(2);
  expect(failed).toEqual([true, false]);
  broken(true);
  await vi.advanceTimersByTimeAsync(7_000);
  expect(failed.at(-1)).toBe(true);
  pending = [];
  await vi.advanceTimersByTimeAsync(5_000);
  expect(failed.at(-1)).toBe(false);
});

test('where only people can change something, it asks seldom', async () => {
  const asked: string[][] = [];
  const poll = new Poll<string>({ pending: () => ['a'], calm: () => true, ask: (ids) => (asked.push(ids), Promise.resolve([])), tell: () => undefined });
  poll.wake();
  await vi.advanceTimersByTimeAsync(1_000);
  await vi.advanceTimersByTimeAsync(14_000);
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(asked).toHaveLength(2);
});

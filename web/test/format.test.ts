import { describe, expect, it } from 'vitest';
import { formatAgo, formatBytes, formatDuration, monthEnd, monthOf, monthStart, words } from '../src/lib/format.ts';

describe('months', () => {
  it('begin and end in UTC', () => {
    expect(monthStart('2026-11').toISOString()).toBe('2026-11-01T00:00:00.000Z');
    expect(monthEnd('2026-12').toISOString()).toBe('2026-12-31T23:59:59.999Z');
    expect(monthOf('2026-11-24T09:41:07.123Z')).toBe('2026-11');
  });
});

it('writes sizes as the limits of the API are meant', () => {
  expect(formatBytes(15_728_640)).toMatch(/^15\s?MB$/);
  expect(formatBytes(1_300_000)).toMatch(/^1\.2\s?MB$/);
  expect(formatBytes(0)).toBe('0 bytes');
  expect(formatBytes(1)).toBe('1 byte');
  expect(formatBytes(69)).toBe('69 bytes');
});

it('writes times from now', () => {
  const now = Date.UTC(2026, 10, 24, 12);
  expect(formatAgo('2026-11-24T11:57:00.000Z', now)).toBe('3 minutes ago');
  expect(formatAgo('2026-11-24T14:00:00.000Z', now)).toBe('in 2 hours');
  expect(formatAgo('2026-12-01T11:59:58.000Z', now)).toBe('in 7 days');
  expect(formatAgo('2026-11-24T11:56:01.000Z', now)).toBe('3 minutes ago');
});

it('writes durations', () => {
  expect(formatDuration(830)).toBe('0.8 s');
  expect(formatDuration(185_000)).toBe('3 min 5 s');
  expect(formatDuration(7_440_000)).toBe('2 h 4 min');
});

it('turns codes into words', () => {
  expect(words('REVIEW_EXPIRED')).toBe('Review expired');
  expect(words('')).toBe('');
});

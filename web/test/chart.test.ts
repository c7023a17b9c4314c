import { describe, expect, test } from 'vitest';
import { area, bands, bar, daysOf, everyNth, labelSeries, line, linear, mondayOf, sortSeries, stack, ticks, wholeTicks } from '../src/lib/chart.ts';

describe('ticks', () => {
  test.each([
    [53, [0, 20, 40, 60]],
    [100, [0, 25, 50, 75, 100]],
    [0.0031, [0, 0.001, 0.002, 0.003, 0.004]],
    [0, [0, 1]],
  ])('of %d are round and cover it', (max, expected) => {
    expect(ticks(max)).toEqual(expected);
  });

  test.each([1, 2, 3, 7, 10, 11, 999])('of %d photos are whole', (max) => {
    const all = wholeTicks(max);
    expect(all.every(Number.isInteger)).toBe(true);
    expect(all.at(-1)).toBeGreaterThanOrEqual(max);
  });
});

test('a linear scale goes from end to end, and an empty domain does not divide by zero', () => {
  expect(linear([0, 10], [100, 0])(2.5)).toBe(75);
  expect(linear([3, 3], [0, 100])(3)).toBe(0);
});

test('bands share the range', () => {
  const { at, width, step } = bands(4, [0, 100], 0.2);
  expect([width, step, at(0), at(3)]).toEqual([20, 25, 2.5, 77.5]);
});

test('stacked parts touch', () => {
  expect(stack([[3, 0, 2]])).toEqual([[[0, 3], [3, 3], [3, 5]]]);
});

test('paths are short', () => {
  expect(line([[0, 1.04], [2.26, 3]])).toBe('M0,1L2.3,3');
  expect(area([[0, 1], [2, 3]], 9)).toBe('M0,1L2,3L2,9L0,9Z');
  expect(area([], 9)).toBe('');
  expect(bar(0, 0, 10, 1, 3)).toContain('V1');
});

test('the last label of an axis is always written', () => {
  expect(everyNth(14, 5)).toEqual([1, 4, 7, 10, 13]);
  expect(everyNth(3, 10)).toEqual([0, 1, 2]);
  expect(everyNth(0, 10)).toEqual([]);
});

describe('labels by week', () => {
  const weeks = [
    { week: '2026-W45', labels: [{ name: 'cat', count: 5 }] },
    { week: '2026-W46', labels: [{ name: 'cat', count: 1 }, { name: 'coffee', count: 2 }] },
    { week: '2026-W47', labels: [{ name: 'coffee', count: 4 }] },
  ];

  test('weeks without a label count as zero', () => {
    expect(labelSeries(weeks)).toEqual([
      { name: 'cat', counts: [5, 1, 0], total: 6, change: -5 },
      { name: 'coffee', counts: [0, 2, 4], total: 6, change: 4 },
    ]);
  });

  test('the movers are those that changed in that direction', () => {
    const names = (order: 'most' | 'rising' | 'falling'): string[] => sortSeries(labelSeries(weeks), order).map((one) => one.name);
    expect(names('rising')).toEqual(['coffee']);
    expect(names('falling')).toEqual(['cat']);
    expect(names('most')).toEqual(['cat', 'coffee']);
  });
});

test.each([
  ['2026-W01', '2025-12-29'],
  ['2026-W48', '2026-11-23'],
  ['2027-W01', '2027-01-04'],
])('%s begins on %s', (week, day) => {
  expect(mondayOf(week)?.toISOString().slice(0, 10)).toBe(day);
});

test('what is not a week has no Monday', () => {
  expect(mondayOf('2026-11')).toBeNull();
});

test('no day is left out up to today', () => {
  const days = daysOf([{ week: '2026-W47', labels: [] }, { week: '2026-W48', labels: [] }], new Date('2026-11-26T07:00:00Z'));
  expect([days.length, days[0], days.at(-1)]).toEqual([11, '2026-11-16', '2026-11-26']);
  expect(daysOf([], new Date())).toEqual([]);
});

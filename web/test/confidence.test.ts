import { describe, expect, it } from 'vitest';
import { band, whole } from '../src/lib/confidence.ts';

describe('bands', () => {
  it.each([[100, 'sure'], [90.01, 'sure'], [90, 'likely'], [70, 'likely'], [69.99, 'unsure'], [0, 'unsure']])('%d is %s', (value, expected) => {
    expect(band(value)).toBe(expected);
  });
});

it.each([[90.4, 91], [90, 90], [69.7, 69], [70.2, 70], [98.4, 98], [99.6, 100], [89.6, 90]])('%d shows as %d, in its own band', (value, expected) => {
  expect(whole(value)).toBe(expected);
  expect(band(whole(value))).toBe(band(value));
});

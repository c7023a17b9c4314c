import { describe, expect, it } from 'vitest';
import { badge, isRejected, nameOf, reasonText } from '../src/lib/status.ts';
import { photo } from './many.ts';

const plain = photo(0, 1);

describe('badges', () => {
  it('are for photos that need one', () => {
    expect(badge(plain)).toBeUndefined();
  });
  it('say why a photo was rejected', () => {
    expect(badge({ ...plain, status: 'FAILED', statusReason: 'TOO_SMALL' })?.text).toBe('Rejected: too small');
    expect(badge({ ...plain, status: 'FAILED', statusReason: 'A_NEW_REASON' })?.text).toBe('Rejected: A new reason');
  });
  it('do not blame the photo for an error of the system', () => {
    expect(badge({ ...plain, status: 'FAILED', statusReason: 'Recognition.Unavailable' })?.text).toBe('Failed');
  });
  it('call a failure without a reason a failure', () => {
    const failed = { ...plain, status: 'FAILED', statusReason: null } as const;
    expect(badge(failed)?.text).toBe('Failed');
    expect(isRejected(failed)).toBe(false);
  });
  it('say what a photo waits for', () => {
    expect(badge({ ...plain, status: 'PENDING' })?.text).toBe('Analysing');
    expect(badge({ ...plain, status: 'PENDING', reviewStatus: 'PENDING', withheld: true })?.text).toBe('Waiting for review');
    expect(badge({ ...plain, withheld: true })?.text).toBe('Withheld');
  });
});

it('names a photo by its title before its file', () => {
  expect(nameOf({ title: 'Beach', name: 'IMG_1.jpg' })).toBe('Beach');
  expect(nameOf({ title: null, name: 'IMG_1.jpg' })).toBe('IMG_1.jpg');
  expect(nameOf({ title: null, name: null })).not.toBe('');
});
it('has words for codes that it does not know', () => {
  expect(reasonText('TOO_NARROW')).toBe('too narrow');
});

import { describe, expect, it } from 'vitest';
import { groupsOf } from '../src/lib/auth.svelte.ts';
import { address } from '../src/lib/client.ts';
import { merge } from '../src/lib/timeline.svelte.ts';
import { many } from './many.ts';

describe('addresses of calls', () => {
  it('escape ids', () => {
    expect(address('/api/images/{id}', { path: { id: 'a/b?c' } })).toBe('/api/images/a%2Fb%3Fc');
  });
  it('leave out what is not asked for', () => {
    expect(address('/api/images', { query: { q: 'red car', limit: 50, cursor: undefined, hasFaces: true } })).toBe('/api/images?q=red+car&limit=50&hasFaces=true');
  });
});

it('reads groups as a list and as the text of an HTTP API', () => {
  expect(groupsOf(['reviewers'])).toEqual(['reviewers']);
  expect(groupsOf('[reviewers operators]')).toEqual(['reviewers', 'operators']);
  expect(groupsOf(undefined)).toEqual([]);
});

it('merges pages of photos without doubles, newest first', () => {
  const photos = many(10);
  const changed = photos.slice(3, 6).map((photo) => ({ ...photo, title: 'new' }));
  const merged = merge(photos.slice(0, 5), [...changed, ...photos.slice(6)]);
  expect(merged.map(({ imageId }) => imageId)).toEqual(photos.map(({ imageId }) => imageId));
  expect(merged[3]?.title).toBe('new');
});

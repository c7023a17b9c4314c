import { beforeEach, expect, it } from 'vitest';
import { Selection } from '../src/lib/selection.svelte.ts';

const all = ['a', 'b', 'c', 'd', 'e'];
let selection: Selection;
beforeEach(() => (selection = new Selection()));

it('toggles one photo', () => {
  selection.toggle('b');
  expect([...selection.ids]).toEqual(['b']);
  selection.toggle('b');
  expect(selection.count).toBe(0);
});
it('extends from the last toggled photo, in both directions', () => {
  selection.toggle('d');
  selection.extend('b', all);
  expect([...selection.ids].sort()).toEqual(['b', 'c', 'd']);
  selection.extend('e', all);
  expect([...selection.ids].sort()).toEqual(['b', 'c', 'd', 'e']);
});
it('selects one photo when there is nothing to extend from', () => {
  selection.extend('c', all);
  expect([...selection.ids]).toEqual(['c']);
});
it('takes all of a month, or gives them back', () => {
  selection.toggleAll(['a', 'b']);
  expect(selection.count).toBe(2);
  selection.toggleAll(['a', 'b']);
  expect(selection.count).toBe(0);
});
it('forgets photos that were erased', () => {
  selection.toggleAll(all);
  selection.remove(['a', 'e']);
  expect([...selection.ids]).toEqual(['b', 'c', 'd']);
});

import { describe, expect, it } from 'vitest';
import { parse, path, type Route } from '../src/lib/router.svelte.ts';

describe('routes', () => {
  const routes: Route[] = [
    { name: 'photos' },
    { name: 'search' },
    { name: 'photo', id: '5f0c1b9e-3a57-5d0c-9b1d-2f6a7c8e9d10' },
    { name: 'upload' },
    { name: 'review' },
    { name: 'trends' },
    { name: 'map' },
    { name: 'executions' },
    { name: 'execution', id: 'a b/c%' },
    { name: 'settings' },
  ];
  it.each(routes)('$name has a path that leads back to it', (route) => {
    expect(parse(path(route))).toEqual(route);
  });
  it.each(['/nowhere', '/photos/', '/photos/a/b', '/photos/%E0%A4%A', '//', '/search/x'])('%s is lost or a list', (text) => {
    expect(['lost', 'photos']).toContain(parse(text).name);
  });
  it('does not mind a slash at the end', () => {
    expect(parse('/search/')).toEqual({ name: 'search' });
  });
});

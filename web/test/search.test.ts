import { describe, expect, it } from 'vitest';
import { complete, filterCount, lastWord, readSearch, toQuery } from '../src/lib/search.ts';

const read = (text: string) => readSearch(new URLSearchParams(text));

describe('the address of a search', () => {
  it('holds words and filters', () => {
    expect(read('q=red+car&minConfidence=70&status=COMPLETED&from=2026-11-01&to=2026-11-24&hasFaces=true')).toEqual({
      q: 'red car',
      minConfidence: '70',
      status: 'COMPLETED',
      from: '2026-11-01',
      to: '2026-11-24',
      hasFaces: true,
      hasText: false,
    });
  });
  it('drops values that no filter has', () => {
    const search = read('q=%20cat%20&minConfidence=900&status=DONE&from=yesterday&to=2026-99-99&hasFaces=1');
    expect(search).toEqual({ q: 'cat', minConfidence: '', status: '', from: '', to: '', hasFaces: false, hasText: false });
    expect(filterCount(search)).toBe(0);
  });
  it('counts a range of days as one filter', () => {
    expect(filterCount(read('from=2026-11-01&to=2026-11-02&hasText=true'))).toBe(2);
  });
});

describe('the query of the API', () => {
  it('has only what is asked for', () => {
    expect(toQuery(read('q=cat'))).toEqual({ q: 'cat' });
    expect(toQuery(read('minConfidence=90&hasText=true'))).toEqual({ minConfidence: 90, hasText: true });
  });
  it('covers both days of a range to the last millisecond', () => {
    const { from = '', to = '' } = toQuery(read('from=2026-11-24&to=2026-11-24'));
    expect(Date.parse(to) - Date.parse(from)).toBe(86_400_000 - 1);
  });
});

describe('completions', () => {
  it('replace the word that is typed', () => {
    expect(lastWord('red ca')).toBe('ca');
    expect(complete('red ca', 'car')).toBe('red car');
    expect(complete('', 'cat')).toBe('cat');
    expect(lastWord('red ')).toBe('');
  });
});

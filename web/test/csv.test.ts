import { expect, test } from 'vitest';
import { toCsv } from '../src/lib/csv.ts';

test('cells with separators are quoted', () => {
  expect(toCsv(['label', 'photos'], [['a, "b"', 3], ['plain', null]])).toBe('label,photos\r\n"a, ""b""",3\r\nplain,\r\n');
});

test('text never becomes a formula', () => {
  expect(toCsv(['label'], [['=HYPERLINK("x")'], ['@a'], ['-1+2'], ['+1']])).toBe('label\r\n"\'=HYPERLINK(""x"")"\r\n\'@a\r\n\'-1+2\r\n\'+1\r\n');
});

test('numbers stay numbers', () => {
  expect(toCsv(['cost'], [[-0.5]])).toBe('cost\r\n-0.5\r\n');
});

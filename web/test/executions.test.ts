import { expect, test } from 'vitest';
import { durationOf, isDone, isRange, isStatus, outcomeOfStatus, sentenceOf, shortArns, sinceOf } from '../src/lib/executions.ts';

test('a status that the page does not know counts as failed, so that it is looked at', () => {
  expect(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED', 'NEW'].map(outcomeOfStatus)).toEqual(['running', 'succeeded', 'failed', 'failed', 'failed', 'failed']);
});

test('filters from the address are checked', () => {
  expect([isStatus('FAILED'), isStatus('failed'), isStatus(null), isRange('day'), isRange('constructor'.slice(0, 3)), isRange(null)]).toEqual([true, false, false, true, false, false]);
});

test('a range begins on a full minute', () => {
  expect(sinceOf('day', Date.UTC(2026, 10, 26, 7, 8, 9))).toBe('2026-11-25T07:08:00.000Z');
});

test('a duration runs until the end, or until now', () => {
  expect(durationOf('2026-11-26T07:00:00.000Z', '2026-11-26T07:00:01.500Z')).toBe(1_500);
  expect(durationOf('2026-11-26T07:00:00.000Z', null, Date.UTC(2026, 10, 26, 7, 1))).toBe(60_000);
  expect(durationOf(null, null)).toBeNull();
});

test('only what is started again counts as done', () => {
  const outcome = (action: string): boolean => isDone({ id: 'a', imageId: null, action, reason: null });
  expect(['WOULD_REDRIVE', 'REDRIVEN', 'WOULD_RESTART', 'RESTARTED', 'SKIPPED', 'NOT_REDRIVEN'].map(outcome)).toEqual([true, true, true, true, false, false]);
});

test('a sentence names an execution without its ARN', () => {
  const arn = 'arn:aws:states:eu-west-1:000000000000:execution:sightline-image-analysis:167c68dd-043d-45b0-8009-594b78a0e383';
  expect(shortArns(`Another execution holds its record: ${arn}. See it.`)).toBe('Another execution holds its record: 167c68dd-043d-45b0-8009-594b78a0e383. See it.');
  expect(shortArns('Its image was erased.')).toBe('Its image was erased.');
});

test('the cause of an error is its sentence, not the JSON around it', () => {
  expect(sentenceOf('{"errorType": "Image.Rejected", "errorMessage": "the \\"file\\" has no bytes", "stackTrace": []}')).toBe('the "file" has no bytes');
  expect(sentenceOf('{"errorType": "Recognition.Unavailable", "errorMessage": "no answer because the connec…')).toBe('no answer because the connec…');
  expect(sentenceOf('{"errorMessage": "cut in an escape \\')).toBe('cut in an escape ');
  expect(sentenceOf('{"a": 1}')).toBe('{"a": 1}');
  expect(sentenceOf('somebody stopped it')).toBe('somebody stopped it');
});

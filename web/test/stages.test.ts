import { expect, test } from 'vitest';
import { isMoving, mayChange, stageOf, stepsDone, type Progress } from '../src/lib/upload/stages.ts';

const image = (given: Partial<Progress>): Progress => ({ status: 'PENDING', statusReason: null, reviewStatus: 'NONE', withheld: false, width: null, ...given });

test.each([
  ['sent', undefined],
  ['inspecting', image({})],
  ['analysing', image({ width: 640 })],
  ['review', image({ width: 640, reviewStatus: 'PENDING' })],
  ['done', image({ status: 'COMPLETED', width: 640 })],
  ['withheld', image({ status: 'COMPLETED', width: 640, withheld: true })],
  ['rejected', image({ status: 'FAILED', statusReason: 'TRUNCATED' })],
  ['failed', image({ status: 'FAILED', statusReason: 'Storage.NotFound' })],
] as const)('%s', (stage, given) => {
  expect(stageOf(given)).toBe(stage);
});

test('a review and a failure can still change, but not by themselves', () => {
  expect((['sent', 'review', 'failed', 'done', 'rejected', 'withheld'] as const).filter(mayChange)).toEqual(['sent', 'review', 'failed']);
});

test('only stages that change by themselves are polled for often', () => {
  expect((['sent', 'inspecting', 'analysing', 'review', 'done', 'withheld', 'rejected', 'failed'] as const).filter(isMoving)).toEqual(['sent', 'inspecting', 'analysing']);
});

test('a finished photo has all steps', () => {
  expect(stepsDone('done')).toBe(4);
});

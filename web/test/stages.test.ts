import { expect, test } from 'vitest';
import { isMoving, stageOf, stepsDone, type Progress } from '../src/lib/upload/stages.ts';

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

test('only stages that change within seconds are polled for', () => {
  expect((['sent', 'inspecting', 'analysing', 'review', 'done', 'withheld', 'rejected', 'failed'] as const).filter(isMoving)).toEqual(['sent', 'inspecting', 'analysing']);
});

test('a finished photo has all steps', () => {
  expect(stepsDone('done')).toBe(4);
});

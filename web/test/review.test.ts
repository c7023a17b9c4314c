import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nextAfter, PendingDecision, UNDO_MS, type Decision } from '../src/lib/review.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const approve = (imageId: string): Decision => ({ imageId, decision: 'APPROVED', reason: null });
const start = (): { sent: [string, boolean][]; pending: PendingDecision } => {
  const sent: [string, boolean][] = [];
  return { sent, pending: new PendingDecision(({ imageId }, leaving) => sent.push([imageId, leaving])) };
};

test('a decision is sent when its time is over, once', () => {
  const { sent, pending } = start();
  pending.hold(approve('a'));
  vi.advanceTimersByTime(UNDO_MS - 1);
  expect(sent).toEqual([]);
  expect(pending.left()).toBe(1);
  vi.advanceTimersByTime(60_000);
  expect(sent).toEqual([['a', false]]);
});

test('a decision that is taken back is never sent', () => {
  const { sent, pending } = start();
  pending.hold(approve('a'));
  expect(pending.undo()).toEqual(approve('a'));
  vi.advanceTimersByTime(60_000);
  pending.flush(true);
  expect(sent).toEqual([]);
});

test('the next decision sends the one before', () => {
  const { sent, pending } = start();
  pending.hold(approve('a'));
  pending.hold(approve('b'));
  expect(sent).toEqual([['a', false]]);
  expect(pending.held?.imageId).toBe('b');
});

test('leaving sends what is held', () => {
  const { sent, pending } = start();
  pending.hold(approve('a'));
  pending.flush(true);
  expect(sent).toEqual([['a', true]]);
});

test('after the last one, an open one before it is shown', () => {
  const open = (item: string): boolean => item === 'open';
  expect(nextAfter(['open', 'done', 'open'], 0, open)).toBe(2);
  expect(nextAfter(['open', 'done', 'open'], 2, open)).toBe(0);
  expect(nextAfter(['done', 'open'], 1, open)).toBe(-1);
});

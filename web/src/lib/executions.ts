// What the lists of executions need: how a status is shown, and which moment a time range begins at.
import type { Outcome } from './machine.ts';

export const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'] as const;
export type Status = (typeof STATUSES)[number];

export const isStatus = (value: string | null): value is Status => STATUSES.includes(value as Status);

/** The sign of a status: the same as for a state. */
export function outcomeOfStatus(status: string): Outcome {
  switch (status) {
    case 'SUCCEEDED':
      return 'succeeded';
    case 'RUNNING':
    case 'PENDING_REDRIVE':
      return 'running';
    default:
      return 'failed';
  }
}

/** The ranges of the filter, in hours. */
export const RANGES = { hour: 1, day: 24, week: 168, month: 720 } as const;
export type Range = keyof typeof RANGES;

export const isRange = (value: string | null): value is Range => value !== null && value in RANGES;

/** The first moment of a range, on a full minute: so that the address of a call stays the same for a while. */
export function sinceOf(range: Range, now = Date.now()): string {
  return new Date(Math.floor((now - RANGES[range] * 3_600_000) / 60_000) * 60_000).toISOString();
}

/** Milliseconds from start to end, or to now while it runs. */
export function durationOf(startedAt: string | null, endedAt: string | null, now = Date.now()): number | null {
  return startedAt ? Math.max(0, (endedAt ? Date.parse(endedAt) : now) - Date.parse(startedAt)) : null;
}

/** What a redrive did with an execution, or would do. */
export interface RedriveOutcome {
  id: string;
  imageId: string | null;
  action: string;
  reason: string | null;
}

/** Whether an execution was started again, or would be. */
export const isDone = ({ action }: RedriveOutcome): boolean => ['REDRIVEN', 'WOULD_REDRIVE', 'RESTARTED', 'WOULD_RESTART'].includes(action);

/** A sentence of the API with the name of an execution instead of its ARN, which says the same and fills three lines. */
export const shortArns = (text: string): string => text.replace(/\barn:\S*:([^\s:]+)/g, '$1');

/** The sentence in the cause of an error. Lambda wraps it in JSON, which the API may have cut off. */
export function sentenceOf(cause: string): string {
  const message = /^\{.*?"errorMessage":\s*"((?:[^"\\]|\\.)*)/s.exec(cause)?.[1];
  if (!message) return cause;
  try {
    return JSON.parse(`"${message}"`) as string;
  } catch {
    return message;
  }
}

// The steps of a photo after it was sent, from what the API says about it.
import { isRejected } from '../status.ts';

/** The part of an image that decides on the stage. */
export interface Progress {
  status: string;
  statusReason: string | null;
  reviewStatus: string;
  withheld: boolean;
  width: number | null;
}

export type Stage = 'sent' | 'inspecting' | 'analysing' | 'review' | 'done' | 'withheld' | 'rejected' | 'failed';

/** `undefined` is an image that the API does not know yet: its upload event has not arrived. */
export function stageOf(image: Progress | undefined): Stage {
  if (!image) return 'sent';
  switch (image.status) {
    case 'COMPLETED':
      return image.withheld ? 'withheld' : 'done';
    case 'FAILED':
      return isRejected(image) ? 'rejected' : 'failed';
    default:
      if (image.reviewStatus === 'PENDING') return 'review';
      return image.width === null ? 'inspecting' : 'analysing';
  }
}

/** Whether the stage changes within seconds, without people. */
export function isMoving(stage: Stage): boolean {
  return stage === 'sent' || stage === 'inspecting' || stage === 'analysing';
}

/** Whether people can still change the stage: by a review, or by running the analysis again. */
export function mayChange(stage: Stage): boolean {
  return isMoving(stage) || stage === 'review' || stage === 'failed';
}

/** The four dots of the stepper: how many are filled. */
export function stepsDone(stage: Stage): number {
  return { sent: 1, inspecting: 2, analysing: 3, rejected: 2, failed: 3, review: 3, withheld: 4, done: 4 }[stage];
}

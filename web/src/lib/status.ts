// What a badge says about a photo: at most one thing, the most important one.
import type { ImageSummary } from './api.ts';
import { words } from './format.ts';
import { texts } from './texts.ts';
import type { IconName } from '../parts/Icon.svelte';

export type Badge = { tone: 'note' | 'warning' | 'problem'; icon: IconName; text: string };

/** The reason of a rejection in few words: a known code, or the code itself as words. */
export const reasonText = (code: string): string => (texts.reasons as Record<string, string>)[code] ?? words(code);

/** Whether the photo was rejected. The name of an error has a dot, a reason code has none: an error is a failure of the system, which can be repeated. */
export const isRejected = ({ status, statusReason }: { status: string; statusReason: string | null }): boolean => status === 'FAILED' && statusReason !== null && !statusReason.includes('.');

export function badge(image: Pick<ImageSummary, 'status' | 'statusReason' | 'reviewStatus' | 'withheld'>): Badge | undefined {
  if (image.status === 'FAILED') {
    if (!isRejected(image)) return { tone: 'problem', icon: 'warning', text: texts.status.failed };
    return { tone: 'problem', icon: 'blocked', text: `${texts.status.rejected}: ${reasonText(image.statusReason ?? '')}` };
  }
  if (image.reviewStatus === 'PENDING') return { tone: 'warning', icon: 'review', text: texts.status.review };
  if (image.status === 'PENDING') return { tone: 'note', icon: 'clock', text: texts.status.PENDING };
  if (image.withheld) return { tone: 'problem', icon: 'hidden', text: texts.status.withheld };
  return undefined;
}

/** The name that a person reads: the title, else the file name. */
export const nameOf = (image: Pick<ImageSummary, 'title' | 'name'>): string => image.title || image.name || texts.photos.unnamed;

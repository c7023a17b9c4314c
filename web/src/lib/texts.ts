// Every text of the page, in English. Functions where a number or a name is inside; components never build sentences.
import { formatNumber } from './format.ts';

const plural = (count: number, one: string, many: string): string => `${formatNumber(count)} ${count === 1 ? one : many}`;

export const texts = {
  brand: 'sightline',
  skip: 'Skip to content',
  photosCount: (count: number) => plural(count, 'photo', 'photos'),

  nav: {
    label: 'Pages',
    photos: 'Photos',
    upload: 'Upload',
    review: 'Review',
    trends: 'Trends',
    map: 'Map',
    executions: 'Executions',
    settings: 'Settings',
    more: 'More',
  },

  common: {
    retry: 'Try again',
    close: 'Close',
    cancel: 'Cancel',
    back: 'Back',
    dismiss: 'Dismiss',
    copy: 'Copy',
    copied: 'Copied',
    loading: 'Loading…',
    home: 'Go to Photos',
    requestId: (id: string) => `Request ${id}`,
    loadMore: 'Show more',
  },

  titles: {
    photos: 'Photos',
    search: 'Search',
    photo: 'Photo',
    upload: 'Upload',
    review: 'Review',
    trends: 'Trends',
    map: 'Map',
    executions: 'Executions',
    execution: 'Execution',
    settings: 'Settings',
    lost: 'Not found',
  },

  errors: {
    title: 'This did not load',
    offlineTitle: 'You are offline',
    offline: 'There is no network connection. The page goes on by itself as soon as there is one.',
    unreachable: 'The server does not answer. Check your connection, then try again.',
    'signed-out': 'Your session has ended. Sign in again to go on.',
    forbidden: 'Your account is not allowed to do this. Ask an administrator to add you to the group.',
    missing: 'It does not exist, or it belongs to someone else.',
    conflict: 'Someone changed it in the meantime. Reload to see the latest state.',
    busy: 'Too many requests at once. Wait a few seconds, then try again.',
    refused: 'The server did not accept this request. Reload the page and try again.',
    broken: 'Something went wrong on the server. Try again in a moment.',
  },

  lost: {
    title: 'There is nothing at this address',
    text: 'The link may be old, or it was typed with a mistake.',
  },

  signIn: {
    title: 'Your photos, and what is in them',
    text: 'Upload photos, see what was found in each, and find any of them again by a word.',
    button: 'Sign in',
    leaving: 'Taking you to the sign-in page…',
    starting: 'Starting…',
    failedTitle: 'Sign-in did not work',
    failed: 'The sign-in page could not be reached, or the sign-in took too long. Try again.',
    ended: 'Your session has ended. Nothing on this page is lost until you leave it.',
    again: 'Sign in again',
  },

  offlineBar: 'You are offline. What is already loaded stays usable.',

  status: {
    PENDING: 'Analysing',
    review: 'Waiting for review',
    withheld: 'Withheld',
    rejected: 'Rejected',
    failed: 'Failed',
    withheldWhy: 'A moderation rule or a reviewer withheld this photo, so it is not shown.',
  },

  confidence: {
    sure: 'high confidence',
    likely: 'medium confidence',
    unsure: 'low confidence',
    percent: (value: number) => `${value} %`,
    own: 'added by you',
  },
};

export type Texts = typeof texts;

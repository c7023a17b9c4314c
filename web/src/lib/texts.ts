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

  /** Reason codes of rejected photos, after "Rejected:". */
  reasons: {
    EMPTY_FILE: 'empty file',
    TOO_LARGE: 'file too large',
    NOT_AN_IMAGE: 'not an image',
    UNSUPPORTED_FORMAT: 'format not supported',
    TRUNCATED: 'file damaged',
    TOO_SMALL: 'too small',
    TOO_MANY_PIXELS: 'too many pixels',
    TOO_NARROW: 'too narrow',
    REFUSED_BY_PROVIDER: 'refused by the analysis',
    OBJECT_DELETED: 'deleted before its analysis',
  },

  photos: {
    unnamed: 'Photo without a name',
    emptyTitle: 'Add your first photos',
    empty: 'Each photo is looked at once: objects, text, faces and what needs care. Then you find it again by a word.',
    upload: 'Upload photos',
    labels: 'Labels',
    labelsHint: 'Always show the top labels on the photos',
    select: (name: string) => `Select ${name}`,
    selectMonth: (month: string) => `Select all photos of ${month}`,
    scrubber: 'Go to month',
    cell: (name: string, labels: string, state: string) => [name, state, labels].filter(Boolean).join(', '),
    months: 'Photos by month',
    moreFailed: 'Some photos did not load.',
  },

  selection: {
    label: 'Selected photos',
    count: (count: number) => `${formatNumber(count)} selected`,
    clear: 'Clear the selection',
    download: 'Download',
    erase: 'Erase',
    downloading: (done: number, of: number) => `Downloading ${formatNumber(done)} of ${formatNumber(of)}`,
    downloaded: (count: number) => `${plural(count, 'download', 'downloads')} started.`,
    notDownloaded: (count: number) => `${plural(count, 'photo', 'photos')} could not be downloaded: withheld, or gone.`,
  },

  erase: {
    title: (count: number) => (count === 1 ? 'Erase this photo?' : `Erase ${formatNumber(count)} photos?`),
    text: 'This cannot be undone. For each photo, all of this goes:',
    parts: [
      'the original file, with all its versions',
      'the copies and thumbnails',
      'labels, found text, faces, your own labels and the title',
      'the answers of the analyses, and what they added to the trends',
    ],
    keeps: 'A note without content stays: that a photo was erased, and when.',
    button: (count: number) => (count === 1 ? 'Erase photo' : `Erase ${formatNumber(count)} photos`),
    working: (done: number, of: number) => (of === 1 ? 'Erasing…' : `Erasing ${formatNumber(done)} of ${formatNumber(of)}…`),
    receiptTitle: (count: number) => (count === 1 ? 'The photo was erased' : `${formatNumber(count)} photos were erased`),
    noneTitle: 'Nothing was erased',
    receipt: 'Receipt',
    rows: {
      originals: 'Versions of originals',
      copies: 'Versions of copies and thumbnails',
      results: 'Answers of the analyses',
      archived: 'Versions in the archive',
      labelRows: 'Search entries',
      records: 'Records',
      review: 'Open reviews',
      trends: 'Contributions to the trends',
    },
    late: 'An analysis was still running. What it may still write is removed too, within some minutes.',
    unfinished: (count: number) => `${plural(count, 'photo was', 'photos were')} not erased completely. Erase again to finish.`,
    failed: (count: number) => `${plural(count, 'photo was', 'photos were')} not erased:`,
    copyReceipt: 'Copy the receipt',
    done: 'Done',
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

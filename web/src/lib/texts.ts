// Every text of the page, in English. Functions where a number or a name is inside; components never build sentences.
import { formatBytes, formatNumber, words } from './format.ts';
import type { Refusal } from './upload/files.ts';

const plural = (count: number, one: string, many: string): string => `${formatNumber(count)} ${count === 1 ? one : many}`;

/** Why a file was not sent; `SERVER` is a refusal of the API, with its sentence. */
type UploadRefusal = Refusal | { code: 'SERVER'; detail: string };

/** What the reasons of rejected and failed images mean. Other reasons are shown by their names. */
const reasons: Record<string, string> = {
  EMPTY_FILE: 'The file arrived empty. Upload it again.',
  TOO_LARGE: 'The file is too large. Export it smaller.',
  NOT_AN_IMAGE: 'This is not a photo.',
  UNSUPPORTED_FORMAT: 'This format cannot be analysed. Export it as JPEG, PNG or WebP.',
  TRUNCATED: 'A part of the picture is missing or damaged. Upload it again.',
  TOO_SMALL: 'One side has fewer than 80 pixels. Use a larger version.',
  TOO_MANY_PIXELS: 'The photo has too many pixels. Export it smaller.',
  TOO_NARROW: 'The photo is too narrow to analyse. Cut it into parts.',
  REFUSED_BY_PROVIDER: 'The recognition service cannot read it. Export it again as a plain JPEG.',
  OBJECT_DELETED: 'The file was deleted before it was analysed.',
};

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

  // ---- Upload, Review, Executions, Trends, Map ----
  upload: {
    title: 'Upload',
    choose: 'Choose photos',
    emptyTitle: 'Drop photos anywhere',
    dropHere: 'Drop to upload',
    chooseFiles: 'Choose photos',
    chooseFolder: 'Choose a folder',
    camera: 'Take a photo',
    hint: 'You can also drop photos or folders on any page, or paste a picture.',
    limits: (size: string, side: number) => `JPEG, PNG and WebP, up to ${size}, at least ${side} × ${side} pixels. HEIC is converted where this browser can.`,
    summary: 'Progress of all files',
    total: 'Sent, all files together',
    filter: 'Show',
    filters: { all: 'All', moving: 'In progress', done: 'Done', problems: 'Needs attention' },
    sentOf: (sent: number, total: number) => `${formatNumber(sent)} of ${formatNumber(total)} sent`,
    analysingOf: (count: number) => `Everything is sent. ${plural(count, 'photo is', 'photos are')} being analysed`,
    allDone: (done: number, problems: number) =>
      problems === 0 ? `${plural(done, 'photo is', 'photos are')} done` : done === 0 ? plural(problems, 'file needs attention', 'files need attention') : `${formatNumber(done)} done, ${plural(problems, 'file needs attention', 'files need attention')}`,
    problems: (count: number) => plural(count, 'file needs attention', 'files need attention'),
    pace: (sent: string, total: string, speed: string | null, seconds: number | null) =>
      [`${sent} of ${total}`, speed, seconds === null ? null : seconds < 60 ? `about ${seconds} s left` : `about ${Math.ceil(seconds / 60)} min left`].filter(Boolean).join(' · '),
    stay: 'You can leave this page: the analysis goes on without it.',
    doneHint: 'Open a photo to see what was found in it.',
    stale: 'The server does not answer. The list is updated as soon as it does.',
    retry: 'Try again',
    retryAll: (count: number) => `Try all ${formatNumber(count)} again`,
    clear: 'Clear finished',
    toPhotos: 'Show photos',
    remove: (name: string) => `Remove ${name} from the list`,
    converted: (format: string) => `Converted from ${format} to JPEG`,
    sending: (share: number) => `Sending, ${Math.floor(share * 100)} %`,
    states: { checking: 'Checking…', converting: 'Converting to JPEG…', waiting: 'Waiting to be sent', sending: 'Sending' },
    stages: {
      sent: 'Sent. Waiting for the analysis',
      inspecting: 'Inspecting…',
      analysing: 'Analysing…',
      review: 'Waiting for review. A reviewer decides whether it is shown.',
      done: 'Done',
      withheld: 'Analysed and withheld by a moderation rule.',
      rejected: 'Rejected',
      failed: 'Failed',
    },
    step: (done: number) => `Step ${done} of 4: sent, inspected, analysed, done`,
    known: 'Already analysed. Open it to see the result.',
    lost: 'The reload interrupted this file, and it was too large to keep. Choose it again.',
    problem: {
      OFFLINE: 'Not sent: no connection. It is sent when the connection is back.',
      DENIED: 'Not sent: the upload link was refused. Try again; if it is refused again, sign in anew.',
      BUSY: 'Not sent: too many uploads at once. Try again in a minute.',
      SERVER: 'Not sent: the server had a problem. Try again.',
    },
    refused: (refusal: UploadRefusal): string => {
      switch (refusal.code) {
        case 'EMPTY':
          return 'Not sent: the file is empty.';
        case 'UNREADABLE':
          return 'Not sent: the browser could not read the file. Check that it still exists and that you may open it.';
        case 'DUPLICATE':
          return 'Not sent again: the same photo is already in this list.';
        case 'NOT_AN_IMAGE':
          return 'Not sent: this is not a photo.';
        case 'UNSUPPORTED':
          return `Not sent: ${refusal.format} files cannot be analysed. Export it as JPEG, PNG or WebP.`;
        case 'HEIC':
          return 'Not sent: this browser cannot read HEIC. Export it as JPEG (on a Mac: Photos, File, Export), or open this page in Safari.';
        case 'TOO_LARGE':
          return `Not sent: ${formatBytes(refusal.size)} is over the limit of ${formatBytes(refusal.limit)}. Export it smaller.`;
        case 'TOO_SMALL':
          return `Not sent: ${refusal.width} × ${refusal.height} pixels; each side needs at least ${refusal.limit}. Use a larger version.`;
        case 'TOO_NARROW':
          return `Not sent: ${refusal.width} × ${refusal.height} pixels is too narrow to analyse. Cut it into parts.`;
        case 'TOO_MANY_PIXELS':
          return `Not sent: ${refusal.width} × ${refusal.height} are more than ${formatNumber(refusal.limit / 1e6)} million pixels. Export it smaller.`;
        case 'SERVER':
          return refusal.detail;
      }
    },
    rejected: (reason: string): string => reasons[reason] ?? `The analysis failed (${reason}). An operator can run it again.`,
  },

  review: {
    title: 'Review',
    notReviewer: 'Reviews are for the group reviewers. Ask an administrator to add you to it.',
    unnamed: 'Photo without a name',
    someone: 'another reviewer',
    you: 'you',
    waiting: (count: number) => `${formatNumber(count)} waiting`,
    session: (approved: number, rejected: number) => `${formatNumber(approved)} approved, ${formatNumber(rejected)} rejected`,
    position: (at: number, total: number) => `Photo ${formatNumber(at)} of ${formatNumber(total)}`,
    covered: 'This photo may show something unpleasant. It stays covered until you want to see it.',
    hiddenAlt: 'Covered photo',
    show: 'Show photo',
    hide: 'Cover',
    space: 'Space',
    asked: (ago: string) => `Sent for review ${ago}`,
    until: (when: string) => `expires ${when}`,
    yours: (time: string) => `Reserved for you until ${time}`,
    taken: (who: string, time: string) => `Taken by ${who} until ${time}.`,
    skipTo: 'Next photo',
    decidedBy: (who: string, when: string) => `Your decision was not saved: ${who} decided on this photo on ${when}.`,
    flags: 'What was found',
    level: (level: number) => `Level ${level}`,
    own: 'This is your own photo. Another reviewer has to decide on it.',
    approve: 'Approve',
    reject: 'Reject',
    why: 'Why is it rejected?',
    reasons: ['Nudity or sexual content', 'Violence or injury', 'Weapons', 'Drugs, tobacco or alcohol', 'Hate symbols', 'Rude gestures', 'Private data, such as documents or plates', 'Not a real photo'],
    other: 'Another reason…',
    otherReason: 'Reason, in a few words',
    lookFirst: 'Look at the photo before you approve it: Space shows it.',
    undo: 'Undo',
    heldApproved: (name: string) => `Approved ${name}`,
    heldRejected: (name: string, reason: string | null) => (reason ? `Rejected ${name}: ${reason}` : `Rejected ${name}`),
    queue: 'Photos that wait for a decision',
    previous: 'Previous photo',
    next: 'Next photo',
    item: (at: number, name: string, taken: string | null, mine: boolean) => `${at}: ${name}${taken ? `, taken by ${taken}` : ''}${mine ? ', your own photo' : ''}`,
    keyShow: 'show',
    keyApprove: 'approve',
    keyReject: 'reject',
    keyReason: 'reason',
    keyUndo: 'undo',
    keyMove: 'move',
    doneTitle: 'Nothing waits for a decision',
    doneText: 'Photos come here when the moderation policy asks for a human decision.',
    doneCounts: (approved: number, rejected: number) => `You approved ${formatNumber(approved)} and rejected ${formatNumber(rejected)}. Thank you.`,
    lookAgain: 'Look again',
  },

  executions: {
    title: 'Executions',
    notOperator: 'Executions are for the group operators. Ask an administrator to add you to it.',
    status: 'Status',
    allStatuses: 'All',
    statuses: { RUNNING: 'Running', SUCCEEDED: 'Succeeded', FAILED: 'Failed', TIMED_OUT: 'Timed out', ABORTED: 'Stopped' },
    since: 'Started',
    anyTime: 'Any time',
    ranges: { hour: 'Last hour', day: 'Last 24 hours', week: 'Last 7 days', month: 'Last 30 days' },
    error: 'Error',
    anyError: 'Any error',
    refresh: 'Load again',
    choose: 'Choose',
    chooseOne: (name: string) => `Choose ${name}`,
    chooseAll: (count: number) => `Choose all that can be redriven (${formatNumber(count)})`,
    photo: 'Photo',
    startedAt: 'Started',
    took: 'Took',
    startedOn: (when: string) => `Started ${when}`,
    tookTime: (time: string) => `Took ${time}`,
    redrive: 'Redrive…',
    redriveMany: (count: number) => (count === 0 ? 'Redrive…' : `Redrive ${formatNumber(count)}…`),
    redriveTitle: (count: number) => (count === 1 ? 'Redrive this execution' : `Redrive ${formatNumber(count)} executions`),
    dryRunning: 'Checking what would happen. Nothing is started yet.',
    nothingMatches: 'No execution matches any more. Load the list again.',
    would: (due: number, skipped: number) =>
      due === 0 ? 'Nothing would be started.' : `${plural(due, 'execution', 'executions')} would be started again from the state that failed${skipped ? `, and ${formatNumber(skipped)} would be skipped` : ''}.`,
    did: (due: number, skipped: number) => `${plural(due, 'execution was', 'executions were')} started again${skipped ? `, ${formatNumber(skipped)} skipped` : ''}.`,
    willRun: 'Would be started',
    started: 'Started',
    skipped: 'Skipped',
    confirm: (count: number) => (count === 0 ? 'Redrive' : `Redrive ${formatNumber(count)}`),
    actions: {
      REDRIVEN: 'Redriven',
      WOULD_REDRIVE: 'Would be redriven',
      RESTARTED: 'Restarted',
      WOULD_RESTART: 'Would be restarted',
      STARTED: 'Started',
      WOULD_START: 'Would be started',
      WAITING: 'In progress',
      SKIPPED: 'Skipped',
      NOT_REDRIVEN: 'Not redriven',
    },
    notRedrivable: (why: string) => `Cannot be redriven: ${why}`,
    none: 'No executions yet',
    noneText: 'Every uploaded photo is analysed by one execution of the state machine. It appears here when it starts.',
    noneMatch: 'Nothing matches these filters',
    noneMatchText: 'Choose another status or a longer time.',
    clearFilters: 'Clear filters',
    drawing: 'State machine image-analysis',
    stateLabel: (name: string, outcome: string) => `${name}: ${outcome}`,
    inState: (name: string) => `in ${name}`,
    outcomes: { succeeded: 'Succeeded', failed: 'Failed', caught: 'Error handled', running: 'Running', unreached: 'Not reached' },
    states: 'States in order',
    state: 'State',
    outcome: 'Outcome',
    attempts: 'Attempts',
    function: 'Function',
    input: 'Input',
    output: 'Output',
    notEntered: 'This execution did not enter the state.',
  },

  trends: {
    title: 'Trends',
    scope: 'Photos',
    scopes: { own: 'My photos', deployment: 'Everyone' },
    range: 'Time',
    weeks: (count: number) => (count === 52 ? '1 year' : `${count} weeks`),
    weekOf: (monday: string) => `the week of ${monday}`,
    span: (from: string, to: string) => `${from} to ${to}`,
    analysed: 'Analysed',
    problems: 'Rejected or failed',
    cost: 'Cost',
    reviews: 'Waiting for review',
    withheldCount: (count: number) => `${plural(count, 'photo', 'photos')} withheld`,
    toReview: 'Review them',
    labelsTitle: 'What the photos show',
    labelsSummary: (labels: number, weeks: number) => `${plural(labels, 'label', 'labels')} over ${plural(weeks, 'week', 'weeks')}`,
    label: 'Label',
    total: 'Photos',
    change: 'Change',
    order: 'Order',
    orders: { most: 'Most photos', rising: 'Rising', falling: 'Falling' },
    changed: (change: number) => (change === 0 ? '= as many as in the first half' : change > 0 ? `▲ ${formatNumber(change)} more than in the first half` : `▼ ${formatNumber(-change)} fewer than in the first half`),
    between: (from: string, to: string) => `From ${from} to ${to}. The first and the second half of this time are compared.`,
    noMovers: 'No label moved in this direction.',
    outcomesByDay: 'Outcomes by day',
    outcomesByWeek: 'Outcomes by week',
    outcomesSummary: (analysed: number, rejected: number, failed: number) => `${formatNumber(analysed)} analysed, ${formatNumber(rejected)} rejected, ${formatNumber(failed)} failed`,
    names: { completed: 'Analysed', withheld: 'Withheld', rejected: 'Rejected', failed: 'Failed' },
    day: 'Day',
    reasonsTitle: 'Why photos did not get through',
    reasonsSummary: 'Reasons of rejected and failed photos',
    noReasons: 'Nothing was rejected, and nothing failed.',
    reason: 'Reason',
    photos: 'Photos',
    reasonName: (reason: string) => (/^[A-Z_]+$/.test(reason) ? words(reason) : reason),
    reasonTexts: (reason: string) => reasons[reason] ?? reason,
    costByDay: 'Cost by day',
    costByWeek: 'Cost by week',
    costSummary: (cost: string, calls: number, each: string | null) => `${cost} at list price for ${plural(calls, 'call', 'calls')}${each ? `, ${each} a photo` : ''}`,
    costHead: 'US dollars',
    calls: 'Calls',
    dollars: (value: number) => (value === 0 ? '$0' : value < 0.1 ? `$${value.toFixed(3)}` : value < 10 ? `$${value.toFixed(2)}` : `$${formatNumber(Math.round(value))}`),
    emptyTitle: 'No trends yet',
    emptyOwn: 'Upload photos: what they show and how they fared is counted here by day and by week.',
    emptyAll: 'Nobody has uploaded photos in this time.',
    table: 'Table',
    chart: 'Chart',
    csv: 'Download as CSV',
    asTable: (title: string) => `${title}: show as a table`,
    asChart: (title: string) => `${title}: show as a chart`,
    csvOf: (title: string) => `${title}: download as CSV`,
  },
};

export type Texts = typeof texts;

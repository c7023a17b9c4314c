// What a search asks for: the address bar holds it, the API gets it.
import type { ImageQuery } from './api.ts';

export type Search = {
  q: string;
  minConfidence: string;
  status: Status | '';
  /** Days, "2026-11-24"; both belong to the range. */
  from: string;
  to: string;
  hasFaces: boolean;
  hasText: boolean;
};

type Status = NonNullable<ImageQuery['status']>;
const statuses: readonly Status[] = ['COMPLETED', 'PENDING', 'FAILED'];
const isStatus = (text: string): text is Status => (statuses as readonly string[]).includes(text);
const day = (text: string | null): string => (text && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : '');

/** Reads an address. Values that no filter has are dropped, so an odd link still shows something. */
export function readSearch(query: URLSearchParams): Search {
  const confidence = Number(query.get('minConfidence'));
  const status = query.get('status') ?? '';
  return {
    q: (query.get('q') ?? query.get('label') ?? '').trim().slice(0, 200),
    minConfidence: confidence > 0 && confidence <= 100 ? String(confidence) : '',
    status: isStatus(status) ? status : '',
    from: day(query.get('from')),
    to: day(query.get('to')),
    hasFaces: query.get('hasFaces') === 'true',
    hasText: query.get('hasText') === 'true',
  };
}

/** The start of a day where the reader is, or of the day `plus` days later, in milliseconds. */
const localDay = (text: string, plus = 0): number => {
  const [year, month, of] = text.split('-').map(Number);
  return new Date(year ?? 1970, (month ?? 1) - 1, (of ?? 1) + plus).getTime();
};

/** The query of GET /api/images. Both ends belong to the range, so `to` is the last millisecond of its day. */
export function toQuery(search: Search): ImageQuery {
  const query: ImageQuery = {};
  if (search.q) query.q = search.q;
  if (search.minConfidence) query.minConfidence = Number(search.minConfidence);
  if (search.status) query.status = search.status;
  if (search.from) query.from = new Date(localDay(search.from)).toISOString();
  if (search.to) query.to = new Date(localDay(search.to, 1) - 1).toISOString();
  if (search.hasFaces) query.hasFaces = true;
  if (search.hasText) query.hasText = true;
  return query;
}

/** How many filters are set, apart from the words. */
export function filterCount(search: Search): number {
  return [search.minConfidence, search.status, search.from || search.to, search.hasFaces, search.hasText].filter(Boolean).length;
}

/** The last word of what is typed: the one that is completed. */
export function lastWord(text: string): string {
  return /\S*$/.exec(text)?.[0] ?? '';
}

/** What is typed, with its last word replaced by a completion. */
export function complete(text: string, term: string): string {
  return text.slice(0, text.length - lastWord(text).length) + term;
}

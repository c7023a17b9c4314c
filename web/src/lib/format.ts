// Dates, numbers and sizes by the reader's locale. Months are UTC months, as the API counts them.

const locale = typeof navigator === 'undefined' ? 'en' : navigator.language;

const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' });
const month = new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC' });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
const number = new Intl.NumberFormat(locale);
const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
const dollars = new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD' });
const fineDollars = new Intl.NumberFormat(locale, { style: 'currency', currency: 'USD', minimumFractionDigits: 4 });

export const formatDay = (iso: string): string => day.format(new Date(iso));
export const formatMoment = (iso: string): string => moment.format(new Date(iso));
/** "2026-11" as "November 2026". */
export const formatMonth = (key: string): string => month.format(monthStart(key));
export const formatNumber = (value: number): string => number.format(value);
export const formatCompact = (value: number): string => compact.format(value);
/** Costs below a dollar keep four digits, since a photo costs tenths of a cent. */
export const formatDollars = (value: number): string => (value > 0 && value < 1 ? fineDollars : dollars).format(value);

/** The first moment of a UTC month. */
export function monthStart(key: string): Date {
  const [year, of] = key.split('-').map(Number);
  return new Date(Date.UTC(year ?? 1970, (of ?? 1) - 1));
}

/** The last millisecond of a UTC month. */
export function monthEnd(key: string): Date {
  const start = monthStart(key);
  return new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1) - 1);
}

/** The UTC month of a time: "2026-11". */
export const monthOf = (iso: string): string => iso.slice(0, 7);

const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** "3 minutes ago", "in 2 hours"; below a minute "now". */
export function formatAgo(iso: string, now = Date.now()): string {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  for (const [unit, size] of units) {
    // A future time is rounded, so that a deadline of seven days that was just set is shown as "in 7 days", not "in 6 days".
    if (Math.abs(seconds) >= size) return relative.format(seconds > 0 ? Math.round(seconds / size) : Math.trunc(seconds / size), unit);
  }
  return relative.format(0, 'second');
}

/** Bytes in steps of 1,024, as the limits of the API are meant: 15,728,640 is "15 MB". */
export function formatBytes(bytes: number): string {
  const steps = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  let value = bytes;
  let step = 0;
  while (value >= 1024 && step < steps.length - 1) {
    value /= 1024;
    step += 1;
  }
  const digits = step > 0 && value < 10 ? 1 : 0;
  return new Intl.NumberFormat(locale, { style: 'unit', unit: steps[step] ?? 'byte', unitDisplay: step === 0 ? 'long' : 'short', maximumFractionDigits: digits }).format(value);
}

/** Bytes per second. */
export const formatSpeed = (bytesPerSecond: number): string => `${formatBytes(bytesPerSecond)}/s`;

/** A duration in milliseconds as "0.8 s", "12 s", "3 min 5 s", "2 h 4 min". */
export function formatDuration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${number.format(Math.round(seconds * 10) / 10)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** Upper-case codes of the API as words: "REVIEW_EXPIRED" is "Review expired". */
export function words(code: string): string {
  const text = code.replace(/[_.-]+/g, ' ').toLowerCase();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Scales and shapes of the charts. Numbers in, numbers and path strings out: the components draw. */

/** Round steps from zero to at least `max`: 0, 20, 40, 60 for 53. */
export function ticks(max: number, about = 4): number[] {
  if (!(max > 0)) return [0, 1];
  const raw = max / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * 0.999) ?? 10) * power;
  const count = Math.ceil(max / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, at) => Number((at * step).toPrecision(12)));
}

/** Whole numbers only: half a photo makes no sense. */
export function wholeTicks(max: number, about = 4): number[] {
  const all = ticks(max, about);
  return all.every(Number.isInteger) ? all : Array.from({ length: Math.max(1, Math.ceil(max)) + 1 }, (_, at) => at);
}

export type Scale = (value: number) => number;

export function linear(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [from, to] = domain;
  const [start, end] = range;
  const span = to - from || 1;
  return (value) => start + ((value - from) / span) * (end - start);
}

/** Left edge and width of equal bands. `gap` is the share of a band that stays free. */
export function bands(count: number, range: readonly [number, number], gap = 0.25): { at: (index: number) => number; width: number; step: number } {
  const step = (range[1] - range[0]) / Math.max(count, 1);
  const width = Math.max(step * (1 - gap), 1);
  return { at: (index) => range[0] + index * step + (step - width) / 2, width, step };
}

/** Puts series on top of each other: for each row, the lower and the upper end of each part. */
export function stack(rows: readonly (readonly number[])[]): [low: number, high: number][][] {
  return rows.map((row) => {
    let top = 0;
    return row.map((value): [number, number] => {
      const low = top;
      top += value;
      return [low, top];
    });
  });
}

const short = (value: number): string => String(Math.round(value * 10) / 10);

/** A line through the points. */
export function line(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${short(x)},${short(y)}`).join('');
}

/** The area between the points and a base line. */
export function area(points: readonly (readonly [number, number])[], base: number): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return '';
  return `${line(points)}L${short(last[0])},${short(base)}L${short(first[0])},${short(base)}Z`;
}

/** A bar with round upper corners. */
export function bar(x: number, y: number, width: number, height: number, radius: number): string {
  const r = Math.max(0, Math.min(radius, width / 2, height));
  return `M${short(x)},${short(y + height)}V${short(y + r)}Q${short(x)},${short(y)} ${short(x + r)},${short(y)}H${short(x + width - r)}Q${short(x + width)},${short(y)} ${short(x + width)},${short(y + r)}V${short(y + height)}Z`;
}

/** The indices of the axis labels to write when not all fit: evenly spread, the last one always. */
export function everyNth(count: number, room: number): number[] {
  if (count === 0) return [];
  const step = Math.max(1, Math.ceil(count / Math.max(1, room)));
  return Array.from({ length: count }, (_, at) => at).filter((at) => (count - 1 - at) % step === 0);
}

/** Labels by week, as the API returns them. */
export interface Week {
  week: string;
  labels: { name: string; count: number }[];
}

export interface Series {
  name: string;
  /** One value a week, oldest first. */
  counts: number[];
  total: number;
  /** Photos in the later half less those in the earlier half. */
  change: number;
}

/** Turns weeks with labels into labels with weeks. */
export function labelSeries(weeks: readonly Week[]): Series[] {
  const byName = new Map<string, number[]>();
  weeks.forEach(({ labels }, at) => {
    for (const { name, count } of labels) {
      const counts = byName.get(name) ?? Array<number>(weeks.length).fill(0);
      counts[at] = (counts[at] ?? 0) + count;
      byName.set(name, counts);
    }
  });
  const middle = Math.floor(weeks.length / 2);
  const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0);
  return Array.from(byName, ([name, counts]) => ({ name, counts, total: sum(counts), change: sum(counts.slice(weeks.length - middle)) - sum(counts.slice(0, middle)) }));
}

export type Order = 'most' | 'rising' | 'falling';

export function sortSeries(series: readonly Series[], order: Order): Series[] {
  const by = { most: (one: Series) => one.total, rising: (one: Series) => one.change, falling: (one: Series) => -one.change }[order];
  const wanted = order === 'most' ? series : series.filter((one) => by(one) > 0);
  return [...wanted].sort((a, b) => by(b) - by(a) || b.total - a.total || a.name.localeCompare(b.name));
}

/** The days of the weeks up to `today`, as `2026-11-26`: the API leaves out days without photos, and a chart must not. */
export function daysOf(weeks: readonly Week[], today: Date): string[] {
  const monday = weeks[0] && mondayOf(weeks[0].week);
  if (!monday) return [];
  const days: string[] = [];
  for (let day = monday.getTime(); day <= today.getTime(); day += 86_400_000) days.push(new Date(day).toISOString().slice(0, 10));
  return days;
}

/** The Monday of an ISO week, `2026-W48`, at midnight UTC; `null` if it is not one. */
export function mondayOf(week: string): Date | null {
  const match = /^(\d{4})-W(\d{2})$/.exec(week);
  if (!match) return null;
  // 4 January is always in week 1.
  const fourth = new Date(Date.UTC(Number(match[1]), 0, 4));
  const monday = fourth.getTime() - ((fourth.getUTCDay() + 6) % 7) * 86_400_000;
  return new Date(monday + (Number(match[2]) - 1) * 7 * 86_400_000);
}

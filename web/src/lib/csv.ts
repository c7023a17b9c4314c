/** Writes tables as CSV (RFC 4180). */

type Cell = string | number | null;

/** One line for the heads, then one for each row. */
export function toCsv(heads: string[], rows: Cell[][]): string {
  return [heads, ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

/** Text that a spreadsheet would run as a formula gets an apostrophe before it: labels and names come from strangers. */
function cell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

// Figures: what is computed of many, and how they are written.

/** The value below which `share` of the values lie (nearest rank). */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

export const median = (values) => percentile(values, 0.5);
export const p99 = (values) => percentile(values, 0.99);

export const millis = (value) => `${value.toFixed(1)} ms`;
export const bytes = (value) => `${Math.round(value).toLocaleString('en')} B`;
export const megabytes = (value) => `${(value / 1e6).toFixed(1)} MB`;
export const kilobytes = (value) => `${(value / 1e3).toFixed(1)} KB`;

/** Rows of cells in columns; the first row is the head. */
export function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) => row.map((cell, at) => (at ? cell.padStart(widths[at]) : cell.padEnd(widths[at]))).join('  ');
  return rows.map((row) => `  ${line(row)}`).join('\n');
}

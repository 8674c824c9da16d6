const NUMERIC = /^-?[\d.]+$/u;

/** Lines of an aligned table: numbers to the right, text to the left. No lines if there are no rows. */
export function table(header, rows) {
  if (rows.length === 0) {
    return [];
  }
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const numeric = header.map((_, column) => rows.every((row) => NUMERIC.test(row[column]) || row[column] === '-'));
  const line = (cells) =>
    cells
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd();
  return ['', line(header), ...rows.map((row) => line(row))];
}

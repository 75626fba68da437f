// Formats tables for people.

const widthMax = 120;

/**
 * @param rows the first one has the column heads
 * @param right the right-aligned columns, as for numbers
 * @returns a line for each row. A very long cell exceeds its column, because padding all rows to
 *   the length of a hostile site's cell could take gigabytes
 */
export function tableOf(
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries())
      widths[at] = Math.max(widths[at] ?? 0, Math.min(cell.length, widthMax));
  }
  return rows.map((row) =>
    row
      .map((cell, at) =>
        right.has(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}

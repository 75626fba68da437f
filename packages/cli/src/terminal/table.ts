// Columns of text for people.

const widthMax = 120;

/**
 * @param rows the first has the heads
 * @param right the columns whose text stands at their right end, as numbers do
 * @returns a line for each row, with two spaces between columns and none at the end. A cell that is very long, as a hostile
 *   site may send, stands out of its column: padding every row to it would take gigabytes
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

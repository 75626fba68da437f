// How measured figures are summed up and printed.
import { availableParallelism, loadavg } from "node:os";

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** @returns the smallest value that the share of all values do not exceed; 0 of none */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? 0;
}

export const counted = (value: number): string => Math.round(value).toLocaleString("en");

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return `${line(head)}|${"---|".repeat(head.length)}\n${rows.map(line).join("")}`;
}

/** Whatever else runs on the machine is in all latencies: its load now, before the bench adds to it. */
export function machineSaid(): string {
  const [load = 0] = loadavg();
  return `${availableParallelism()} cores, load ${load.toFixed(1)} before the run`;
}

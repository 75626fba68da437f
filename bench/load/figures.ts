// How measured figures are summed up and printed.
import { availableParallelism, loadavg } from "node:os";

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** @returns the smallest value that the share of all values do not exceed; 0 of none */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? 0;
}

/**
 * Where the median of all that could be measured lies, in 19 cases of 20, whatever its distribution:
 * the interval of the sign test.
 *
 * @returns least and largest value for fewer than six, which cannot tell; zeros of none
 */
export function medianInterval(values: readonly number[]): [lower: number, upper: number] {
  const sorted = values.toSorted((a, b) => a - b);
  const [at, last] = [outsideCount(values.length), values.length - 1];
  return [sorted[at] ?? 0, sorted[last - at] ?? 0];
}

/** How many values may be left out on either side: a fair coin seldom shows no more heads. */
function outsideCount(count: number): number {
  let chance = 0.5 ** count;
  let chanceOfNoMore = chance;
  let heads = 0;
  while (chanceOfNoMore <= 0.025) {
    chance *= (count - heads) / (heads + 1);
    chanceOfNoMore += chance;
    heads += 1;
  }
  return Math.max(0, heads - 1);
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

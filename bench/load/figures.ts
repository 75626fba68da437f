// Summarises and formats measured figures.
import { availableParallelism, loadavg } from "node:os";

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/**
 * @returns the smallest value such that at least this share of all values is not greater; 0 for an
 *   empty array
 */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1] ?? 0;
}

/**
 * Returns the 95 % confidence interval of the median by the sign test, which makes no assumption
 * about the distribution. Six values are needed: for fewer values, returns their minimum and
 * maximum, and zeros for an empty array.
 */
export function medianInterval(values: readonly number[]): [lower: number, upper: number] {
  const sorted = values.toSorted((a, b) => a - b);
  const [at, last] = [outsideCount(values.length), values.length - 1];
  return [sorted[at] ?? 0, sorted[last - at] ?? 0];
}

/**
 * Returns the number of values to omit on either side. By the binomial distribution, the median is
 * rarely outside the remaining values.
 */
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

export const mebibytes = (bytes: number): string => `${counted(bytes / 1_048_576)} MiB`;

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return `${line(head)}|${"---|".repeat(head.length)}\n${rows.map(line).join("")}`;
}

/** Describes the machine's cores and its load before the bench, which affect all latencies. */
export function machineSaid(): string {
  const [load = 0] = loadavg();
  return `${availableParallelism()} cores, load ${load.toFixed(1)} before the run`;
}

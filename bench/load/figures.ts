// Summarises and formats measured figures, and writes them into a document.
import { readFile, writeFile } from "node:fs/promises";
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

/**
 * Writes text between `<!-- begin: name -->` and `<!-- end: name -->`.
 *
 * @param name the command that writes it, such as "npm run bench -- cost"
 * @throws Error and changes nothing, unless the file has each marker once, in this order
 */
export async function replaceMarkedPart(path: string, name: string, text: string): Promise<void> {
  const [begin, end] = [`<!-- begin: ${name} -->`, `<!-- end: ${name} -->`];
  const document = await readFile(path, "utf8");
  const [before, between, ...twice] = document.split(begin);
  const [former, after, ...endedTwice] = between?.split(end) ?? [];
  const isMarked = former !== undefined && after !== undefined && before !== undefined;
  if (!isMarked || before.includes(end) || twice.length + endedTwice.length > 0) {
    throw new Error(`${path} needs one line ${begin} and, below it, one line ${end}.`);
  }
  // Keep the indentation of the first line.
  const part = text.replace(/^\n+/, "").trimEnd();
  await writeFile(path, `${before}${begin}\n\n${part}\n\n${end}${after}`);
}

// Prometheus' text format 0.0.4.

/** The content type of a scrape. */
export const textFormatType = "text/plain; version=0.0.4; charset=utf-8";

/** The description of a metric family. */
export interface FamilyHead {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly name: string;
  readonly help: string;
  /** The names of the labels. */
  readonly labels: readonly string[];
}

/** The value of one series. */
export interface Sample {
  /** The label values, in the order of the family's label names. */
  readonly labels: readonly string[];
  readonly value: number;
}

/** The counts and the sum of a histogram, for one set of label values. */
export interface Distribution {
  readonly labels: readonly string[];
  /** The count of each bucket, not cumulative. One more count is for durations above all bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Returns the head and a line per sample; an empty string for a family without samples. */
export function familyText(head: FamilyHead, samples: readonly Sample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ labels, value }) => line(head.name, pairs(head, labels), value));
  return headText(head) + lines.join("");
}

/**
 * Returns the head, and each distribution's cumulative buckets, sum and count.
 *
 * @param boundsSeconds the upper bounds, one fewer than counts
 */
export function histogramText(
  head: FamilyHead,
  boundsSeconds: readonly number[],
  distributions: readonly Distribution[],
): string {
  if (distributions.length === 0) return "";
  const bounds = [...boundsSeconds.map(boundText), "+Inf"];
  let text = headText(head);
  for (const { labels, counts, sum } of distributions) {
    const own = pairs(head, labels);
    // Build this prefix once, because a site has thousands of these lines.
    const bucket = `${head.name}_bucket{${own.map((pair) => `${pair},`).join("")}le="`;
    let count = 0;
    for (const [index, bound] of bounds.entries()) {
      count += counts[index] ?? 0;
      text += `${bucket}${bound}"} ${count}\n`;
    }
    text += line(`${head.name}_sum`, own, sum) + line(`${head.name}_count`, own, count);
  }
  return text;
}

function headText({ name, help, kind }: FamilyHead): string {
  const text = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return `# HELP ${name} ${text}\n# TYPE ${name} ${kind}\n`;
}

function pairs({ labels: names }: FamilyHead, values: readonly string[]): string[] {
  return names.map((name, index) => `${name}="${escaped(values[index] ?? "")}"`);
}

function line(name: string, labels: readonly string[], value: number): string {
  const braced = labels.length === 0 ? "" : `{${labels.join(",")}}`;
  return `${name}${braced} ${value}\n`;
}

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

/** Formats a bound with six digits, which keep all bounds distinct. */
const boundText = (seconds: number): string => String(Number(seconds.toPrecision(6)));

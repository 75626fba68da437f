// Parses samples in Prometheus's format, adds them up by labels, and computes percentiles of
// histograms.

export type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

export class Scraped {
  readonly #samples: readonly Sample[];

  /** @throws Error for a line that is neither a comment nor a sample */
  constructor(text: string) {
    const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    this.#samples = lines.map(sampleIn);
  }

  /** @returns the sum of a counter's samples with these labels; 0 if there are none */
  sum(name: string, labels: Labels = {}): number {
    return this.#of(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  /** @returns each value of a label in a counter's samples */
  valuesOf(name: string, label: string): string[] {
    return [...new Set(this.#of(name, {}).map(({ labels }) => labels[label] ?? ""))];
  }

  /**
   * @param name the name of a histogram, without `_bucket`
   * @returns the upper bounds of its buckets in seconds, the last infinite, and the count of each
   */
  buckets(name: string, labels: Labels): { boundSeconds: number; count: number }[] {
    const upTo = new Map<number, number>();
    for (const { labels: own, value } of this.#of(`${name}_bucket`, labels)) {
      const bound = own["le"] === "+Inf" ? Infinity : Number(own["le"]);
      upTo.set(bound, (upTo.get(bound) ?? 0) + value);
    }
    let below = 0;
    return [...upTo]
      .toSorted(([a], [b]) => a - b)
      .map(([boundSeconds, count]) => {
        const own = count - below;
        below = count;
        return { boundSeconds, count: own };
      });
  }

  #of(name: string, labels: Labels): Sample[] {
    return this.#samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  }
}

function sampleIn(line: string): Sample {
  const [, name, braced = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined) throw new Error(`This line is not a sample: ${line}`);
  const labels = [...braced.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, label = "", text = ""]) => [label, text] as const,
  );
  return { name, labels: Object.fromEntries(labels), value: Number(value) };
}

/**
 * @returns the index of the first bucket such that it and the buckets below contain at least this
 *   share of all values; -1 if there are no values
 */
export function bucketOfQuantile(
  buckets: readonly { readonly count: number }[],
  share: number,
): number {
  const all = buckets.reduce((sum, { count }) => sum + count, 0);
  let upTo = 0;
  return buckets.findIndex(({ count }) => (upTo += count) > 0 && upTo >= Math.ceil(share * all));
}

/** @returns the index of the bucket of a duration. The upper bound of a bucket is included */
export function bucketIn(
  buckets: readonly { readonly boundSeconds: number }[],
  seconds: number,
): number {
  return buckets.findIndex(({ boundSeconds }) => seconds <= boundSeconds);
}

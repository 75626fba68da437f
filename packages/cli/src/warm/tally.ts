// Counts the results of a run by address, with reasons and failures.
import type { WarmResult } from "../../../../src/protocol/answers.ts";

export const results: readonly WarmResult[] = [
  "already",
  "warmed",
  "not-stored",
  "passed-by",
  "failed",
];

export interface Failure {
  readonly what: string;
  /** The site or colo that was requested. */
  readonly address: string;
  readonly status?: number;
  readonly why: string;
}

interface NotedPage {
  /** A path, or a key. */
  readonly what: string;
  readonly result: WarmResult;
  readonly status?: number | undefined;
  readonly why?: string | undefined;
}

const failuresMax = 1_000;
/** Limits the reasons, because Cache-Status may contain names that origins and clients choose. */
const reasonsMax = 50;

export class Tally {
  readonly addresses: readonly string[];
  /** The first failures. */
  readonly failures: Failure[] = [];
  /** Counts by reason, such as "not-stored: set-cookie". */
  readonly reasons = new Map<string, number>();
  readonly #counts: readonly Record<WarmResult, number>[];

  constructor(addresses: readonly string[]) {
    this.addresses = addresses;
    this.#counts = addresses.map(() => ({
      already: 0,
      warmed: 0,
      "not-stored": 0,
      "passed-by": 0,
      failed: 0,
    }));
  }

  note(addressAt: number, { what, result, status, why = "no reason given" }: NotedPage): void {
    const counts = this.#counts[addressAt];
    if (counts === undefined) throw new RangeError(`There is no address ${addressAt}.`);
    counts[result] += 1;
    if (result === "already" || result === "warmed") return;
    const reason = `${result}: ${why}`;
    const isKnown = this.reasons.has(reason) || this.reasons.size < reasonsMax;
    const counted = isKnown ? reason : `${result}: other reasons`;
    this.reasons.set(counted, (this.reasons.get(counted) ?? 0) + 1);
    if (result !== "failed" || this.failures.length === failuresMax) return;
    const address = this.addresses[addressAt] ?? "";
    this.failures.push({ what, address, why, ...(status !== undefined && { status }) });
  }

  of(addressAt: number): Readonly<Record<WarmResult, number>> | undefined {
    return this.#counts[addressAt];
  }

  sum(result: WarmResult): number {
    return this.#counts.reduce((sum, counts) => sum + counts[result], 0);
  }
}

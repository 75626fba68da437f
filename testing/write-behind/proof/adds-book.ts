// Records the adds of one counter and their outcomes. Checks whether these outcomes allow the
// values of reads and the totals in the database.
import type { OneAdd, Told } from "./calls.ts";

export interface Violation {
  readonly rule:
    | "accepted-missing"
    | "counted-beyond-sent"
    | "no-such-sum"
    | "read-below"
    | "read-above"
    | "database-differs"
    | "loss-uncounted"
    | "call-uncounted"
    | "held-too-much"
    | "never-flushed"
    | "call-failed";
  readonly what: string;
}

interface KeyBook {
  sent: number;
  accepted: number;
  refused: number;
  /** The amount of each add in doubt. These amounts determine the possible totals. */
  readonly doubtful: number[];
  /** The largest value of a read. */
  read: number;
}

export interface Judged {
  readonly violations: readonly Violation[];
  /** The number of keys without an add in doubt, whose total is known exactly. */
  readonly exactCount: number;
  /** The number of keys whose total must be the accepted adds plus any of the adds in doubt. */
  readonly sumCount: number;
  /** The number of keys for which only the minimum and maximum are known. */
  readonly boundedCount: number;
}

export class AddsBook {
  readonly #set: string;
  readonly #keys: readonly KeyBook[];
  readonly callCounts = { sent: 0, accepted: 0, refused: 0, "in-doubt": 0 };

  constructor(set: string, keyCount: number) {
    this.#set = set;
    this.#keys = Array.from({ length: keyCount }, () => {
      return { sent: 0, accepted: 0, refused: 0, doubtful: [], read: 0 };
    });
  }

  /** Records adds before they are sent, because a read may see them from then on. */
  send(adds: readonly OneAdd[]): void {
    this.callCounts.sent += adds.length;
    for (const [key, by] of adds) this.#of(key).sent += by;
  }

  /** Reverts `send`, because no place received the adds. */
  unsend(adds: readonly OneAdd[]): void {
    this.callCounts.sent -= adds.length;
    for (const [key, by] of adds) this.#of(key).sent -= by;
  }

  tell(adds: readonly OneAdd[], told: readonly Told[]): void {
    for (const [at, [key, by]] of adds.entries()) {
      const outcome = told[at] ?? "in-doubt";
      const book = this.#of(key);
      this.callCounts[outcome] += 1;
      if (outcome === "in-doubt") book.doubtful.push(by);
      else book[outcome] += by;
    }
  }

  /** @returns the minimum values of a read that begins now */
  least(keys: readonly number[]): readonly number[] {
    return keys.map((key) => Math.max(this.#of(key).accepted, this.#of(key).read));
  }

  /** Records the values of a read that ends now. */
  read(
    keys: readonly number[],
    { least, values }: { least: readonly number[]; values: readonly number[] },
  ): Violation[] {
    return keys.flatMap((key, at): Violation[] => {
      const book = this.#of(key);
      const [value = Number.NaN, leastOne = 0] = [values[at], least[at]];
      const most = book.sent - book.refused;
      book.read = Math.max(book.read, value);
      const what = `${this.#set}/${key} was read as ${value}; it is ${leastOne} to ${most}.`;
      if (value > most) return [{ rule: "read-above", what }];
      return value >= leastOne ? [] : [{ rule: "read-below", what }];
    });
  }

  /** @param totals the values in the database after all slices are flushed */
  judge(totals: ReadonlyMap<number, number>): Judged {
    const violations: Violation[] = [];
    const counts = { exact: 0, sum: 0, bounded: 0 };
    for (const [key, book] of this.#keys.entries()) {
      const { how, rule } = judgedKey(book, totals.get(key) ?? 0);
      counts[how] += 1;
      if (rule === undefined) continue;
      const { accepted, refused, sent, doubtful, read } = book;
      const known = `accepted ${accepted}, refused ${refused}, sent ${sent}, read ${read}, in doubt ${doubtful.join(" ") || "none"}`;
      const what = `${this.#set}/${key} is ${totals.get(key) ?? 0} in the database: ${known}.`;
      violations.push({ rule, what });
    }
    const { exact, sum, bounded } = counts;
    return { violations, exactCount: exact, sumCount: sum, boundedCount: bounded };
  }

  #of(key: number): KeyBook {
    const book = this.#keys[key];
    if (book === undefined) throw new Error(`${this.#set} has no key ${key}.`);
    return book;
  }
}

function judgedKey(
  { sent, accepted, refused, doubtful, read }: KeyBook,
  total: number,
): { how: "exact" | "sum" | "bounded"; rule?: Violation["rule"] } {
  const doubt = doubtful.reduce((sum, by) => sum + by, 0);
  const isAllTold = sent === accepted + refused + doubt;
  const isSum = isAllTold && doubtful.length <= summandsMax;
  const how = !isSum ? "bounded" : doubtful.length === 0 ? "exact" : "sum";
  if (total < Math.max(accepted, read)) return { how, rule: "accepted-missing" };
  if (total > sent - refused) return { how, rule: "counted-beyond-sent" };
  if (how === "sum" && !isSumOfSome(total - accepted, doubtful)) {
    return { how, rule: "no-such-sum" };
  }
  return { how };
}

/** The maximum number of summands: with more, nearly every number is a possible sum. */
const summandsMax = 28;

/**
 * Returns whether a number is the sum of any of the amounts, or 0. Computes the sums of two halves
 * of the amounts separately, because a half has far fewer sums.
 */
export function isSumOfSome(wanted: number, amounts: readonly number[]): boolean {
  const half = amounts.length >> 1;
  const others = new Set(sumsOf(amounts.slice(half)));
  return sumsOf(amounts.slice(0, half)).some((sum) => others.has(wanted - sum));
}

function sumsOf(amounts: readonly number[]): number[] {
  let sums = [0];
  for (const amount of amounts) sums = sums.concat(sums.map((sum) => sum + amount));
  return sums;
}

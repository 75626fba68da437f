// Records one value in parts: the states of its source, the reads of it, and the states that no
// answer may contain any more.
import type { Parted } from "./simulated-store.ts";

export type PartName = keyof Parted;
export const partNames: readonly PartName[] = ["title", "text", "views"];

/** The number of the source's changes that each part reflects. */
export type Versions = Readonly<Record<PartName, number>>;

export const noVersions: Versions = { title: 0, text: 0, views: 0 };

/** Returns the newer version of each part. */
export function newest(one: Versions, other: Versions): Versions {
  const newer = (name: PartName) => Math.max(one[name], other[name]);
  return { title: newer("title"), text: newer("text"), views: newer("views") };
}

/** Fields that an isolate read from the source in order to set them. */
interface SourceRead {
  readonly versions: Versions;
  /** The versions that the setter knew as current before it began; everything older is purged. */
  readonly known: Versions;
}

/**
 * The base of the digits of increments: each increment has its own digit, which shows a double
 * count.
 */
const base = 4;
const incrementsMax = 12;
const firstOfRead = base ** incrementsMax;

export class FieldLedger {
  #source = noVersions;
  #changes = 0;
  readonly #reads: SourceRead[] = [];
  /** The number of increments begun. */
  incrementCount = 0;

  get source(): Versions {
    return this.#source;
  }

  change(names: readonly PartName[]): void {
    this.#changes += 1;
    const changed = names.map((name) => [name, this.#changes] as const);
    this.#source = { ...this.#source, ...Object.fromEntries(changed) };
  }

  /** Returns the source's current parts, each of which names this read. */
  read(names: readonly PartName[], known: Versions): Partial<Parted> {
    const nth = this.#reads.push({ versions: this.#source, known }) - 1;
    const parts: Parted = { title: String(nth), text: String(nth), views: nth * firstOfRead };
    return Object.fromEntries(names.map((name) => [name, parts[name]])) as Partial<Parted>;
  }

  /** @returns the amount of the increment; `undefined` after the maximum number */
  beginIncrement(): number | undefined {
    if (this.incrementCount >= incrementsMax) return undefined;
    this.incrementCount += 1;
    return base ** (this.incrementCount - 1);
  }

  /** @returns the faults of an answer, in which nothing may be older than `least` */
  faultsOf(answer: Partial<Parted>, least: Versions): string[] {
    const faults: string[] = [];
    const names = partNames.filter((name) => answer[name] !== undefined);
    const reads = names.map((name) => ({ name, read: this.#readOf(answer[name]) }));
    for (const { name, read } of reads) {
      if (read === undefined) faults.push(`${name} is of no read`);
      else if (read.versions[name] < least[name]) faults.push(`${name} is older than a purge`);
      for (const { name: other, read: otherRead } of reads) {
        if (read === undefined || otherRead === undefined) continue;
        if (read.versions[name] >= otherRead.known[name]) continue;
        faults.push(`${name} is older than a purge that whoever set ${other} knew`);
      }
    }
    if (answer.views !== undefined) faults.push(...this.#faultsOfCount(answer.views));
    return faults;
  }

  /** Returns whether the answer equals the current source. */
  isOfNow(answer: Partial<Parted>): boolean {
    return partNames.every((name) => {
      const part = answer[name];
      return part === undefined || this.#readOf(part)?.versions[name] === this.#source[name];
    });
  }

  #readOf(part: string | number | undefined): SourceRead | undefined {
    const nth = typeof part === "number" ? Math.floor(part / firstOfRead) : Number(part);
    return this.#reads[nth];
  }

  #faultsOfCount(views: number): string[] {
    const digits = (views % firstOfRead).toString(base).split("").toReversed();
    const faulty = digits.findIndex((digit, at) => {
      return digit !== "0" && (digit !== "1" || at >= this.incrementCount);
    });
    return faulty < 0 ? [] : [`increment ${faulty + 1} has counted ${digits[faulty]} times`];
  }
}

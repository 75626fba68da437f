// Records the states of the source of one hash, and the reads of the source. Checks which fields an
// answer may contain.
import type { Parted } from "./simulated-store.ts";

export type PartName = keyof Parted;
export const partNames: readonly PartName[] = ["title", "text", "views"];

/** For each part, the number of the change of the source that last changed it. */
export type Versions = Readonly<Record<PartName, number>>;

export const noVersions: Versions = { title: 0, text: 0, views: 0 };

/** Returns the newer version of each part. */
export function newest(one: Versions, other: Versions): Versions {
  const newer = (name: PartName) => Math.max(one[name], other[name]);
  return { title: newer("title"), text: newer("text"), views: newer("views") };
}

/** A read of the source by an isolate that then sets the fields. */
interface SourceRead {
  readonly versions: Versions;
  /** The oldest versions that may answer, by the purges that the setter knew before it began. */
  readonly known: Versions;
}

/**
 * The base of the amounts of increments. Each increment adds its own power of the base, so that its
 * digit shows how often it counted.
 */
const base = 4;
const incrementsMax = 12;
const firstOfRead = base ** incrementsMax;

export class FieldLedger {
  #source = noVersions;
  #changes = 0;
  readonly #reads: SourceRead[] = [];
  /** The number of increments that have begun. */
  incrementCount = 0;

  get source(): Versions {
    return this.#source;
  }

  change(names: readonly PartName[]): void {
    this.#changes += 1;
    const changed = names.map((name) => [name, this.#changes] as const);
    this.#source = { ...this.#source, ...Object.fromEntries(changed) };
  }

  /** Returns the current parts of the source. Each contains the number of this read. */
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

  /** @param least the oldest versions that may answer */
  faultsOf(answer: Partial<Parted>, least: Versions): string[] {
    const faults: string[] = [];
    const names = partNames.filter((name) => answer[name] !== undefined);
    const reads = names.map((name) => ({ name, read: this.#readOf(answer[name]) }));
    for (const { name, read } of reads) {
      if (read === undefined) faults.push(`${name} is from no read`);
      else if (read.versions[name] < least[name]) faults.push(`${name} is older than a purge`);
      for (const { name: other, read: otherRead } of reads) {
        if (read === undefined || otherRead === undefined) continue;
        if (read.versions[name] >= otherRead.known[name]) continue;
        faults.push(`${name} is older than a purge that the setter of ${other} knew`);
      }
    }
    if (answer.views !== undefined) faults.push(...this.#faultsOfCount(answer.views));
    return faults;
  }

  /** Returns whether each part of the answer has the version of the current source. */
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

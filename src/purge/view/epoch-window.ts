// The epochs that an isolate has fetched: the entries before and in its chain, by which it verifies old stamps
// without a question to the book (docs/purge-protocol-book.md, rule 27 j and k).
import { namesCovering } from "../journal/book.ts";
import type { EntryId } from "../journal/entry.ts";
import {
  type Epoch,
  epochDigest,
  epochOf,
  type EpochRange,
  epochSize,
  lineageIn,
  lineageText,
  epochNameChars,
  listsIn,
  numberedIn,
} from "../journal/epoch.ts";
import type { Chain } from "./chain.ts";
import { NameTable } from "./name-table.ts";
import type { PurgeSubject } from "./view-port.ts";

/** The limits of a window: a megabyte of lineages, and the names of 400,000 targets. */
const [entriesMax, namesBytesMax] = [131_072, 4_194_304];

/** The epochs of one read: 16,128 entries, in a reply of some 300 KB if each has one name. */
const epochsPerRead = 256;

/** Consecutive entries with known names, but for the first. */
interface Run {
  readonly from: number;
  readonly to: number;
  /** The lists of names in each epoch, newest epoch first. */
  readonly lists: readonly (readonly string[])[];
}

const nothing: Run = { from: 0, to: 0, lists: [] };

export class EpochWindow {
  /** The lineages of each epoch. */
  readonly #lineages = new Map<number, string>();
  #lastNumbers = new NameTable();
  /** The window has the lineages of the entries `from` to `to`, and the names of those after `from`. */
  #from = 0;
  #to = 0;
  /** No read extends the window to entries before this one, because the window had too many. */
  #least = 0;
  /** The last result of `joint`, for a chain with this last entry. */
  #joint: { readonly end: EntryId | undefined; readonly place: EntryId | undefined } | undefined;

  /**
   * Returns the entry of the chain up to which no entry after the record's stamp names the record. Returns `undefined`
   * if the window cannot tell.
   */
  verifiedUpTo(record: PurgeSubject, chain: Chain): EntryId | undefined {
    const { stamp } = record;
    const joint = this.joint(chain);
    const since = stamp === "none" ? 0 : this.#heldNumber(stamp);
    if (joint === undefined || since === 0 || since >= numberOf(joint)) return undefined;
    const isNamed = (name: string) => this.#lastNumbers.get(epochDigest(name)) > since;
    return namesCovering(record).some(isNamed) ? undefined : joint;
  }

  /** Returns the chain's newest entry that the window also has. All entries before it are then the same. */
  joint({ entries, floor }: Chain): EntryId | undefined {
    const end = entries.at(-1);
    if (this.#joint?.end !== end) {
      const entry = entries[Math.min(this.#to - numberOf(floor), entries.length - 1)];
      const isHeld = entry !== undefined && this.#heldNumber(entry) > 0;
      const place = isHeld ? { position: entry.position, n: entry.n } : undefined;
      this.#joint = { end, place };
    }
    return this.#joint?.place;
  }

  /** Returns the number of an entry of which the window has the lineage; else 0. */
  #heldNumber({ n }: EntryId): number {
    const { number = 0, line = 0 } = numberedIn(n) ?? {};
    if (number < this.#from || number > this.#to || line === 0) return 0;
    const lineages = this.#lineages.get(epochOf(number)) ?? "";
    return lineageIn(lineages, number) === lineageText(line) ? number : 0;
  }

  /** Returns the epochs to read next for a stamp before the chain; `undefined` if no read may help. */
  lacking(stamp: EntryId, chain: Chain): EpochRange | undefined {
    const [since, end] = [numberOf(stamp), numberOf(chain.end)];
    if (since === 0 || since >= end) return undefined;
    const isJoined = this.joint(chain) !== undefined;
    if (isJoined && (since >= this.#from || this.#from <= this.#least)) return undefined;
    const last = epochOf(isJoined ? this.#from : end);
    const oldest = isJoined ? Math.max(since, this.#least) : since;
    const first = Math.max(epochOf(oldest), last - epochsPerRead + 1);
    // Read the last known epoch again, to which the newer ones must join.
    const isNear = !isJoined && epochOf(this.#to) >= first && epochOf(this.#to) <= last;
    return { first: isNear ? epochOf(this.#to) : first, last };
  }

  /**
   * Adds the epochs of a read. If they do not continue the window, they replace it.
   *
   * @param epochs consecutive epochs; `undefined` for those that the journal lacks
   * @returns whether the window has grown
   */
  take(first: number, epochs: readonly (Epoch | undefined)[]): boolean {
    const run = newestRun(first, epochs);
    if (run === nothing) return false;
    if (!this.#isContinuedBy(run, first, epochs)) this.#clear();
    const [from, to] = [this.#from, this.#to];
    for (const [at, lists] of run.lists.entries()) {
      const before = (epochOf(run.to) - at) * epochSize;
      for (let nth = lists.length; before + nth > run.from && nth > 0; nth -= 1) {
        const number = before + nth;
        if (number > from && number <= to) continue;
        this.#note(lists[nth - 1] ?? "", number);
      }
    }
    for (let epoch = epochOf(run.from); epoch <= epochOf(run.to); epoch += 1) {
      const { lineages = "" } = epochs[epoch - first] ?? {};
      // A lagging replica may have less of the last epoch than the window.
      const isLonger = lineages.length > (this.#lineages.get(epoch)?.length ?? 0);
      if (isLonger) this.#lineages.set(epoch, lineages);
    }
    this.#from = to === 0 ? run.from : Math.min(from, run.from);
    this.#to = Math.max(to, run.to);
    this.#joint = undefined;
    this.#trim();
    return to === 0 || this.#from < from || this.#to > to;
  }

  #note(list: string, number: number): void {
    for (let at = 0; at < list.length; at += epochNameChars) {
      this.#lastNumbers.note(epochDigest(list, at), number);
    }
  }

  /** Returns whether the run and the window have the last of their common entries with the same lineage. */
  #isContinuedBy(run: Run, first: number, epochs: readonly (Epoch | undefined)[]): boolean {
    const common = Math.min(run.to, this.#to);
    if (common < run.from || common < this.#from) return false;
    const held = this.#lineages.get(epochOf(common)) ?? "";
    const { lineages = "" } = epochs[epochOf(common) - first] ?? {};
    return held !== "" && lineageIn(held, common) === lineageIn(lineages, common);
  }

  #clear(): void {
    this.#lineages.clear();
    this.#lastNumbers = new NameTable();
    this.#from = this.#to = this.#least = 0;
  }

  /** Drops the oldest quarter of the window while it exceeds a limit. */
  #trim(): void {
    while (this.#to - this.#from > entriesMax || this.#lastNumbers.bytes > namesBytesMax) {
      this.#from += Math.ceil((this.#to - this.#from) / 4);
      this.#least = this.#from;
      this.#lastNumbers.forgetUpTo(this.#from);
      for (const epoch of this.#lineages.keys()) {
        if (epoch < epochOf(this.#from)) this.#lineages.delete(epoch);
      }
    }
  }
}

/** Returns the number in an `n`; 0 if it has none. */
function numberOf({ n }: EntryId): number {
  return numberedIn(n)?.number ?? 0;
}

/** Returns the newest consecutive entries of a read up to the first unknown names; `nothing` if there are none. */
function newestRun(first: number, epochs: readonly (Epoch | undefined)[]): Run {
  const lists: (readonly string[])[] = [];
  let [from, to] = [0, 0];
  for (let at = epochs.length - 1; at >= 0; at -= 1) {
    const epoch = epochs[at];
    const own = epoch === undefined ? [] : listsIn(epoch);
    // The newest epoch may still get entries.
    if (own.length === 0 && to === 0) continue;
    if (own.length < epochSize && to > 0) break;
    const before = (first + at) * epochSize;
    to ||= before + own.length;
    lists.push(own);
    const unknown = own.findLastIndex((list) => list.length % epochNameChars > 0);
    from = before + Math.max(unknown, 0) + 1;
    if (unknown >= 0) break;
  }
  return to === 0 ? nothing : { from, to, lists };
}

// Verifies records whose stamps are older than the view, by the journal's epochs (docs/internals/purge-protocol-epochs.md, rule 27).
// If no later entry names such a record, the record gets a stamp that the view knows.
import { restamp, type Stamp } from "../../cache/record/record.ts";
import type { EntryId } from "../journal/entry.ts";
import {
  type Epoch,
  epochDigest,
  epochOf,
  type EpochRange,
  epochSize,
  extentOf,
  firstEpochs,
  lineageChars,
  lineageIn,
  lineageText,
  epochNameChars,
  listEnd,
  listsFrom,
  numberedIn,
  numberOf,
} from "../journal/epoch.ts";
import { type Journal, pageCount, replyBytesMax } from "../journal/journal.ts";
import { hasName } from "../journal/target-names.ts";
import type { Chain } from "./chain.ts";
import { JoinedRuns } from "./joined-runs.ts";
import type { JournalTail } from "./journal-tail.ts";
import { NameTable } from "./name-table.ts";
import type { PurgeSubject } from "./view-port.ts";

/** The limits of a window: a megabyte of lineages, and the names of 400,000 targets. */
const [entriesMax, namesBytesMax] = [131_072, 4_194_304];

/** The epochs of a further read. The newest entries of the view, and then the last reply, show how many fit. */
const furtherEpochs = 256;

/** Consecutive entries with known names, but for the first. */
interface Run {
  readonly from: number;
  readonly to: number;
}

/** An entry that a chain and a window both have. */
interface Joint {
  readonly place: EntryId;
  readonly number: number;
}

export interface EpochChecksSettings {
  readonly journal: Pick<Journal, "epochs">;
  readonly nowAtMs: () => number;
  /** The timeout of a read that another request has begun. */
  readonly timeoutMs: number;
  /** The window. Default: an empty one. */
  readonly window?: EpochWindow | undefined;
}

/** The reads for one record, which suffice for the largest window. */
const readsMax = 16;

/** After a read without a result, so many records stay unverified without a read. */
const skippedMax = 64;

export class EpochChecks {
  readonly #settings: EpochChecksSettings;
  readonly #tail: Pick<JournalTail, "chain" | "head">;
  readonly #window: EpochWindow;
  readonly #reads: JoinedRuns;
  /** The stamp for which the next read is. */
  #wanted: Stamp = "none";
  #skipsLeft = 0;

  constructor(settings: EpochChecksSettings, tail: Pick<JournalTail, "chain" | "head">) {
    this.#settings = settings;
    this.#tail = tail;
    this.#window = settings.window ?? new EpochWindow();
    this.#reads = new JoinedRuns(settings, () => this.#read());
  }

  /** Reads epochs until they verify the record, or cannot. Requests share the reads. */
  async verify(record: PurgeSubject): Promise<void> {
    for (let reads = 0; reads < readsMax && !this.recall(record); reads += 1) {
      if (this.#lacking(record.stamp) === undefined) break;
      const { growth } = this.#window;
      this.#wanted = record.stamp;
      await this.#reads.ask({ waits: true });
      if (this.#window.growth === growth) break;
    }
    this.#skipsLeft = Math.max(0, this.#skipsLeft - 1);
  }

  /** Replaces a stamp from before the chain by that of the joint, if the epochs verify the record. Returns whether they do. */
  recall(record: PurgeSubject): boolean {
    const { chain, head } = this.#tail;
    if (head !== undefined) this.#window.take(head.first, head.epochs);
    this.#tail.head = undefined;
    const known = chain && this.#window.verifiedUpTo(record, chain);
    if (known !== undefined) restamp(record, known);
    return known !== undefined;
  }

  #lacking(stamp: Stamp): EpochRange | undefined {
    const { chain } = this.#tail;
    if (stamp === "none" || chain === undefined || this.#skipsLeft > 0) return undefined;
    return this.#window.lacking(stamp, chain);
  }

  async #read(): Promise<void> {
    const range = this.#lacking(this.#wanted);
    if (range === undefined) return;
    const read = await this.#settings.journal.epochs(range);
    if (read.kind !== "read") return;
    if (!this.#window.take(range.first, read.epochs)) this.#skipsLeft = skippedMax;
  }
}

/** The epochs that an isolate has read: entries before and in its chain. */
export class EpochWindow {
  /** The lineages of each epoch. */
  readonly #lineages = new Map<number, string>();
  #lastNumbers = new NameTable();
  /** The window has the lineages of the entries `from` to `to`, and the names of those after `from`. */
  #from = 0;
  #to = 0;
  /** No read extends the window to entries before this one: the window had too many, or a gap is before it. */
  #least = 0;
  /** How often a read has extended the window. */
  growth = 0;
  #epochsPerRead = furtherEpochs;
  /** The last result of `joint`, for a chain with this last entry. */
  #joined: { readonly end: EntryId | undefined; readonly joint: Joint | undefined } | undefined;
  /** The last judged stamp, and its number if the window has its lineage; else 0. Many records share a stamp. */
  #judged = { n: "", number: 0 };

  /**
   * Returns the entry of the chain up to which no entry after the record's stamp names the record. Returns `undefined`
   * if the window cannot tell.
   */
  verifiedUpTo(record: PurgeSubject, chain: Chain): EntryId | undefined {
    const { stamp } = record;
    const joint = this.joint(chain);
    if (joint === undefined || stamp === "none") return undefined;
    const { n } = stamp;
    if (this.#judged.n !== n) this.#judged = { n, number: this.#heldNumber(stamp) };
    const since = this.#judged.number;
    if (since === 0 || since >= joint.number) return undefined;
    const isNamed = (name: string) => this.#lastNumbers.get(epochDigest(name)) > since;
    return hasName(record, isNamed) ? undefined : joint.place;
  }

  /** Returns the chain's newest entry that the window also has. All entries before it are then the same. */
  joint({ entries, floor }: Chain): Joint | undefined {
    const end = entries.at(-1);
    if (this.#joined?.end !== end) {
      const entry = entries[Math.min(this.#to - numberOf(floor), entries.length - 1)];
      const number = entry === undefined ? 0 : this.#heldNumber(entry);
      const { position = "", n = "" } = entry ?? {};
      this.#joined = { end, joint: number > 0 ? { place: { position, n }, number } : undefined };
    }
    return this.#joined?.joint;
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
    if (isJoined) return { first: Math.max(epochOf(since), last - this.#epochsPerRead + 1), last };
    // Read the last known epoch again, to which the newer ones must join.
    const known = epochOf(this.#to);
    if (this.#to > 0 && last - known < this.#epochsPerRead)
      return { first: Math.min(known, last), last };
    const count = Math.min(firstEpochs, fitting(bytesPerEpoch(chain)));
    return { first: Math.max(epochOf(since), last - count + 1), last };
  }

  /**
   * Adds the epochs of a read. If they do not continue the window, they replace it.
   *
   * @param epochs consecutive epochs; `undefined` for those that the journal lacks
   * @returns whether the window has grown
   */
  take(first: number, epochs: readonly (Epoch | undefined)[]): boolean {
    const run = newestRun(first, epochs);
    if (run === undefined) return false;
    if (!this.#isContinuedBy(run, first, epochs)) this.#clear();
    const [from, to] = [this.#from, this.#to];
    for (let number = epochOf(run.from); number <= epochOf(run.to); number += 1) {
      const epoch = epochs[number - first];
      if (epoch !== undefined) this.#note(epoch, number);
    }
    this.#epochsPerRead = fitting(bytesOf(epochs) / epochs.length);
    this.#from = to === 0 ? run.from : Math.min(from, run.from);
    this.#to = Math.max(to, run.to);
    // The read has an older entry that the window cannot have.
    if (this.#from === run.from && run.from > first * epochSize + 1) this.#least = run.from;
    this.#joined = undefined;
    this.#judged = { n: "", number: 0 };
    this.#trim();
    const hasGrown = to === 0 || this.#from < from || this.#to > to;
    if (hasGrown) this.growth += 1;
    return hasGrown;
  }

  #note({ lineages, names }: Epoch, number: number): void {
    let [entry, from] = [number * epochSize, listsFrom];
    for (let end = listEnd(names, from); end >= 0; end = listEnd(names, from)) {
      entry += 1;
      for (let at = from; at < end; at += epochNameChars) {
        this.#lastNumbers.note(epochDigest(names, at), entry);
      }
      from = end + 1;
    }
    // A lagging replica may have less of the last epoch than the window.
    const isLonger = lineages.length > (this.#lineages.get(number)?.length ?? 0);
    if (isLonger) this.#lineages.set(number, lineages);
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

/** Returns how many epochs of a size a read may have. */
const fitting = (bytes: number) =>
  Math.max(1, Math.min(Math.floor(replyBytesMax / bytes), furtherEpochs));

const bytesOf = (epochs: readonly (Epoch | undefined)[]) =>
  epochs.reduce((sum, epoch = absent) => sum + epoch.lineages.length + epoch.names.length, 0);

/** Returns the size of an epoch whose entries have as many names as those of the chain. */
function bytesPerEpoch({ entries }: Chain): number {
  const newest = entries.slice(-pageCount);
  const names = newest.reduce(
    (sum, { targets }) => sum + targets.tags.length + targets.prefixes.length,
    0,
  );
  return epochSize * (lineageChars + 1 + (epochNameChars * names) / newest.length);
}

/** Returns the newest consecutive entries of a read up to the first unknown names; `undefined` if there are none. */
function newestRun(first: number, epochs: readonly (Epoch | undefined)[]): Run | undefined {
  let [from, to] = [0, 0];
  for (let at = epochs.length - 1; at >= 0; at -= 1) {
    const { count, unknownAt } = extentOf(epochs[at] ?? absent);
    // The newest epoch may still get entries.
    if (count === 0 && to === 0) continue;
    if (count < epochSize && to > 0) break;
    const before = (first + at) * epochSize;
    to ||= before + count;
    from = before + Math.max(unknownAt, 1);
    if (unknownAt > 0) break;
  }
  return to === 0 ? undefined : { from, to };
}

const absent: Epoch = { lineages: "", names: "" };

// Verifies records whose stamps are older than the view, by the journal's epochs (docs/purge-protocol-epochs.md,
// rule 27). If no later entry names such a record, the record gets a stamp that the view knows.
import { restamp, type Stamp } from "../../cache/record/record.ts";
import type { EpochRange } from "../journal/epoch.ts";
import type { Journal } from "../journal/journal.ts";
import type { Chain } from "./chain.ts";
import { EpochWindow } from "./epoch-window.ts";
import { JoinedRuns } from "./joined-runs.ts";
import type { PurgeSubject } from "./view-port.ts";

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
  /** Returns the view's present chain. */
  readonly #chain: () => Chain | undefined;
  readonly #window: EpochWindow;
  readonly #reads: JoinedRuns;
  /** The stamp for which the next read is. */
  #wanted: Stamp = "none";
  #skipsLeft = 0;

  constructor(settings: EpochChecksSettings, chain: () => Chain | undefined) {
    const { nowAtMs, timeoutMs: waitTimeoutMs } = settings;
    this.#settings = settings;
    this.#chain = chain;
    this.#window = settings.window ?? new EpochWindow();
    this.#reads = new JoinedRuns({ run: () => this.#read(), nowAtMs, waitTimeoutMs });
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
    const chain = this.#chain();
    const known = chain && this.#window.verifiedUpTo(record, chain);
    if (known !== undefined) restamp(record, known);
    return known !== undefined;
  }

  #lacking(stamp: Stamp): EpochRange | undefined {
    const chain = this.#chain();
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

// Looks up a key, for pages and for data: renews an old purge view, reads memory and then the lower tiers in
// order, and settles a doubt about what was found. A usable record is backfilled into the tiers above.
import type { TierName } from "../config/tier-names.ts";
import { type CacheRecord, discardBody } from "./record/record.ts";
import type { RecordKey } from "./record/record-key.ts";
import type { TierStack } from "./tiers/tier-stack.ts";
import type { Tier, TierRead, VaryMarker } from "./tiers/tier.ts";

/** A record, its tier, and the key under which the tier stores it. */
export interface Candidate<Detail> {
  readonly stored: CacheRecord<Detail>;
  readonly tier: TierName;
  readonly key?: RecordKey;
}

/** The first record that is enough, else the youngest, with the verdict on it. */
export interface LookupResult<Detail, V> {
  readonly candidate: Candidate<Detail>;
  readonly verdict: V;
}

/** A look-up, with the rules of its caller: HTTP, or an application. */
export interface LookupPolicy<Detail, V> {
  /** Changes when a marker is followed. */
  readonly key: RecordKey;
  /** The tiers to read. */
  readonly used: TierStack<Detail>;
  /**
   * Notes the arrival at the purge view.
   *
   * @returns a wait for a newer view; `undefined` if none is due (rule 15)
   */
  attend(): (() => Promise<void>) | undefined;
  /** Returns whether the switch forbids a look-up. Asked of the renewed view (rule 24). */
  isBypassed(): boolean;
  /** Renews the view if it cannot verify the record. Returns the renewal to wait for, if any. */
  seek(found: LookupResult<Detail, V>): Promise<void> | undefined;
  /** Moves the instant of all verdicts to now. */
  hasWaited(): void;
  /** Returns a record that this isolate has just fetched and not yet written to a tier. */
  underWay(): CacheRecord<Detail> | undefined;
  /** Reads memory synchronously. */
  inMemory(): TierRead<Detail>;
  /** Reads a lower tier. Verdicts from before this wait are outdated. */
  readFrom(tier: Tier<Detail>): Promise<TierRead<Detail>>;
  /** Lets `finding.lookIn` read a lower tier, or skips the tier. */
  ask(tier: Tier<Detail>, finding: Lookup<Detail, V>): Promise<unknown>;
  /** @returns whether the marker leads to another key; at most one does */
  follow(marker: VaryMarker): boolean;
  /** Returns false for a record that was invalidated. */
  isCurrent(stored: CacheRecord<Detail>): boolean;
  /** Returns whether the lower tiers are not worth reading. */
  isHopeless(): boolean;
  /** Judges a candidate as of the request's arrival, or of the end of the last wait. */
  judge(candidate: Candidate<Detail>): V;
  /** Returns whether no lower tier can have a better record. */
  isEnough(found: LookupResult<Detail, V>): boolean;
  /** Backfills the record into `above`, the tiers above the one that had it. */
  putInto(above: readonly Tier<Detail>[], found: LookupResult<Detail, V>): void;
}

type MayBeFound<Detail, V> = LookupResult<Detail, V> | undefined;

/**
 * Looks up a record. Returns without a promise if memory is enough. Reads each tier once, and once more
 * after a marker. Judges each candidate once, and again after a wait. Never rejects.
 *
 * @returns `undefined` if nothing is stored, or nothing may be looked up
 */
export function find<Detail, V>(
  sought: LookupPolicy<Detail, V>,
): MayBeFound<Detail, V> | Promise<MayBeFound<Detail, V>> {
  const renewed = sought.attend();
  if (renewed === undefined) return inTiers(sought);
  // Records that an old view cannot verify would cost look-ups in lower tiers, and a load.
  return renewed().then(() => {
    sought.hasWaited();
    return inTiers(sought);
  });
}

function inTiers<Detail, V>(
  sought: LookupPolicy<Detail, V>,
): MayBeFound<Detail, V> | Promise<MayBeFound<Detail, V>> {
  if (sought.isBypassed()) return undefined;
  const finding = new Lookup(sought);
  if (finding.inIsolate() || sought.isHopeless()) return verified(finding.found, sought);
  return finding.below().then((found) => verified(found, sought));
}

/** Waits for a newer view if the present one cannot verify the record. */
function verified<Detail, V>(
  found: MayBeFound<Detail, V>,
  sought: LookupPolicy<Detail, V>,
): MayBeFound<Detail, V> | Promise<MayBeFound<Detail, V>> {
  const renewing = found && sought.seek(found);
  if (renewing === undefined) return found;
  const { candidate } = found as LookupResult<Detail, V>;
  return renewing.then(() => {
    sought.hasWaited();
    return { candidate, verdict: sought.judge(candidate) };
  });
}

/** A look-up in progress. */
export class Lookup<Detail, V> {
  readonly #sought: LookupPolicy<Detail, V>;
  /** Memory's change count at the start. */
  readonly #beganAtCount: number;
  /** The first record that is enough, else the youngest so far. */
  found: LookupResult<Detail, V> | undefined = undefined;
  #hadInMemory = false;
  #isDone = false;
  /** The verdict in `found` is from before a wait. */
  #isOutdated = false;

  constructor(sought: LookupPolicy<Detail, V>) {
    this.#sought = sought;
    this.#beganAtCount = sought.used.memory.changeCount;
  }

  /** @returns whether this isolate's own records are enough */
  inIsolate(): boolean {
    const sought = this.#sought;
    this.#underWay();
    if (this.#isDone || !sought.used.usesMemory) return this.#isDone;
    let read = sought.inMemory();
    if (this.#follow(read)) {
      this.#underWay();
      if (this.#isDone) return true;
      read = sought.inMemory();
    }
    this.#hadInMemory = read.kind === "found";
    this.#take(read, sought.used.memory);
    return this.#isDone;
  }

  /** Reads the lower tiers in order. */
  async below(): Promise<LookupResult<Detail, V> | undefined> {
    const sought = this.#sought;
    for (const tier of sought.used.below) {
      if (!this.#isDone) await sought.ask(tier, this);
    }
    const best = this.found;
    if (best === undefined || !this.#isOutdated) return best;
    return { candidate: best.candidate, verdict: sought.judge(best.candidate) };
  }

  /** Reads a tier below memory, and backfills a record that is enough into the tiers above. */
  async lookIn(tier: Tier<Detail>): Promise<TierRead<Detail>["kind"]> {
    const before = this.found;
    let read = await this.#sought.readFrom(tier);
    if (this.#follow(read)) {
      this.#underWay();
      if (this.#isDone) return "found";
      read = await this.#sought.readFrom(tier);
    }
    this.#isOutdated = true;
    this.#take(read, tier);
    if (this.#isDone && this.found !== before) this.#backfill(tier);
    return read.kind;
  }

  #underWay(): void {
    const stored = this.#sought.underWay();
    if (stored !== undefined) this.#consider(stored, this.#sought.used.memory);
  }

  #follow(read: TierRead<Detail>): boolean {
    if (read.kind !== "found" || read.record.kind !== "vary") return false;
    return this.#sought.follow(read.record);
  }

  #take(read: TierRead<Detail>, tier: Tier<Detail>): void {
    if (read.kind !== "found" || read.record.kind !== "response") return;
    const { stored } = read.record;
    if (this.#sought.isCurrent(stored)) this.#consider(stored, tier);
    else discardBody(stored);
  }

  #consider(stored: CacheRecord<Detail>, { name: tier }: Tier<Detail>): void {
    const sought = this.#sought;
    const before = this.found?.candidate.stored;
    if (stored.metadata.respondedAtMs <= (before?.metadata.respondedAtMs ?? -Infinity)) {
      return discardBody(stored);
    }
    if (before !== undefined) discardBody(before);
    const candidate = { stored, tier, key: sought.key };
    this.found = { candidate, verdict: sought.judge(candidate) };
    this.#isOutdated = false;
    this.#isDone = sought.isEnough(this.found);
  }

  #backfill(from: Tier<Detail>): void {
    const { key, used } = this.#sought;
    const best = this.found;
    // A change in memory since then is younger than this record.
    if (best === undefined || used.memory.hasChanged(key, this.#beganAtCount)) return;
    const { body } = best.candidate.stored;
    // Memory cannot hold this body. It must not keep an older record either.
    if ("stream" in body && this.#hadInMemory) used.memory.remove(key);
    if (body.kind !== "blob") return;
    this.#sought.putInto(used.above(from), best);
  }
}

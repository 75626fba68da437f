// Finds what is stored under a key, and the verdict that its user reaches on it: first what is at
// hand, then the lower tiers in order. What answers is put into the tiers above the one that had it.
import type { TierName } from "../config/tier-names.ts";
import { type CacheRecord, discardBody } from "./record/record.ts";
import type { RecordKey } from "./record/record-key.ts";
import type { TierStack } from "./tiers/tier-stack.ts";
import type { Tier, TierRead, VaryMarker } from "./tiers/tier.ts";

/** A record, the tier that it was read from, and the key under which it stands there. */
export interface Candidate<Detail> {
  readonly stored: CacheRecord<Detail>;
  readonly tier: TierName;
  readonly key?: RecordKey;
}

/** The first that answers, else the youngest, with the verdict on it. */
export interface Found<Detail, V> {
  readonly candidate: Candidate<Detail>;
  readonly verdict: V;
}

/** What is looked for, and the rules of whoever looks: HTTP's, or an application's own. */
export interface Sought<Detail, V> {
  /** Another once a marker was followed. */
  readonly key: RecordKey;
  /** Those that may have it. */
  readonly used: TierStack<Detail>;
  /** What this isolate has just got, and no tier yet. */
  underWay(): CacheRecord<Detail> | undefined;
  /** Reads memory, without a promise. */
  inMemory(): TierRead<Detail>;
  /** Reads a lower tier; what is judged after that is judged anew. */
  readFrom(tier: Tier<Detail>): Promise<TierRead<Detail>>;
  /** Has a lower tier looked into by `finding.lookIn`, or passes it over. */
  ask(tier: Tier<Detail>, finding: Finding<Detail, V>): Promise<unknown>;
  /** @returns whether the marker leads to another key; at most one does */
  follow(marker: VaryMarker): boolean;
  /** Does such a record still count? */
  isCurrent(stored: CacheRecord<Detail>): boolean;
  /** Is nothing to be expected of the lower tiers? */
  isHopeless(): boolean;
  /** For the instant of arrival, or of the end of the last wait. */
  judge(candidate: Candidate<Detail>): V;
  /** Can no lower tier have anything better? */
  isEnough(found: Found<Detail, V>): boolean;
  /** Writes it into those tiers, which stand above the one that had it. */
  putInto(above: readonly Tier<Detail>[], found: Found<Detail, V>): void;
}

/**
 * Looks for a record: in memory at once, and without a promise where that is enough.
 *
 * @returns `undefined` where nothing is stored. Each tier is asked once, and once more where a marker
 *   led on. Each candidate is judged once, and anew after a wait.
 */
export function find<Detail, V>(
  sought: Sought<Detail, V>,
): Found<Detail, V> | undefined | Promise<Found<Detail, V> | undefined> {
  const finding = new Finding(sought);
  return finding.atHand() || sought.isHopeless() ? finding.found : finding.below();
}

/** One look-up under way. */
export class Finding<Detail, V> {
  readonly #sought: Sought<Detail, V>;
  /** Of memory's changes, when this began. */
  readonly #beganAtCount: number;
  /** The first that is enough, else the youngest so far. */
  found: Found<Detail, V> | undefined = undefined;
  #hadInMemory = false;
  #isDone = false;
  /** What was found last was judged before a wait. */
  #isOutdated = false;

  constructor(sought: Sought<Detail, V>) {
    this.#sought = sought;
    this.#beganAtCount = sought.used.memory.changeCount;
  }

  /** @returns whether what this isolate has is enough */
  atHand(): boolean {
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

  /** Asks the lower tiers in order. */
  async below(): Promise<Found<Detail, V> | undefined> {
    const sought = this.#sought;
    for (const tier of sought.used.below) {
      if (!this.#isDone) await sought.ask(tier, this);
    }
    const best = this.found;
    if (best === undefined || !this.#isOutdated) return best;
    return { candidate: best.candidate, verdict: sought.judge(best.candidate) };
  }

  /** Looks into a tier below memory, and puts what is enough into those above it. */
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
    // What came meanwhile is younger than what a lower tier had then.
    if (best === undefined || used.memory.hasChanged(key, this.#beganAtCount)) return;
    const { body } = best.candidate.stored;
    // What memory cannot take leaves nothing older there to answer in its place.
    if ("stream" in body && this.#hadInMemory) used.memory.remove(key);
    if (body.kind !== "blob") return;
    this.#sought.putInto(used.above(from), best);
  }
}

// Looks up a key, for pages and for data. A lookup first renews an old purge view. Then it reads
// memory and the lower tiers in order. If the view cannot verify the record, the lookup renews the
// view again, and has it read epochs. A sufficient record is backfilled into the tiers above.
import { inInvocation, inInvocationToEnd } from "../remote/invocation.ts";
import { type TierName, tierScopes } from "../config/tier-names.ts";
import { type CacheRecord, discardBody, type Stamp } from "./record/record.ts";
import type { RecordKey } from "./record/record-key.ts";
import type { TierStack } from "./tiers/tier-stack.ts";
import type { Tier, TierRead, VaryMarker } from "./tiers/tier.ts";

/** A record, its tier, and the key under which the tier stores it. */
export interface Candidate<Detail> {
  readonly stored: CacheRecord<Detail>;
  readonly tier: TierName;
  readonly key?: RecordKey;
}

/** The first sufficient record, or the youngest if none is sufficient, with its verdict. */
export interface LookupResult<Detail, V> {
  readonly candidate: Candidate<Detail>;
  readonly verdict: V;
}

/** A lookup, with the rules of its caller: HTTP, or an application. */
export interface LookupPolicy<Detail, V> {
  /** The key to read. It changes when a marker is followed. */
  readonly key: RecordKey;
  /** The tiers to read. */
  readonly used: TierStack<Detail>;
  /** Whether the lookup changes nothing: it renews no view, and backfills no tier. */
  readonly isPeek?: boolean;
  /**
   * Renews the purge view if due.
   *
   * @returns a function that waits for a newer view; `undefined` if no renewal is due (rule 15)
   */
  renewIfDue(): (() => Promise<void>) | undefined;
  /** Returns whether the switch forbids a lookup, by the renewed view (rule 24). Only pages have it. */
  isBypassed?(): boolean;
  /**
   * Renews the view if the view cannot verify the record. Returns the renewal to wait for, if any.
   */
  seek(found: LookupResult<Detail, V>): Promise<void> | undefined;
  /** Updates the instant of later verdicts, because the request has waited. */
  hasWaited(): void;
  /** Returns a record that this isolate has just fetched and has not yet written to a tier. */
  underWay(): CacheRecord<Detail> | undefined;
  /** Reads memory synchronously. */
  inMemory(): TierRead<Detail>;
  /** Reads a lower tier. Earlier verdicts are outdated afterwards. */
  readFrom(tier: Tier<Detail>): Promise<TierRead<Detail>>;
  /**
   * Reads a lower tier for several lookups, of which this is one. The results are in the order of the lookups.
   * Default: `readFrom` of each.
   */
  readAll?(all: readonly this[], tier: Tier<Detail>): Promise<readonly TierRead<Detail>[]>;
  /** Returns whether to skip a lower tier. */
  skips?(tier: Tier<Detail>): boolean;
  /** Receives the result of a read of a lower tier, and the best record so far. */
  hasRead?(
    tier: Tier<Detail>,
    kind: TierRead<Detail>["kind"],
    found: LookupResult<Detail, V> | undefined,
  ): void;
  /**
   * Follows a marker. Returns whether the marker leads to another key. A lookup follows at most one
   * marker.
   */
  follow?(marker: VaryMarker): boolean;
  /**
   * Returns false for a record that was requested before the last invalidation of its marker. Such
   * a record is discarded without a verdict.
   */
  isCurrent(stored: CacheRecord<Detail>): boolean;
  /** Returns whether reading the lower tiers is pointless. */
  isUncacheable?(): boolean;
  /**
   * Returns the verdict on a candidate, at the request's arrival or at the end of the last wait.
   */
  judge(candidate: Candidate<Detail>): V;
  /** Returns whether the record is sufficient, so that the lookup reads no further tier. */
  isEnough(found: LookupResult<Detail, V>): boolean;
  /**
   * Returns whether the record cannot be used at all. A usable record then replaces it, even if the
   * usable record seems older by the clocks of the writers. By default, the youngest record stays.
   */
  isUseless?(found: LookupResult<Detail, V>): boolean;
  /**
   * Writes the record of the tier `from` into tiers that lack it, or have it with an older stamp. Its body may be
   * a stream.
   */
  putInto(tiers: readonly Tier<Detail>[], found: LookupResult<Detail, V>, from: Tier<Detail>): void;
}

type MayBeFound<Detail, V> = LookupResult<Detail, V> | undefined;

/**
 * Looks up a record. Returns the result without a promise if memory has a sufficient record. Reads
 * each tier once, and once more after a marker. Judges each candidate once, and again after a wait.
 * Never rejects.
 *
 * @returns `undefined` if nothing is stored, or if the lookup is forbidden
 */
export function lookUp<Detail, V>(
  policy: LookupPolicy<Detail, V>,
): MayBeFound<Detail, V> | Promise<MayBeFound<Detail, V>> {
  return begin(policy, { act: (found) => found, run: inInvocation });
}

/**
 * Looks up a record, and passes it to `act`, after which the caller makes no calls. The calls of `act` count
 * for the invocation of the lookup.
 */
export function lookUpAndAct<Detail, V, Answer>(
  policy: LookupPolicy<Detail, V>,
  act: Act<Detail, V, Answer>,
): Answer | Promise<Answer> {
  return begin(policy, { act, run: inInvocationToEnd });
}

type Act<Detail, V, Answer> = (found: MayBeFound<Detail, V>) => Answer | Promise<Answer>;

interface LookupUse<Detail, V, Answer> {
  readonly act: Act<Detail, V, Answer>;
  readonly run: typeof inInvocation;
}

function begin<Detail, V, Answer>(
  policy: LookupPolicy<Detail, V>,
  use: LookupUse<Detail, V, Answer>,
): Answer | Promise<Answer> {
  const renewed = policy.isPeek === true ? undefined : policy.renewIfDue();
  if (renewed === undefined) return inTiers(policy, use);
  // Renew first, because records that the old view cannot verify would cost reads of lower tiers
  // and a load.
  return use.run(async () => {
    await renewed();
    policy.hasWaited();
    return inTiers(policy, use);
  });
}

function inTiers<Detail, V, Answer>(
  policy: LookupPolicy<Detail, V>,
  { act, run }: LookupUse<Detail, V, Answer>,
): Answer | Promise<Answer> {
  if (policy.isBypassed?.() === true) return act(undefined);
  const lookup = new Lookup(policy);
  if (lookup.inIsolate() || policy.isUncacheable?.() === true) {
    const found = lookup.verified();
    return found instanceof Promise ? found.then(act) : act(found);
  }
  return run(async () => act(await lookup.below()));
}

/**
 * Looks up several keys of the same tiers, which have no markers. Reads each tier in one turn for all
 * keys without a sufficient record. Never rejects.
 */
export async function lookUpMany<Detail, V>(
  policies: readonly LookupPolicy<Detail, V>[],
): Promise<readonly MayBeFound<Detail, V>[]> {
  const [first] = policies;
  const renewed = first?.renewIfDue();
  if (renewed !== undefined) {
    await renewed();
    for (const policy of policies) policy.hasWaited();
  }
  const lookups = policies.map((policy) => new Lookup(policy));
  let open = lookups.filter((lookup) => !lookup.inIsolate());
  for (const tier of first?.used.below ?? []) {
    if (open.length === 0) break;
    const asking = open.map(({ policy }) => policy);
    const reads = await (first?.readAll?.(asking, tier) ??
      Promise.all(asking.map((policy) => policy.readFrom(tier))));
    // All keys have waited, also those whose record is known.
    for (const lookup of lookups) lookup.hasWaited();
    for (const [at, read] of reads.entries()) open[at]?.take(read, tier);
    open = open.filter((lookup) => !lookup.isDone);
  }
  const found: MayBeFound<Detail, V>[] = [];
  for (const each of lookups.map((lookup) => lookup.verified())) {
    found.push(each instanceof Promise ? await each : each);
  }
  return found;
}

/** A lookup in progress. */
class Lookup<Detail, V> {
  readonly policy: LookupPolicy<Detail, V>;
  /** Whether the record in `#found` is sufficient. */
  isDone = false;
  /** Memory's `changeCount` at the start. */
  readonly #beganAtCount: number;
  /** The first sufficient record, or the youngest so far if none is sufficient. */
  #found: MayBeFound<Detail, V> = undefined;
  #hadInMemory = false;
  /** Whether the verdict in `#found` is from before a wait. */
  #isOutdated = false;

  constructor(policy: LookupPolicy<Detail, V>) {
    this.policy = policy;
    this.#beganAtCount = policy.used.memory.changeCount;
  }

  /** Reads this isolate's own records. Returns whether one of them is sufficient. */
  inIsolate(): boolean {
    const { policy } = this;
    this.#underWay();
    if (this.isDone || !policy.used.usesMemory) return this.isDone;
    let read = policy.inMemory();
    if (this.#follow(read)) {
      this.#underWay();
      if (this.isDone) return true;
      read = policy.inMemory();
    }
    this.#hadInMemory = read.kind === "found";
    this.#accept(read, policy.used.memory);
    return this.isDone;
  }

  /** Reads the lower tiers in order. */
  async below(): Promise<MayBeFound<Detail, V>> {
    const { policy } = this;
    for (const tier of policy.used.below) {
      if (this.isDone) break;
      if (policy.skips?.(tier) === true) continue;
      let read = await policy.readFrom(tier);
      if (this.#follow(read)) {
        this.#underWay();
        if (this.isDone) break;
        read = await policy.readFrom(tier);
      }
      this.take(read, tier);
    }
    return this.verified();
  }

  /** Makes later verdicts, and that of the record found so far, those of the present time. */
  hasWaited(): void {
    this.policy.hasWaited();
    this.#isOutdated = true;
  }

  /** Takes a record from a lower tier, and backfills it into the tiers above if it is sufficient. */
  take(read: TierRead<Detail>, tier: Tier<Detail>): void {
    const before = this.#found;
    this.#isOutdated = true;
    this.#accept(read, tier);
    if (this.isDone && this.#found !== before) this.#backfill(tier);
    this.policy.hasRead?.(tier, read.kind, this.#found);
  }

  /**
   * Returns the best record, after a wait for a newer view or epochs if the present view cannot verify it.
   * Backfills a record that the wait has made sufficient. Otherwise each request would read its tier again.
   */
  verified(): MayBeFound<Detail, V> | Promise<MayBeFound<Detail, V>> {
    const { policy } = this;
    if (this.#isOutdated) this.#judgeAgain();
    const found = this.#found;
    if (found === undefined || policy.isPeek === true) return found;
    const { stamp } = found.candidate.stored.metadata;
    const renewing = policy.seek(found);
    if (renewing === undefined) return found;
    return renewing.then(() => {
      policy.hasWaited();
      this.#judgeAgain();
      if (!this.isDone) this.#backfillVerified(stamp);
      return this.#found;
    });
  }

  /**
   * Also replaces the record in the colo's own tier, because other isolates would read epochs.
   *
   * @param before the stamp before the wait, which only a new stamp replaces
   */
  #backfillVerified(before: Stamp): void {
    const { policy } = this;
    const found = this.#found;
    const from = policy.used.below.find(({ name }) => name === found?.candidate.tier);
    if (found === undefined || from === undefined || !policy.isEnough(found)) return;
    const above = policy.used.above(from);
    const hasNewStamp = found.candidate.stored.metadata.stamp !== before;
    const isReplaced = hasNewStamp && tierScopes[from.name] === "colo";
    this.#backfill(from, isReplaced ? [...above, from] : above);
  }

  #judgeAgain(): void {
    if (this.#found === undefined) return;
    const { candidate } = this.#found;
    this.#found = { candidate, verdict: this.policy.judge(candidate) };
  }

  #underWay(): void {
    const stored = this.policy.underWay();
    if (stored !== undefined) this.#consider(stored, this.policy.used.memory);
  }

  #follow(read: TierRead<Detail>): boolean {
    if (read.kind !== "found" || read.record.kind !== "vary") return false;
    return this.policy.follow?.(read.record) === true;
  }

  #accept(read: TierRead<Detail>, tier: Tier<Detail>): void {
    if (read.kind !== "found" || read.record.kind !== "response") return;
    const { stored } = read.record;
    if (this.policy.isCurrent(stored)) this.#consider(stored, tier);
    else discardBody(stored);
  }

  #consider(stored: CacheRecord<Detail>, { name: tier }: Tier<Detail>): void {
    const { policy } = this;
    const before = this.#found?.candidate;
    const candidate = { stored, tier, key: policy.key };
    const atMs = before?.stored.metadata.respondedAtMs ?? -Infinity;
    const isYounger = stored.metadata.respondedAtMs > atMs;
    if (before !== undefined) {
      const mayReplace = isYounger || (this.#isUseless(before) && !this.#isUseless(candidate));
      if (!mayReplace) return discardBody(stored);
      discardBody(before.stored);
    }
    this.#found = { candidate, verdict: policy.judge(candidate) };
    this.#isOutdated = false;
    this.isDone = policy.isEnough(this.#found);
  }

  /** Judges the record again, because an earlier verdict may be outdated. */
  #isUseless(candidate: Candidate<Detail>): boolean {
    const { policy } = this;
    return policy.isUseless?.({ candidate, verdict: policy.judge(candidate) }) === true;
  }

  #backfill(from: Tier<Detail>, into = this.policy.used.above(from)): void {
    const { key, used, isPeek } = this.policy;
    const best = this.#found;
    if (isPeek === true) return;
    // A write or removal since the lookup began is more recent than this record.
    if (best === undefined || used.memory.hasChanged(key, this.#beganAtCount)) return;
    const { body } = best.candidate.stored;
    // Memory cannot hold this body, and must not keep an older record.
    if ("stream" in body && this.#hadInMemory) used.memory.remove(key);
    if (body.kind !== "absent") this.policy.putInto(into, best, from);
  }
}

// An isolate's view of the journal, by which it judges records. Decides when `JournalTail` reads.
import { bodyRequestedAtMs, restamp, type Stamp } from "../../cache/record/record.ts";
import { BoundedMarks } from "../../base/bounded-map.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { patiently } from "../../base/timeouts.ts";
import { decisive } from "./accepted-purges.ts";
import type { Chain } from "./chain.ts";
import { EpochChecks, type EpochWindow } from "./epoch-window.ts";
import { comparePositions, type Entry, type EntryId } from "../journal/entry.ts";
import { numberOf } from "../journal/epoch.ts";
import { type Journal, newestCount } from "../journal/journal.ts";
import { isBypassed } from "../journal/switch-state.ts";
import { JournalTail, type TailSettings } from "./journal-tail.ts";
import {
  type Requester,
  coverBy,
  type PurgeSubject,
  type JudgementAsk,
  type PurgeJudgement,
  type PurgeView,
  type Reach,
  usable,
} from "./view-port.ts";
import { type RenewalSettings, ViewRenewals } from "./view-renewals.ts";

export interface JournalViewSettings extends TailSettings, RenewalSettings {
  /** The window of epochs, for tests (rule 27). */
  readonly window?: EpochWindow;
  /** Returns whether the breaker of the journal is open. No request then waits for a renewal. */
  readonly isBreakerOpen?: () => boolean;
  /**
   * Receives accepted entries that no read has returned in time (rule 22). Also called if the switch
   * has lost a post (rule 24 g).
   */
  readonly onOverdue?: (entries: readonly Entry[]) => Promise<void>;
}

/** The size limit of the notes of entries that the chain lacks. */
const reachedBytesMax = 65_536;

export class JournalView implements PurgeView {
  readonly tail: JournalTail;
  readonly #settings: JournalViewSettings;
  readonly #renewals: ViewRenewals;
  readonly #epochs: EpochChecks;
  /** Accepted entries that the chain lacks even after a read on the primary, by `n`. */
  readonly #reached = new BoundedMarks<Reach>(reachedBytesMax);
  /** The questions that concurrent readers share, by `n`. */
  readonly #standing = new Map<string, ReturnType<Journal["standing"]>>();
  #soughtAtMs = -Infinity;

  constructor(settings: JournalViewSettings) {
    this.tail = new JournalTail(settings);
    this.#settings = settings;
    this.#renewals = new ViewRenewals(settings, this.tail, () => this.#lookForOverdue());
    this.#epochs = new EpochChecks(settings, this.tail);
  }

  get isBreakerOpen(): boolean {
    return this.#settings.isBreakerOpen?.() ?? false;
  }

  /** Whether hints of new entries arrive, and if not, why; `undefined` if nothing listens. */
  get hintsState(): string | undefined {
    return this.#renewals.hints?.state;
  }

  get failedAtMs(): number | undefined {
    return this.tail.failedAtMs;
  }

  bypasses(route: string): boolean {
    const { switched } = this.tail;
    return switched !== undefined && isBypassed(switched.bypass, route);
  }

  /** Renews the view if due (rule 15). A request waits only past N − A, and never for a probe. */
  renewIfDue(requester: Requester): (() => Promise<void>) | undefined {
    const { atMs } = requester;
    this.arrived(atMs);
    this.#renewals.hints?.lookIfDue(requester);
    if (!this.#renewals.isDue(atMs)) return undefined;
    const renewed = this.#renewals.begun(requester);
    return this.isRenewedFirst(atMs) ? renewed : undefined;
  }

  isRenewedFirst(atMs: number): boolean {
    return this.#renewals.isPast(atMs) && !this.isBreakerOpen;
  }

  /** Discards instants that were noted before the clock was set back (`ClockSteps`). */
  arrived(atMs: number): void {
    if (!this.tail.clock.isSetBackAt(atMs)) return;
    this.tail.forgetInstants(atMs);
    this.#renewals.forgetInstants();
    this.#soughtAtMs = -Infinity;
  }

  /** Renews the view at most once per N/4 if it may then know the stamp (rule 6). Then verifies the record (rule 27). */
  seek(requester: Requester, record?: PurgeSubject): Promise<void> | undefined {
    const { atMs } = requester;
    if (record !== undefined && this.tail.chain?.isAfter(record.stamp) === true)
      return this.#verified(record);
    const isDue = !isWithinMs(this.#settings.renewalLagMs / 4, this.#soughtAtMs, atMs);
    if (!isDue && !this.#renewals.areUnderWay) return this.#verified(record);
    if (isDue) this.#soughtAtMs = atMs;
    const renewed = this.#renewals.begun(requester, record?.stamp);
    return this.isBreakerOpen ? undefined : renewed().then(() => this.#verified(record));
  }

  /**
   * Returns whether the view reaches an entry that the journal has accepted. If the view lacks it, renews the view, and then
   * reads the journal on its primary, each once for all concurrent requests. Asks the primary about an entry that may
   * be before the view. Reads nothing for an entry of which such a read has told.
   */
  async reaches(place: EntryId, requester: Requester): Promise<Reach> {
    const isKnown = () => this.tail.chain?.knows(place) === true;
    if (isKnown()) return "reached";
    const noted = this.#reached.get(place.n);
    if (noted !== undefined) return noted;
    const renewed = this.#renewals.begun(requester, place);
    if (this.isBreakerOpen) return "lacks";
    await renewed();
    if (isKnown()) return "reached";
    const isWhole = await this.tail.readOnPrimary();
    if (!isWhole) return "lacks";
    if (isKnown()) return "reached";
    const reach = this.#reached.get(place.n) ?? (await this.#reachBefore(place));
    if (reach !== undefined) this.#reached.set(place.n, reach);
    return reach ?? "lacks";
  }

  /** Asks the journal about an entry that the chain may begin after; `undefined` if it does not tell. */
  async #reachBefore(place: EntryId): Promise<Reach | undefined> {
    const { floor } = this.tail.chain ?? {};
    if (floor === undefined || comparePositions(place.position, floor.position) > 0) return "lacks";
    const { journal, timeoutMs } = this.#settings;
    const asked = this.#standing.get(place.n) ?? journal.standing([place]);
    this.#standing.set(place.n, asked);
    const read = await patiently(asked, timeoutMs);
    this.#standing.delete(place.n);
    if (typeof read === "string" || read.kind === "unavailable") return undefined;
    return read.states[0] === "gone" ? "lacks" : "reached";
  }

  /**
   * Reads epochs for a stamp that is older than the chain, and the newest entries on the primary for one that is newer.
   * Reads nothing if the last read failed: a new stamp does not help an old view.
   */
  #verified(record?: PurgeSubject): Promise<void> | undefined {
    const { chain, failedAtMs } = this.tail;
    const hasFailed = failedAtMs !== undefined || this.isBreakerOpen;
    if (hasFailed || chain === undefined || record === undefined || record.stamp === "none")
      return undefined;
    if (chain.isAfter(record.stamp)) return this.#verifiedBefore(record, chain);
    const isNewer = numberOf(record.stamp) > numberOf(chain.end);
    return isNewer ? this.tail.readOnPrimary().then(() => undefined) : undefined;
  }

  /** Reads epochs. If they prove nothing, reads entries up to the stamp, if a view reads so far back. */
  async #verifiedBefore(record: PurgeSubject, { end }: Chain): Promise<void> {
    await this.#epochs.verify(record);
    const { stamp } = record;
    if (stamp === "none" || this.tail.chain?.isAfter(stamp) !== true) return;
    if (numberOf(stamp) > numberOf(end) - newestCount) await this.tail.readBack();
  }

  reachBack(sinceAtMs: number): Promise<void> | undefined {
    const mayHelp = !this.isBreakerOpen && this.tail.chain?.mayLackSince(sinceAtMs) === true;
    return mayHelp ? this.tail.readBack() : undefined;
  }

  /** Returns the stamp. Waits for the first view up to the journal's timeout (rule 1). */
  stamp(requester: Requester, how?: { readonly onPrimary: boolean }): Stamp | Promise<Stamp> {
    const { chain, clock } = this.tail;
    clock.noteAhead();
    if (chain !== undefined && how?.onPrimary !== true) return chain.end;
    return this.#stampAfterRead(requester, how);
  }

  async #stampAfterRead(
    requester: Requester,
    how: { readonly onPrimary: boolean } | undefined,
  ): Promise<Stamp> {
    if (this.tail.chain === undefined) {
      const renewed = this.#renewals.begun(requester);
      if (!this.isBreakerOpen) await renewed();
    }
    if (how?.onPrimary === true && !(await this.tail.readOnPrimary())) return "none";
    return this.tail.chain?.end ?? "none";
  }

  judge(record: PurgeSubject, ask: JudgementAsk): PurgeJudgement {
    const { chain, accepted, sentAtMs } = this.tail;
    const isClear = this.#isClear(record);
    const inChain = isClear ? undefined : chain?.purgeOf(record);
    const by = decisive(accepted.purgeOf(record), inChain);
    const purged = by && coverBy(by);
    const isKnown = isClear || chain?.knows(record.stamp) === true;
    if (purged?.mode === "hard") {
      // Rule 6 treats an unknown stamp as the oldest, but a newer view may contain it.
      const mayBeNewer = !isKnown && record.stamp !== "none";
      if (!mayBeNewer) return purged;
      return { kind: "unverified", why: "purge-in-doubt", covering: purged };
    }
    const isCurrent = isKnown && this.#isWithinBound(sentAtMs, ask);
    if (!isCurrent && !this.#isTrusted(record, ask)) {
      const whyUnknown = chain === undefined ? "no-view" : "stamp-unknown";
      const why = isKnown ? "view-too-old" : whyUnknown;
      return { kind: "unverified", why, covering: purged };
    }
    return purged ?? usable;
  }

  /**
   * Returns whether the chain knows the record's stamp, perhaps by the epochs, and no later entry covers the record. The
   * record then gets the view's end as its stamp (rule 27 b).
   */
  #isClear(record: PurgeSubject): boolean {
    const { chain } = this.tail;
    if (chain === undefined) return false;
    const isKnown = chain.isClear(record);
    if (!isKnown && !(chain.isAfter(record.stamp) && this.#epochs.recall(record))) return false;
    if (!isKnown && !chain.isClear(record)) return false;
    if (record.stamp !== chain.end) restamp(record, chain.end);
    return true;
  }

  /** Applies rule 23: a 304 after a hard purge could let the purged body answer again. */
  mayBeValidated(record: PurgeSubject, ask: Omit<JudgementAsk, "colo">): boolean {
    const { chain, accepted, sentAtMs } = this.tail;
    if (chain?.isAfter(record.stamp) === true) this.#epochs.recall(record);
    if (chain?.knows(record.stamp) !== true) return false;
    if (!this.#isWithinBound(sentAtMs, ask)) return false;
    return !chain.isPurgedByOrder(record) && !accepted.isPurgedByOrder(record);
  }

  /** Returns whether this colo requested the body recently (rule 7 b). */
  #isTrusted(record: PurgeSubject, ask: JudgementAsk): boolean {
    const { colo } = record;
    const atMs = bodyRequestedAtMs(record);
    const isYoung = this.#isWithinBound(atMs, ask) && !this.tail.clock.isInDoubt(atMs);
    return isYoung && colo !== "" && colo === ask.colo();
  }

  /** Applies rule 8. Ignores a failure older than N, because no read was tried since. */
  isUnreachable(ask: Pick<JudgementAsk, "atMs" | "maxLagMs">): boolean {
    const { failedAtMs, sentAtMs } = this.tail;
    if (failedAtMs === undefined || this.#isWithinBound(sentAtMs, ask)) return false;
    return isWithinMs(ask.maxLagMs, failedAtMs, ask.atMs);
  }

  /**
   * Applies rule 7. The limit for instants ahead of the clock bounds no answer. It shortens the time in which
   * instants from before an unnoticed step of the clock look recent.
   */
  #isWithinBound(instantMs: number, ask: Pick<JudgementAsk, "atMs" | "maxLagMs">): boolean {
    const { allowanceMs } = this.#settings;
    const ageMs = ask.atMs - instantMs;
    return ageMs >= -allowanceMs && ageMs <= ask.maxLagMs - allowanceMs;
  }

  purgedSince(record: PurgeSubject, sinceAtMs: number): boolean {
    const { chain, accepted } = this.tail;
    const inChainAtMs = chain?.lastPurgeAtMs(record) ?? -Infinity;
    return Math.max(inChainAtMs, accepted.lastPurgeAtMs(record)) >= sinceAtMs;
  }

  mayBePurgedSince(record: PurgeSubject, sinceAtMs: number): boolean {
    return this.tail.chain?.mayLackSince(sinceAtMs) === true || this.purgedSince(record, sinceAtMs);
  }

  mayPredatePurge(record: PurgeSubject, generatedAtMs: number): boolean {
    const { chain, accepted } = this.tail;
    const sinceAtMs = generatedAtMs - this.#settings.allowanceMs;
    // The chain has begun again during the load, and lacks entries from before the stamp.
    const isAfterLoss = record.stamp !== "none" && chain?.knows(record.stamp) === false;
    const isInChain = chain?.mayCoverSince(record, sinceAtMs) === true;
    return isAfterLoss || isInChain || accepted.lastPurgeAtMs(record) >= sinceAtMs;
  }

  /** The chain's entries, if the view is at most N − A old; else none. */
  get currentEntries(): readonly Entry[] {
    const { renewalLagMs: maxLagMs, nowAtMs } = this.#settings;
    const { chain, sentAtMs } = this.tail;
    const isCurrent = this.#isWithinBound(sentAtMs, { atMs: nowAtMs(), maxLagMs });
    return (isCurrent && chain?.entries) || [];
  }

  async #lookForOverdue(): Promise<void> {
    const { accepted, sentAtMs, isSwitchLost } = this.tail;
    const overdue = accepted.upTo(sentAtMs - this.#settings.renewalLagMs / 2);
    if (overdue.length > 0 || isSwitchLost) await this.#settings.onOverdue?.(overdue);
  }
}

// An isolate's view of the journal: a chain of entries and the time of their last read. Every use of a
// record consults it.
import { bodyRequestedAtMs, type Stamp } from "../../cache/record/record.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { AcceptedPurges, decisive } from "./accepted-purges.ts";
import type { Chain } from "./chain.ts";
import { ClockSteps } from "./clock-steps.ts";
import { acceptedAtMs, comparePositions, type Entry } from "../journal/entry.ts";
import { isBypassed, type SwitchState } from "../journal/switch-state.ts";
import { JoinedRuns } from "./joined-runs.ts";
import { type FollowingSettings, JournalFollower } from "./journal-follower.ts";
import {
  type Attention,
  type PurgeSubject,
  type JudgementAsk,
  type PurgeCover,
  type PurgeJudgement,
  type PurgeView,
  usable,
} from "./view.ts";
import { type RenewalSettings, ViewRenewals } from "./view-renewals.ts";

export interface JournalViewSettings extends FollowingSettings, RenewalSettings {
  /** Detects a clock that was set back. Default: an instance of its own. */
  readonly clock?: ClockSteps;
  /** Returns whether the journal is shut off. A renewal is then a probe, and no answer waits for it. */
  readonly isShutOff?: () => boolean;
  /** Receives entries accepted here that should have been read by now. They may be lost (rule 22). */
  readonly onOverdue?: (entries: readonly Entry[]) => Promise<void>;
}

export class JournalView implements PurgeView {
  readonly #settings: JournalViewSettings;
  readonly follower: JournalFollower;
  readonly #accepted = new AcceptedPurges();
  readonly #catchUps: JoinedRuns;
  readonly #clock: ClockSteps;
  readonly #renewals: ViewRenewals;
  #soughtAtMs = -Infinity;

  constructor(settings: JournalViewSettings) {
    this.#settings = settings;
    const { nowAtMs, allowanceMs, timeoutMs: waitTimeoutMs } = settings;
    this.#clock = settings.clock ?? new ClockSteps(allowanceMs);
    this.follower = new JournalFollower(settings, this.#accepted, this.#clock);
    const run = () => this.follower.readOn();
    this.#catchUps = new JoinedRuns({ run, nowAtMs, waitTimeoutMs });
    const behind = () => this.#lookForOverdue();
    this.#renewals = new ViewRenewals(settings, this.follower, behind);
  }

  get isShutOff(): boolean {
    return this.#settings.isShutOff?.() ?? false;
  }

  get chain(): Chain | undefined {
    return this.follower.chain;
  }

  get sentAtMs(): number {
    return this.follower.sentAtMs;
  }

  get lag(): JournalFollower["lag"] {
    return this.follower.lag;
  }

  get failedAtMs(): number | undefined {
    return this.follower.failedAtMs;
  }

  /** The last known post: this isolate's own until a read brings it or a newer one (rule 24 e). */
  get switched(): SwitchState | undefined {
    const own = this.#accepted.switchedAfter(this.chain?.end.position ?? "");
    return own ?? this.follower.switched;
  }

  bypasses(route: string): boolean {
    const { switched } = this;
    return switched !== undefined && isBypassed(switched.bypass, route);
  }

  /** Rule 15: renews in the background. Requests wait only past N − A, and never for a probe. */
  attend(attention: Attention): (() => Promise<void>) | undefined {
    const { atMs } = attention;
    this.arrived(atMs);
    if (!this.#renewals.isDue(atMs)) return undefined;
    const renewed = this.#renewals.begun(attention);
    return this.isRenewedFirst(atMs) ? renewed : undefined;
  }

  isRenewedFirst(atMs: number): boolean {
    return this.#renewals.isPast(atMs) && !this.isShutOff;
  }

  /** Discards all instants if the clock was set back: they no longer compare with the present. */
  arrived(atMs: number): void {
    if (!this.#clock.isSetBackAt(atMs)) return;
    this.follower.forgetInstants();
    this.#accepted.dateUpTo(atMs);
    this.#renewals.forgetInstants();
    this.#soughtAtMs = -Infinity;
  }

  /**
   * Renews the view at most once per N/4, before an unknown stamp costs an origin request (rule 6). A
   * search for older stamps runs behind the answer (rule 12).
   */
  seek(attention: Attention, stamp: Stamp = "none"): Promise<void> | undefined {
    const { atMs } = attention;
    const isDue = !isWithinMs(this.#settings.maxLagMs / 4, this.#soughtAtMs, atMs);
    if (!isDue && !this.#renewals.areUnderWay) return undefined;
    if (isDue) {
      this.#soughtAtMs = atMs;
      attention.afterAnswer(() => this.follower.searchBack(stamp));
    }
    const renewed = this.#renewals.begun(attention, stamp);
    return this.isShutOff ? undefined : renewed();
  }

  /**
   * Reads the entries that this isolate has just accepted. Until then, even new responses that they cover
   * would be fetched again. An isolate that only takes purges has no other occasion to read.
   */
  catchUp(): Promise<void> {
    return this.#catchUps.ask();
  }

  /** Rule 1: waits for the first view up to the journal's timeout. */
  async stamp(attention: Attention): Promise<Stamp> {
    if (this.chain === undefined) {
      const renewed = this.#renewals.begun(attention);
      if (!this.isShutOff) await renewed();
    }
    return this.chain?.end ?? "none";
  }

  /** Applies rules 5 to 7. */
  judge(record: PurgeSubject, ask: JudgementAsk): PurgeJudgement {
    const purged = this.#purged(record);
    const isKnown = this.chain?.knows(record.stamp) ?? false;
    if (purged?.mode === "hard") {
      // Rule 6: a newer view may know a stamp that this one takes for older than everything.
      const mayBeNewer = !isKnown && record.stamp !== "none";
      if (!mayBeNewer) return purged;
      return { kind: "unverified", why: "purge-in-doubt", covering: purged };
    }
    const isCurrent = isKnown && this.#isWithinBound(this.sentAtMs, ask);
    if (!isCurrent && !this.#isTrusted(record, ask)) {
      const whyUnknown = this.chain === undefined ? "no-view" : "stamp-unknown";
      const why = isKnown ? "view-too-old" : whyUnknown;
      return { kind: "unverified", why, covering: purged };
    }
    return purged ?? usable;
  }

  /** Applies rule 23: after a hard purge, a 304 could bring the purged body back. */
  mayBeValidated(record: PurgeSubject, ask: Omit<JudgementAsk, "colo">): boolean {
    const isKnown = this.chain?.knows(record.stamp) ?? false;
    if (!isKnown || !this.#isWithinBound(this.sentAtMs, ask)) return false;
    return !this.#accepted.isPurgedByOrder(record) && this.chain?.isPurgedByOrder(record) !== true;
  }

  /** Rule 7 (b): this colo requested the body recently. */
  #isTrusted(record: PurgeSubject, ask: JudgementAsk): boolean {
    const { colo } = record;
    const atMs = bodyRequestedAtMs(record);
    const isYoung = this.#isWithinBound(atMs, ask) && !this.#clock.isInDoubt(atMs);
    return isYoung && colo !== "" && colo === ask.colo();
  }

  /** Applies rule 8. A failure older than N proves nothing, because no read has been tried since. */
  isUnreachable(ask: Pick<JudgementAsk, "atMs" | "maxLagMs">): boolean {
    const { failedAtMs } = this;
    if (failedAtMs === undefined || this.#isWithinBound(this.sentAtMs, ask)) return false;
    return isWithinMs(ask.maxLagMs, failedAtMs, ask.atMs);
  }

  #isWithinBound(instantMs: number, ask: Pick<JudgementAsk, "atMs" | "maxLagMs">): boolean {
    const { allowanceMs } = this.#settings;
    const ageMs = ask.atMs - instantMs;
    return ageMs >= -allowanceMs && ageMs <= ask.maxLagMs - allowanceMs;
  }

  purgedSince(record: PurgeSubject, sinceAtMs: number): boolean {
    const inChainAtMs = this.chain?.lastPurgeAtMs(record) ?? -Infinity;
    return Math.max(inChainAtMs, this.#accepted.lastPurgeAtMs(record)) >= sinceAtMs;
  }

  #purged(record: PurgeSubject): PurgeCover | undefined {
    const by = decisive(this.#accepted.purgeOf(record), this.chain?.purgeOf(record));
    if (by === undefined) return undefined;
    return by.mode === "hard"
      ? { kind: "purged", mode: "hard", by }
      : { kind: "purged", mode: "soft", sinceAtMs: acceptedAtMs(by.position), by };
  }

  /** Applies newly accepted entries at once, until a read brings them. */
  accepted(entries: readonly Entry[]): void {
    this.#cover(entries);
    this.#settings.news?.tell("accepted", entries);
  }

  /** Replaces lost entries of this isolate by the ones appended in their place. */
  replaced(lost: readonly Entry[], again: readonly Entry[]): void {
    for (const { n } of lost) this.#accepted.forget(n);
    this.#cover(again);
    this.#settings.news?.tell("again", again);
  }

  #cover(entries: readonly Entry[]): void {
    for (const entry of entries) {
      // A read that was under way may already have brought it.
      const isRead = this.chain?.knows(entry) === true;
      this.#accepted.add(entry, this.#settings.nowAtMs(), isRead);
    }
  }

  /**
   * Handles entries that were found in the journal. An entry before the chain's floor will never be read,
   * and every known stamp is newer, so it is dropped. A post that was already read is dropped as well.
   */
  readBack(entries: readonly Entry[]): void {
    const { chain } = this;
    for (const entry of entries) {
      const { n, position } = entry;
      const isBelow = chain !== undefined && comparePositions(position, chain.floor.position) < 0;
      if (isBelow || chain?.knows(entry) === true) this.#accepted.forget(n);
    }
  }

  /** The chain's entries, if the view is within N − A; else none. */
  get currentEntries(): readonly Entry[] {
    const { maxLagMs, nowAtMs } = this.#settings;
    const isCurrent = this.#isWithinBound(this.sentAtMs, { atMs: nowAtMs(), maxLagMs });
    return isCurrent ? (this.chain?.entries ?? []) : [];
  }

  /** All known entries: read or accepted here. */
  get entries(): readonly Entry[] {
    return [...(this.chain?.entries ?? []), ...this.#accepted.upTo(Infinity)];
  }

  async #lookForOverdue(): Promise<void> {
    const overdue = this.#accepted.upTo(this.sentAtMs - this.#settings.maxLagMs / 2);
    if (overdue.length > 0) await this.#settings.onOverdue?.(overdue);
  }
}

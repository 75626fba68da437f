// An isolate's view of the journal: a chain of its entries, and when they were read. Asked on every
// use of a record.
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
  type Covered,
  type JudgementAsk,
  type Purged,
  type PurgeJudgement,
  type PurgeView,
  usable,
} from "./view.ts";
import { type RenewalSettings, ViewRenewals } from "./view-renewals.ts";

export interface JournalViewSettings extends FollowingSettings, RenewalSettings {
  /** What tells of a clock that is set back; absent: one of its own. */
  readonly clock?: ClockSteps;
  /** Is the journal known to be away? Then a renewal is a probe, and no answer waits for one. */
  readonly isShutOff?: () => boolean;
  /** Rule 22: told of what was accepted here and should have been read since. It may be lost. */
  readonly onOverdue?: (entries: readonly Entry[]) => Promise<void>;
}

export class JournalView implements PurgeView {
  readonly #settings: JournalViewSettings;
  /** What reads the journal on. */
  readonly follower: JournalFollower;
  readonly #accepted = new AcceptedPurges();
  readonly #catchUps: JoinedRuns;
  readonly #clock: ClockSteps;
  readonly #renewals: ViewRenewals;
  #soughtAtMs = -Infinity;

  constructor(settings: JournalViewSettings) {
    this.#settings = settings;
    const { nowAtMs, allowanceMs, timeoutMs: patienceMs } = settings;
    this.#clock = settings.clock ?? new ClockSteps(allowanceMs);
    this.follower = new JournalFollower(settings, this.#accepted, this.#clock);
    const run = () => this.follower.readOn();
    this.#catchUps = new JoinedRuns({ run, nowAtMs, patienceMs });
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

  /** Rule 24: the last post that is known here; one of our own until a read brings it, or passes it. */
  get switched(): SwitchState | undefined {
    const own = this.#accepted.switchedAfter(this.chain?.end.position ?? "");
    return own ?? this.follower.switched;
  }

  bypasses(route: string): boolean {
    const { switched } = this;
    return switched !== undefined && isBypassed(switched.bypass, route);
  }

  /** Rule 15: renewed in the background; only past N − A does a request wait, and for no probe. */
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

  /** Where the clock was set back, what it showed before is nothing to compare it with. */
  arrived(atMs: number): void {
    if (!this.#clock.isSetBackAt(atMs)) return;
    this.follower.forgetInstants();
    this.#accepted.dateUpTo(atMs);
    this.#renewals.forgetInstants();
    this.#soughtAtMs = -Infinity;
  }

  /**
   * Rule 6: before an unknown stamp costs an origin request, once per N/4. What is older than the
   * view is meanwhile sought behind the answer, which does not wait for it (rule 12).
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
   * Brings in what this isolate has just accepted: until then every response that it covers, new
   * ones too, would be asked for again. An isolate that takes purges alone has no other occasion.
   */
  catchUp(): Promise<void> {
    return this.#catchUps.ask();
  }

  /** Rule 1: waits for a first view as long as the journal's time-out allows. */
  async stamp(attention: Attention): Promise<Stamp> {
    if (this.chain === undefined) {
      const renewed = this.#renewals.begun(attention);
      if (!this.isShutOff) await renewed();
    }
    return this.chain?.end ?? "none";
  }

  /** Rules 5 to 7. */
  judge(record: Covered, ask: JudgementAsk): PurgeJudgement {
    const purged = this.#purged(record);
    const isKnown = this.chain?.knows(record.stamp) ?? false;
    if (purged?.mode === "hard") {
      // Rule 6: what counts here as older than everything, a newer view may know.
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

  /** A validator may stand for the very body that was purged, and a 304 would bring that back. */
  mayBeValidated(record: Covered, ask: Omit<JudgementAsk, "colo">): boolean {
    const isKnown = this.chain?.knows(record.stamp) ?? false;
    if (!isKnown || !this.#isWithinBound(this.sentAtMs, ask)) return false;
    return !this.#accepted.isPurgedByOrder(record) && this.chain?.isPurgedByOrder(record) !== true;
  }

  /** Rule 7 (b). */
  #isTrusted(record: Covered, ask: JudgementAsk): boolean {
    const { colo } = record;
    const atMs = bodyRequestedAtMs(record);
    const isYoung = this.#isWithinBound(atMs, ask) && !this.#clock.isInDoubt(atMs);
    return isYoung && colo !== "" && colo === ask.colo();
  }

  /** A failure that is older than N says nothing of now: the journal was not asked since. */
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

  purgedSince(record: Covered, sinceAtMs: number): boolean {
    const inChainAtMs = this.chain?.lastPurgeAtMs(record) ?? -Infinity;
    return Math.max(inChainAtMs, this.#accepted.lastPurgeAtMs(record)) >= sinceAtMs;
  }

  #purged(record: Covered): Purged | undefined {
    const by = decisive(this.#accepted.purgeOf(record), this.chain?.purgeOf(record));
    if (by === undefined) return undefined;
    return by.mode === "hard"
      ? { kind: "purged", mode: "hard", by }
      : { kind: "purged", mode: "soft", sinceAtMs: acceptedAtMs(by.position), by };
  }

  /** What this isolate has accepted covers here at once, until a join brings it. */
  accepted(entries: readonly Entry[]): void {
    this.#cover(entries);
    this.#settings.news?.tell("accepted", entries);
  }

  /** Entries of this isolate's that were lost, and now stand elsewhere. */
  replaced(lost: readonly Entry[], again: readonly Entry[]): void {
    for (const { n } of lost) this.#accepted.forget(n);
    this.#cover(again);
    this.#settings.news?.tell("again", again);
  }

  #cover(entries: readonly Entry[]): void {
    for (const entry of entries) {
      // A read that was under way may have brought it before the journal's answer came.
      const isRead = this.chain?.knows(entry) === true;
      this.#accepted.add(entry, this.#settings.nowAtMs(), isRead);
    }
  }

  /**
   * Entries of this isolate's that were not lost. No read on brings one that stands before the chain:
   * every stamp that the chain knows is newer. A post that was read has been waiting for this.
   */
  readBack(entries: readonly Entry[]): void {
    const { chain } = this;
    for (const entry of entries) {
      const { n, position } = entry;
      const isBelow = chain !== undefined && comparePositions(position, chain.floor.position) < 0;
      if (isBelow || chain?.knows(entry) === true) this.#accepted.forget(n);
    }
  }

  /** What was read from the journal, if that was within N − A. */
  get currentEntries(): readonly Entry[] {
    const { maxLagMs, nowAtMs } = this.#settings;
    const isCurrent = this.#isWithinBound(this.sentAtMs, { atMs: nowAtMs(), maxLagMs });
    return isCurrent ? (this.chain?.entries ?? []) : [];
  }

  /** Everything that is known to stand in the journal. */
  get entries(): readonly Entry[] {
    return [...(this.chain?.entries ?? []), ...this.#accepted.upTo(Infinity)];
  }

  async #lookForOverdue(): Promise<void> {
    const overdue = this.#accepted.upTo(this.sentAtMs - this.#settings.maxLagMs / 2);
    if (overdue.length > 0) await this.#settings.onOverdue?.(overdue);
  }
}

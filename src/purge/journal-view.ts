// What an isolate knows of the journal: a chain of its entries and when it was read. Renewed in
// the background while requests come in; asked on every use of a stored response.
import type { Stamp, StoredMetadata } from "../http/stored-response.ts";
import { patiently } from "../patience.ts";
import { Chain } from "./chain.ts";
import type { Entry } from "./entry.ts";
import { type Journal, type JournalRead, newestCount } from "./journal.ts";
import type { Attention, JudgementAsk, PurgeJudgement, PurgeView } from "./view.ts";

export interface JournalViewSettings {
  readonly journal: Journal;
  readonly nowAtMs: () => number;
  /** The smallest `maxLag` of all routes, by which the view is renewed. */
  readonly maxLagMs: number;
  /** A: for clock error within a colo and the lag of a replica. */
  readonly allowanceMs: number;
  /** How long a read of the journal may take in all. */
  readonly timeoutMs: number;
}

interface Renewal {
  readonly startedAtMs: number;
  readonly done: Promise<void>;
}

/** Beyond this many entries the oldest are let go, and stamps older than the rest are unknown. */
const entriesMax = 8 * newestCount;

export class JournalView implements PurgeView {
  readonly #settings: JournalViewSettings;
  #chain: Chain | undefined;
  #sentAtMs = -Infinity;
  #renewal: Renewal | undefined;
  #soughtAtMs = -Infinity;
  #isUnreachable = false;
  /** Accepted by this isolate and not yet read back, by `n`. */
  readonly #accepted = new Map<string, { chain: Chain; atMs: number }>();

  constructor(settings: JournalViewSettings) {
    this.#settings = settings;
  }

  get #boundMs(): number {
    return this.#settings.maxLagMs - this.#settings.allowanceMs;
  }

  get chain(): Chain | undefined {
    return this.#chain;
  }

  get sentAtMs(): number {
    return this.#sentAtMs;
  }

  /** Rule 15, without copies in the colo: renewed in the background at half of N − A. */
  attend({ atMs, afterAnswer }: Attention): Promise<void> | undefined {
    const ageMs = atMs - this.#sentAtMs;
    // A clock that was set back tells no age.
    const isYoung = ageMs >= -this.#settings.allowanceMs && ageMs < this.#boundMs / 2;
    if (isYoung) return undefined;
    const renewal = this.#renewing({ atMs, afterAnswer });
    return ageMs > this.#boundMs ? this.#waitFor(renewal) : undefined;
  }

  /** Rule 6: before an unknown stamp costs an origin request, once per N/4. */
  seek({ atMs, afterAnswer }: Attention): Promise<void> | undefined {
    const isDue = atMs - this.#soughtAtMs >= this.#settings.maxLagMs / 4;
    if (!isDue && this.#renewal === undefined) return undefined;
    if (isDue) this.#soughtAtMs = atMs;
    return this.#waitFor(this.#renewing({ atMs, afterAnswer }));
  }

  /**
   * Brings in what this isolate has just accepted: until then every response that it covers, new
   * ones too, would be asked for again. An isolate that takes purges alone has no other occasion.
   */
  async catchUp(): Promise<void> {
    await this.#renew().catch(() => undefined);
  }

  /** Rule 1: waits for a first view as long as the journal's time-out allows. */
  async stamp(attention: Attention): Promise<Stamp> {
    if (this.#chain === undefined) await this.#waitFor(this.#renewing(attention));
    return this.#chain?.end ?? "none";
  }

  judge(stored: StoredMetadata, ask: JudgementAsk): PurgeJudgement {
    const purged = this.#purged(stored);
    const isKnown = this.#chain?.knows(stored.stamp) ?? false;
    if (purged?.mode === "hard") {
      // Rule 6: what counts here as older than everything, a newer view may know.
      const mayBeNewer = !isKnown && stored.stamp !== "none";
      return mayBeNewer ? { kind: "unverified", covering: purged } : purged;
    }
    const { allowanceMs } = this.#settings;
    const isWithin = (ageMs: number) =>
      ageMs >= -allowanceMs && ageMs <= ask.maxLagMs - allowanceMs;
    const isCurrent = isKnown && isWithin(ask.atMs - this.#sentAtMs);
    const isOwn = ask.colo !== "" && stored.colo === ask.colo;
    const isYoung = isOwn && isWithin(ask.atMs - stored.requestedAtMs);
    if (!isCurrent && !isYoung) return { kind: "unverified", covering: purged };
    return purged ?? { kind: "usable" };
  }

  purgedSince(stored: StoredMetadata, sinceAtMs: number): boolean {
    return this.#chains().some((chain) => (chain.lastPurgeAtMs(stored) ?? -Infinity) >= sinceAtMs);
  }

  get isUnreachable(): boolean {
    return this.#isUnreachable;
  }

  #purged(stored: StoredMetadata): Extract<PurgeJudgement, { kind: "purged" }> | undefined {
    const covering = this.#chains().filter((chain) => chain.purged(stored) !== undefined);
    if (covering.length === 0) return undefined;
    const isHard = covering.some((chain) => chain.purged(stored) === "hard");
    if (isHard) return { kind: "purged", mode: "hard" };
    const sinceAtMs = Math.min(...covering.map((chain) => chain.staleSinceMs(stored) ?? Infinity));
    return { kind: "purged", mode: "soft", sinceAtMs };
  }

  /** What was read, and what was accepted here and not read back yet. */
  #chains(): Chain[] {
    const accepted = Array.from(this.#accepted.values(), ({ chain }) => chain);
    return this.#chain === undefined ? accepted : [this.#chain, ...accepted];
  }

  /** What this isolate has accepted covers here at once, until a join brings it. */
  accepted(entries: readonly Entry[]): void {
    for (const entry of entries) {
      // A read that was under way may have brought it before the journal's answer came.
      if (this.#chain?.knows(entry) !== true)
        this.#accepted.set(entry.n, {
          chain: new Chain([entry]),
          atMs: this.#settings.nowAtMs(),
        });
    }
  }

  /** Entries of this isolate's that were lost, and now stand elsewhere. */
  replaced(lost: readonly Entry[], again: readonly Entry[]): void {
    for (const { n } of lost) this.#accepted.delete(n);
    this.accepted(again);
  }

  /** Everything that is known to stand in the journal. */
  get entries(): readonly Entry[] {
    const accepted = Array.from(this.#accepted.values(), ({ chain }) => chain.entries);
    return [...(this.#chain?.entries ?? []), ...accepted.flat()];
  }

  /** One at a time. Each request waits under a timer of its own, since a renewal may never end. */
  #renewing({ atMs, afterAnswer }: Attention): Renewal {
    const { timeoutMs } = this.#settings;
    const running = this.#renewal;
    if (running !== undefined && atMs - running.startedAtMs < timeoutMs) return running;
    const done = this.#renew().catch(() => undefined);
    const renewal: Renewal = { startedAtMs: atMs, done };
    this.#renewal = renewal;
    afterAnswer(async () => {
      await done;
      if (this.#renewal === renewal) this.#renewal = undefined;
    });
    return renewal;
  }

  async #waitFor({ done }: Renewal): Promise<void> {
    await patiently(done, this.#settings.timeoutMs);
  }

  async #renew(): Promise<void> {
    const chain = this.#chain;
    if (chain === undefined) return this.#begin();
    const { end } = chain;
    const read = await this.#settings.journal.since(end);
    this.#isUnreachable = read.kind === "unavailable";
    if (read.kind === "read") return this.#extend(chain, end.position, read);
    if (read.kind === "not-joined") await this.#checkAtPrimary(chain);
  }

  /** Rules 12 and 18: a cold view is what is newest; an empty journal gets a mark first. */
  async #begin(): Promise<void> {
    const { journal } = this.#settings;
    let read = await journal.newest();
    this.#isUnreachable = read.kind === "unavailable";
    if (read.kind !== "read") return;
    if (read.entries.length === 0) {
      const checked = await journal.atPrimary("0-0");
      if (checked.kind !== "read") return;
      const marked = checked.entries.length > 0 ? checked : await journal.appendMark("");
      if (marked.kind !== "read") return;
      read = marked;
    }
    if (this.#chain === undefined) this.#adopt(read);
  }

  /** Rules 16 and 17: a replica that lags, a journal that was trimmed, or one that lost entries. */
  async #checkAtPrimary(chain: Chain): Promise<void> {
    const { journal } = this.#settings;
    const { end } = chain;
    const checked = await journal.atPrimary(end.position);
    this.#isUnreachable = checked.kind === "unavailable";
    if (checked.kind !== "read" || !this.#isStill(chain, end.position)) return;
    const { upTo } = checked;
    if (upTo?.position === end.position && upTo.n === end.n) {
      const at = checked.entries.findIndex(({ position }) => position === end.position);
      // More than was read lies between: what is newest is then all that is known.
      if (at < 0) return this.#adopt(checked);
      const newer = { ...checked, entries: checked.entries.slice(at + 1) };
      return this.#extend(chain, end.position, newer);
    }
    const isLost = checked.entries.length === 0 || upTo !== undefined;
    // With its `n`: an entry at the same position may have been lost, and marked, before.
    const lost = `${end.position} ${end.n}`;
    const isMarked = checked.entries.some((entry) => entry.lost === lost);
    const marked = isLost && !isMarked ? await journal.appendMark(lost) : undefined;
    const read = marked ?? checked;
    if (read.kind !== "read" || !this.#isStill(chain, end.position)) return;
    this.#adopt(read);
    if (marked !== undefined) this.#forgetAcceptedBefore(read.sentAtMs);
  }

  /** A mark of our own covers whatever an entry that was lost with the others covered. */
  #forgetAcceptedBefore(sentAtMs: number): void {
    for (const [n, { atMs }] of this.#accepted) if (atMs <= sentAtMs) this.#accepted.delete(n);
  }

  /** Rule 13: a result that was judged against a position that is no longer ours is thrown away. */
  #isStill(chain: Chain, position: string): boolean {
    return this.#chain === chain && chain.end.position === position;
  }

  #extend(chain: Chain, position: string, newer: JournalRead): void {
    if (!this.#isStill(chain, position)) return;
    const { entries, sentAtMs } = newer;
    if (chain.entries.length + entries.length > entriesMax) {
      const kept = [...chain.entries, ...entries].slice(-entriesMax / 2);
      return this.#adopt({ kind: "read", entries: kept, sentAtMs });
    }
    chain.append(entries);
    this.#verified(entries, sentAtMs);
  }

  #adopt(read: JournalRead): void {
    if (read.entries.length === 0) return;
    this.#chain = new Chain(read.entries);
    this.#verified(read.entries, read.sentAtMs);
  }

  #verified(entries: readonly Entry[], sentAtMs: number): void {
    this.#sentAtMs = Math.max(this.#sentAtMs, sentAtMs);
    for (const { n } of entries) this.#accepted.delete(n);
  }
}

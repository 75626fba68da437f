// The newest entries of the journal, as this isolate has read or appended them (docs/internals/purge-protocol.md, rules 11 to 14 and
// 16 to 18). Reads begin a chain of entries, and extend it. They replace the chain after a loss or trimming, or if too
// many entries follow it.
import { AcceptedPurges } from "./accepted-purges.ts";
import type { ClockSteps } from "./clock-steps.ts";
import { Chain, type ChainBounds } from "./chain.ts";
import type { Stamp, WriteWithPurge } from "../../cache/record/record.ts";
import {
  comparePositions,
  type Entry,
  type EntryId,
  isSameEntry,
  lastSwitched,
  type NewEntry,
  releasesIn,
} from "../journal/entry.ts";
import {
  type AppendWithRead,
  type EpochsRead,
  type Journal,
  type JournalRead,
  newestCount,
  type OlderTags,
  type Unavailable,
} from "../journal/journal.ts";
import { isNewer, newestOf, type SwitchState } from "../journal/switch-state.ts";
import { JoinedRuns } from "./joined-runs.ts";
import { KnownReleases } from "./known-releases.ts";
import { PurgeSpread, type SpreadSettings } from "./purge-spread.ts";
import type { ViewCopy } from "./view-copies.ts";

export interface TailSettings extends SpreadSettings {
  readonly journal: Journal;
  readonly clock: ClockSteps;
  /** The timeout of a read, in milliseconds. */
  readonly timeoutMs: number;
  /** The limits of the chain, at most the entries that trimming leaves. Default: `usualBounds`. */
  readonly chainBounds?: ChainBounds;
  /** Runs after each read or copy that has extended, confirmed or replaced the chain. */
  readonly onRead?: () => void;
}

export class JournalTail {
  readonly #settings: TailSettings;
  /** The entries that this isolate accepted, and that no read has returned. */
  readonly accepted = new AcceptedPurges();
  readonly clock: ClockSteps;
  chain: Chain | undefined;
  /** The epochs of the read that began the chain, until a record needs them. */
  head: EpochsRead | undefined;
  /** The newest post of the switch that this isolate knows (rule 24 b). */
  switched: SwitchState | undefined;
  readonly releases = new KnownReleases();
  /** Whether the switch may have lost `switched`, so that this isolate posts it again (rule 24 g). */
  isSwitchLost = false;
  /**
   * The clock before the newest read that confirmed the chain's end; −∞ if unknown. For a copy,
   * this is the read that the copy is from.
   */
  sentAtMs = -Infinity;
  failedAtMs: number | undefined;
  readonly #spread: PurgeSpread;
  readonly #catchUps: JoinedRuns;
  readonly #onPrimary: JoinedRuns;
  readonly #backReads: JoinedRuns;
  /** The reads on the primary: the number begun, and the last whose entries are all in the chain. */
  readonly #primaryReads = { begun: 0, lastWhole: 0 };

  constructor(settings: TailSettings) {
    this.#settings = settings;
    this.clock = settings.clock;
    this.#spread = new PurgeSpread(settings);
    this.#catchUps = new JoinedRuns(settings, () => this.readOn());
    this.#onPrimary = new JoinedRuns(settings, () => this.#readOnPrimary());
    this.#backReads = new JoinedRuns(settings, () => this.#readBack());
  }

  get lag(): PurgeSpread["lag"] {
    return this.#spread.lag;
  }

  /** All known entries, whether this isolate read or accepted them. */
  get entries(): readonly Entry[] {
    return [...(this.chain?.entries ?? []), ...this.accepted.upTo(Infinity)];
  }

  /**
   * Reads newer entries, once for concurrent calls. Until a read returns an accepted entry, the entry also covers
   * responses that were requested after it, because no stamp can name it.
   */
  catchUp(how?: Parameters<JoinedRuns["ask"]>[0]): Promise<void> {
    return this.#catchUps.ask(how);
  }

  /** Reads newer entries. Returns whether the read renewed or replaced the chain. */
  async readOn(): Promise<boolean> {
    const before = { chain: this.chain, sentAtMs: this.sentAtMs };
    this.#spread.tried();
    if (this.chain === undefined) await this.#begin();
    else await this.#readOnFrom(this.chain);
    return this.chain !== before.chain || this.sentAtMs > before.sentAtMs;
  }

  async #readOnFrom(chain: Chain): Promise<void> {
    const { end } = chain;
    const read = await this.#dated((journal) => journal.since(end));
    this.#noteFailure(read);
    if (read.kind === "read") return this.#extend(end, read);
    if (read.kind === "not-joined") await this.#checkAtPrimary(chain);
  }

  /**
   * Reads the newer entries on the primary, once for all concurrent calls. Returns whether the chain
   * contains all entries that the journal had at the call.
   */
  async readOnPrimary(): Promise<boolean> {
    const { begun } = this.#primaryReads;
    await this.#onPrimary.ask({ waits: true });
    return this.#primaryReads.lastWhole > begun;
  }

  async #readOnPrimary(): Promise<void> {
    const { chain } = this;
    const nth = (this.#primaryReads.begun += 1);
    if (chain === undefined) return;
    const { end } = chain;
    const read = await this.#dated((journal) => journal.sinceOnPrimary(end));
    this.#noteFailure(read);
    if (read.kind === "not-joined") return this.#checkAtPrimary(chain);
    if (read.kind !== "read") return;
    this.#extend(end, read);
    if (this.chain?.knows(read.entries.at(-1) ?? end) === true) this.#primaryReads.lastWhole = nth;
  }

  /** Reads entries before the chain, once for concurrent calls, until the chain has 1,000 (rule 12). */
  readBack(): Promise<void> {
    return this.#backReads.ask({ waits: true });
  }

  async #readBack(): Promise<void> {
    const { floor, entries } = this.chain ?? {};
    const count = newestCount - (entries?.length ?? newestCount);
    if (floor === undefined || count <= 0) return;
    const read = await this.#settings.journal.before?.(floor, count);
    const isBefore = read?.kind === "read" && isSameEntry(this.chain?.entries[0], floor);
    const longer = isBefore ? this.chain?.after(read.entries) : undefined;
    // A chain at its bounds drops the older entries again.
    if (!isBefore || isSameEntry(longer?.entries[0], floor)) return;
    this.chain = longer;
    for (const { n } of read.entries) this.accepted.forget(n);
    this.#settings.onRead?.();
  }

  /**
   * Begins a chain with the newest entries. An empty journal gets a mark first (rules 12 and 18).
   */
  async #begin(): Promise<void> {
    let read = await this.#dated((journal) => journal.newest());
    this.#noteFailure(read);
    if (read.kind !== "read") return;
    if (read.entries.length === 0) {
      const checked = await this.#dated((journal) => journal.atPrimary({ position: "0-0", n: "" }));
      this.#noteFailure(checked);
      if (checked.kind !== "read") return;
      const marked = checked.entries.length > 0 ? checked : await this.#mark("");
      if (marked.kind !== "read") return;
      read = marked;
    }
    if (this.chain === undefined) this.#adopt(read);
  }

  /**
   * Determines why a read did not join the chain: a lagging replica, too many newer entries,
   * trimming or a loss (rules 16 and 17).
   */
  async #checkAtPrimary(chain: Chain): Promise<void> {
    const { end } = chain;
    const checked = await this.#dated((journal) => journal.atPrimary(end));
    this.#noteFailure(checked);
    if (checked.kind !== "read" || !this.#isStill(chain, end.position)) return;
    const { upTo, isLost } = checked;
    if (isSameEntry(upTo, end)) {
      const at = checked.entries.findIndex(({ position }) => position === end.position);
      // Too many entries follow the end. Start again from the newest entries.
      if (at < 0) return this.#adopt(checked);
      const newer = { ...checked, entries: checked.entries.slice(at + 1) };
      return this.#extend(end, newer);
    }
    // Include `n`, because an earlier entry at the same position may have been lost and marked.
    const lost = `${end.position} ${end.n}`;
    const isMarked = checked.entries.some((entry) => entry.lost === lost);
    const marked = isLost && !isMarked ? await this.#mark(lost) : undefined;
    const read = marked ?? checked;
    if (read.kind !== "read" || !this.#isStill(chain, end.position)) return;
    this.#adopt(read);
    if (marked !== undefined) this.accepted.forgetBefore(read.sentAtMs);
  }

  #mark(lost: string): Promise<JournalRead | Unavailable> {
    return this.#dated((journal) => journal.appendMark(lost));
  }

  /** Runs a read. If the clock is set back meanwhile, `sentAtMs` becomes −∞ (rule 10). */
  async #dated<T extends { kind: string }>(ask: (journal: Journal) => Promise<T>): Promise<T> {
    const { count } = this.clock;
    this.clock.noteAhead();
    const read = await ask(this.#settings.journal);
    return this.clock.count === count ? read : { ...read, sentAtMs: -Infinity };
  }

  /** Discards the instants that were noted before the clock was set back to this one. */
  forgetInstants(atMs: number): void {
    this.accepted.dateUpTo(atMs);
    this.sentAtMs = -Infinity;
    this.chain?.forgetInstants();
    this.failedAtMs = undefined;
    this.#spread.forgetInstants();
  }

  /**
   * Adds newer entries from a colo's copy (rule 14). The copy must contain the chain's last entry.
   * Without a chain, the whole copy becomes the chain. The view becomes as old as the read that the
   * copy is from.
   *
   * @returns whether the copy was used
   */
  take(copy: ViewCopy): boolean {
    this.#spread.tried();
    // An older copy would only cost its decoding.
    const isYounger = copy.sentAtMs > this.sentAtMs;
    if (!isYounger || this.clock.isInDoubt(copy.sentAtMs)) return false;
    const chain = this.chain;
    const entries = chain === undefined ? copy.entries() : copy.entriesAfter(chain.end);
    if (entries === undefined) return false;
    const { sentAtMs, released } = copy;
    this.learn(newestOf(copy.switched, lastSwitched(entries)));
    const { switched } = this;
    const read: JournalRead = { kind: "read", entries, sentAtMs, switched, released };
    if (chain === undefined) this.#adopt(read);
    else this.#extend(chain.end, read);
    if (copy.isSwitchLost) this.isSwitchLost = this.switched !== undefined;
    return true;
  }

  /**
   * Returns whether the chain and its end are unchanged. Otherwise the view may not begin again (rule 13).
   */
  #isStill(chain: Chain, position: string): boolean {
    return this.chain === chain && chain.end.position === position;
  }

  /**
   * Extends the chain by the entries after its end, if the read has this end or begins after it (rule 13).
   *
   * @param place the entry after which the read begins; `undefined` if the read has this entry, too
   */
  #extend(place: EntryId | undefined, read: JournalRead): void {
    const { chain } = this;
    if (chain === undefined) return;
    const { end } = chain;
    const at = read.entries.findLastIndex((each) => isSameEntry(each, end));
    if (at < 0 && !isSameEntry(place, end)) return;
    const entries = read.entries.slice(at + 1);
    chain.append(entries, this.#settings.nowAtMs());
    this.learn(lastSwitched(entries));
    const hasLost = entries.some(({ lost }) => lost !== "");
    if (hasLost || this.#lacksPost(entries, end.position))
      this.isSwitchLost = this.switched !== undefined;
    this.#spread.read(entries);
    this.#verified({ ...read, entries });
  }

  /** Returns whether these entries lack the known post, although its place is among or after them. */
  #lacksPost(entries: readonly Entry[], position: string): boolean {
    const { switched } = this;
    if (switched === undefined || comparePositions(switched.position, position) <= 0) return false;
    return entries.every((entry) => entry.switched?.post !== switched.post);
  }

  /**
   * Appends a purge, and reads the entries after a place, which may extend the chain (rules 21 and 25 c).
   *
   * @param place `none` to read nothing
   * @param write the record to store with the purge (rule 25 f)
   * @returns `older-tags` only with `write`
   */
  async appendAndRead(
    place: Stamp,
    entry: NewEntry,
    write?: WriteWithPurge,
  ): Promise<Omit<AppendWithRead, "sentAtMs"> | OlderTags | Unavailable> {
    if (place === "none") return this.#appendAlone(entry);
    const appended = await this.#dated((journal) => journal.appendAndRead(place, entry, write));
    if (appended.kind !== "appended") return appended;
    const { read, since, sentAtMs } = appended;
    const entries = read ?? since;
    // Another call of the same script may have extended the chain by these entries.
    const isNews = this.chain?.knows(appended.place) !== true || sentAtMs > this.sentAtMs;
    if (entries !== undefined && isNews)
      this.#extend(read ? undefined : place, { kind: "read", entries, sentAtMs });
    return appended;
  }

  async #appendAlone(entry: NewEntry) {
    const appended = await this.#settings.journal.append([entry]);
    if (appended.kind === "unavailable") return appended;
    const [place = { position: "", n: entry.n }] = appended.places;
    return { kind: "appended", place, since: undefined } as const;
  }

  /** Replaces lost entries of this isolate with the entries appended in their place. */
  replace(lost: readonly Entry[], again: readonly Entry[]): void {
    for (const { n } of lost) this.accepted.forget(n);
    this.apply(again);
  }

  /** Applies newly accepted entries at once, until a read returns them. */
  apply(entries: readonly Entry[]): void {
    this.learn(lastSwitched(entries));
    this.releases.learn(releasesIn(entries));
    for (const entry of entries) {
      // A read in progress may already have returned the entry.
      if (this.chain?.knows(entry) !== true) this.accepted.add(entry, this.#settings.nowAtMs());
    }
  }

  /**
   * Handles entries that a read-back found standing or trimmed. Drops those before the chain's
   * floor, because no read will return them, and every known stamp is newer. Also drops those in
   * the chain.
   */
  confirm(entries: readonly Entry[]): void {
    const { chain } = this;
    for (const entry of entries) {
      const { n, position } = entry;
      const isBelow = chain !== undefined && comparePositions(position, chain.floor.position) < 0;
      if (isBelow || chain?.knows(entry) === true) this.accepted.forget(n);
    }
  }

  /** Notes a post, if it is newer than the newest known one. */
  learn(state: SwitchState | undefined): void {
    this.switched = newestOf(this.switched, state);
  }

  #noteFailure({ kind }: { kind: string }): void {
    this.failedAtMs = kind === "unavailable" ? this.#settings.nowAtMs() : undefined;
  }

  #adopt(read: JournalRead): void {
    if (read.entries.length === 0) return;
    this.chain = new Chain(read.entries, this.#settings.chainBounds);
    this.head = read.head;
    this.learn(newestOf(read.switched, lastSwitched(read.entries)));
    this.isSwitchLost = this.switched !== undefined && isNewer(this.switched, read.switched);
    this.#verified(read);
  }

  #verified({ entries, sentAtMs, released }: JournalRead): void {
    this.sentAtMs = Math.max(this.sentAtMs, sentAtMs);
    this.failedAtMs = undefined;
    this.clock.note(sentAtMs);
    this.releases.learn([...(released ? [released] : []), ...releasesIn(entries)]);
    for (const { n } of entries) this.accepted.forget(n);
    this.#settings.onRead?.();
  }
}

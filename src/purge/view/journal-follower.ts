// Follows the journal: how a chain of its entries is begun, extended, replaced after a loss, and
// lengthened at its older end (docs/purge-protocol.md, rules 11 to 14 and 16 to 18).
import type { Stamp } from "../../cache/record/record.ts";
import type { AcceptedPurges } from "./accepted-purges.ts";
import type { ClockSteps } from "./clock-steps.ts";
import { Chain, type ChainBounds } from "./chain.ts";
import {
  comparePositions,
  type Entry,
  type EntryPlace,
  isSamePlace,
  lastSwitched,
  type NewEntry,
} from "../journal/entry.ts";
import type { AppendedAndRead, Journal, JournalRead, Unavailable } from "../journal/journal.ts";
import type { SwitchState } from "../journal/switch-state.ts";
import type { NewsListeners } from "./journal-news.ts";
import { PurgeSpread, type SpreadSettings } from "./purge-spread.ts";
import type { ViewCopy } from "./view-copies.ts";

/** What a journal is followed with. */
export interface FollowingSettings extends SpreadSettings {
  readonly journal: Journal;
  /** What a view holds at the most; absent: the usual. No more than trimming leaves. */
  readonly chainBounds?: ChainBounds;
  /** Absent: nobody is told of the entries that become known. */
  readonly news?: Pick<NewsListeners, "tell">;
  /** Runs after each read that has made the view younger. */
  readonly onRead?: () => void;
}

/** How many pages one search reads at the most. */
const searchPagesMax = 4;

/** What it has come to is for others to read, and written here alone. */
export class JournalFollower {
  readonly #settings: FollowingSettings;
  readonly #accepted: AcceptedPurges;
  readonly #clock: ClockSteps;
  chain: Chain | undefined;
  /** Rule 24: the state of the switch at the chain's end; it belongs to the chain. */
  switched: SwitchState | undefined;
  /** The clock before that read was sent which shows the chain's end to have been the journal's. */
  sentAtMs = -Infinity;
  failedAtMs: number | undefined;
  readonly #spread: PurgeSpread;
  /** The chain that nothing more can be read back for. */
  #complete: Chain | undefined;
  #isSearching = false;

  /** @param accepted forgets what has been read */
  constructor(settings: FollowingSettings, accepted: AcceptedPurges, clock: ClockSteps) {
    this.#settings = settings;
    this.#accepted = accepted;
    this.#clock = clock;
    this.#spread = new PurgeSpread(settings);
  }

  get lag(): PurgeSpread["lag"] {
    return this.#spread.lag;
  }

  /** @returns whether the journal was read and the view is as young as that; trouble changes nothing */
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
    if (read.kind === "read") return this.#extend(chain, end.position, read);
    if (read.kind === "not-joined") await this.#checkAtPrimary(chain);
  }

  /** Rules 12 and 18: a cold view is what is newest; an empty journal gets a mark first. */
  async #begin(): Promise<void> {
    let read = await this.#dated((journal) => journal.newest());
    this.#noteFailure(read);
    if (read.kind !== "read") return;
    if (read.entries.length === 0) {
      const checked = await this.#dated((journal) => journal.atPrimary("0-0"));
      this.#noteFailure(checked);
      if (checked.kind !== "read") return;
      const marked = checked.entries.length > 0 ? checked : await this.#mark("");
      if (marked.kind !== "read") return;
      read = marked;
    }
    if (this.chain === undefined) this.#adopt(read);
  }

  /** Rules 16 and 17: a replica that lags, a journal that was trimmed, or one that lost entries. */
  async #checkAtPrimary(chain: Chain): Promise<void> {
    const { end } = chain;
    const checked = await this.#dated((journal) => journal.atPrimary(end.position));
    this.#noteFailure(checked);
    if (checked.kind !== "read" || !this.#isStill(chain, end.position)) return;
    const { upTo, isTrimmed } = checked;
    if (isSamePlace(upTo, end)) {
      const at = checked.entries.findIndex(({ position }) => position === end.position);
      // More than was read lies between: what is newest is then all that is known.
      if (at < 0) return this.#adopt(checked);
      const newer = { ...checked, entries: checked.entries.slice(at + 1) };
      return this.#extend(chain, end.position, newer);
    }
    // With its `n`: an entry at the same position may have been lost, and marked, before.
    const lost = `${end.position} ${end.n}`;
    const isMarked = checked.entries.some((entry) => entry.lost === lost);
    const marked = !isTrimmed && !isMarked ? await this.#mark(lost) : undefined;
    const read = marked ?? checked;
    if (read.kind !== "read" || !this.#isStill(chain, end.position)) return;
    this.#adopt(read);
    if (marked !== undefined) this.#accepted.forgetUpTo(read.sentAtMs);
  }

  #mark(lost: string): Promise<JournalRead | Unavailable> {
    return this.#dated((journal) => journal.appendMark(lost));
  }

  /** A read that was sent before the clock was set back brings its entries, and no age. */
  async #dated<T extends { kind: string }>(ask: (journal: Journal) => Promise<T>): Promise<T> {
    const { count } = this.#clock;
    const read = await ask(this.#settings.journal);
    return this.#clock.count === count ? read : { ...read, sentAtMs: -Infinity };
  }

  /** The clock was set back: nobody knows any more how old the view is. */
  forgetInstants(): void {
    this.sentAtMs = -Infinity;
    this.failedAtMs = undefined;
    this.#spread.forgetInstants();
  }

  /**
   * Rule 14: a chain takes what is newer from a copy that holds its own last entry; without one the
   * copy is taken as it is. Either way the view is as old as the read that the copy came from.
   *
   * @returns whether it made the view younger
   */
  take(copy: ViewCopy): boolean {
    this.#spread.tried();
    const isNewer = copy.sentAtMs > this.sentAtMs;
    if (!isNewer || this.#clock.isInDoubt(copy.sentAtMs)) return false;
    const chain = this.chain;
    const entries = chain === undefined ? copy.entries() : copy.entriesAfter(chain.end);
    if (entries === undefined) return false;
    const { sentAtMs } = copy;
    // A post among the entries of a copy goes before the state in the copy, which is no newer.
    const switched = lastSwitched(entries) ?? copy.switched;
    const read: JournalRead = { kind: "read", entries, sentAtMs, switched };
    if (chain === undefined) this.#adopt(read);
    else this.#extend(chain, chain.end.position, read);
    return true;
  }

  /**
   * Rule 12: reads back what an older stamp may be found in, a few pages at a time and one search at
   * a time. What is read lengthens the chain only where it joins it; its end and its age stay.
   */
  async searchBack(stamp: Stamp): Promise<void> {
    if (this.#isSearching || !this.#mayBeOlder(stamp)) return;
    this.#isSearching = true;
    try {
      for (let pages = 0; pages < searchPagesMax && this.#mayBeOlder(stamp); pages += 1) {
        if (!(await this.#readBack())) return;
      }
    } finally {
      this.#isSearching = false;
    }
  }

  #mayBeOlder(stamp: Stamp): boolean {
    const chain = this.chain;
    if (stamp === "none" || chain === undefined || chain === this.#complete) return false;
    return comparePositions(stamp.position, chain.floor.position) < 0;
  }

  /** @returns whether there may be more */
  async #readBack(): Promise<boolean> {
    const chain = this.chain;
    if (chain === undefined) return false;
    const { floor } = chain;
    const read = await this.#settings.journal.before(floor);
    if (read.kind === "unavailable") return false;
    // Rule 13: it was read for a chain, and for a floor, that may have gone since.
    if (this.chain !== chain || !isSamePlace(chain.floor, floor)) return false;
    const heldCount = chain.entries.length;
    const hasMore = read.kind === "read" && read.entries.length > 0 && chain.prepend(read.entries);
    if (!hasMore) this.#complete = chain;
    this.#settings.news?.tell("older", chain.entries.slice(0, chain.entries.length - heldCount));
    return hasMore;
  }

  /** Rule 13: a result that was judged against a position that is no longer ours is thrown away. */
  #isStill(chain: Chain, position: string): boolean {
    return this.chain === chain && chain.end.position === position;
  }

  #extend(chain: Chain, position: string, { entries, sentAtMs }: JournalRead): void {
    if (!this.#isStill(chain, position)) return;
    chain.append(entries);
    this.switched = lastSwitched(entries) ?? this.switched;
    this.#spread.read(entries);
    this.#verified(entries, sentAtMs);
  }

  /** What stands before the entry was read with it: where that joins the chain's end, it extends it. */
  async appendAndRead(place: EntryPlace, entry: NewEntry): Promise<AppendedAndRead | Unavailable> {
    const appended = await this.#dated((journal) => journal.appendAndRead(place, entry));
    const { chain } = this;
    if (appended.kind === "unavailable" || chain === undefined) return appended;
    const { since, sentAtMs } = appended;
    // What stood at the place is gone, or too far back: that tells nothing of our chain.
    if (since === undefined) return appended;
    const { end } = chain;
    const at = [place, ...since].findIndex((each) => isSamePlace(each, end));
    const entries = since.slice(at);
    if (at >= 0) this.#extend(chain, end.position, { kind: "read", entries, sentAtMs });
    return appended;
  }

  #noteFailure({ kind }: { kind: string }): void {
    this.failedAtMs = kind === "unavailable" ? this.#settings.nowAtMs() : undefined;
  }

  #adopt(read: JournalRead): void {
    if (read.entries.length === 0) return;
    this.chain = new Chain(read.entries, this.#settings.chainBounds);
    // The entries know more than the key only where the key alone was lost.
    this.switched = read.switched ?? lastSwitched(read.entries);
    this.#verified(read.entries, read.sentAtMs);
  }

  #verified(entries: readonly Entry[], sentAtMs: number): void {
    this.sentAtMs = Math.max(this.sentAtMs, sentAtMs);
    this.failedAtMs = undefined;
    this.#clock.note(sentAtMs);
    for (const { n } of entries) this.#accepted.wasRead(n);
    this.#settings.news?.tell("read", entries);
    this.#settings.onRead?.();
  }
}

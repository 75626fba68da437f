// Reads back the entries that this isolate accepted (docs/internals/purge-protocol.md, rule 22). A read-back
// checks at the primary that the journal still has an entry. Lost entries are appended again.
import { isWithinMs } from "../../base/elapsed.ts";
import { patiently, pauseUnheld } from "../../base/timeouts.ts";
import { type Invocation, sharingHere } from "../../remote/invocation.ts";
import type { Entry, EntryId, NewEntry } from "../journal/entry.ts";
import type { Journal } from "../journal/journal.ts";
import { postedAgain, postEntry, postUnlessNewer, type Switch } from "../journal/switch.ts";
import type { JournalView } from "../view/journal-view.ts";

export interface AcceptanceSettings {
  readonly journal: Journal;
  readonly view: JournalView;
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  /** The largest N of all routes. */
  readonly visibleWithinMs: number;
  /** The switch. If absent, this isolate accepts no posts. */
  readonly switching?: Switch;
}

interface PendingEntry {
  entry: Entry;
  readonly acceptedAtMs: number;
  triesCount: number;
  /** The read in progress for this entry, which another request may have started. */
  look: Promise<void> | undefined;
}

const waitMsMax = 20_000;
/** The maximum number of tries. The runtime ends background work after 30 s. */
const triesMax = 4;
const pauseMs = 5_000;
/**
 * The time after which the request that accepted an entry must have read the entry back or have
 * ended.
 */
const tendedMsMax = waitMsMax + triesMax * pauseMs;
/**
 * The maximum wait for another request's read. If that request has ended, its read never settles.
 */
const lookMsMax = 3_000;
/** The maximum number of entries in one read. */
const togetherMax = 128;
/** Entries accepted within this time, or within N/10 if that is less, share a read. */
const togetherMsMax = 1_000;

export class ReadBacks {
  readonly #settings: AcceptanceSettings;
  /**
   * The entries to read back. An entry that was accepted several times is in the set several times.
   */
  readonly #pending = new Set<PendingEntry>();
  /** The last entries with a timer, to which later ones are added that may share its read and its I/O. */
  #timed: { readonly own: PendingEntry[]; readonly invocation: Invocation } | undefined;

  constructor(settings: AcceptanceSettings) {
    this.#settings = settings;
  }

  /**
   * Reads entries back after half of N, at most 20 s. While the journal is
   * unreachable, retries three times, 5 s apart. Afterwards, the view's renewals look for these
   * entries. Re-appended entries are read back as well. Each request has its own timers, and skips
   * entries that other requests have read back. The timers do not keep a Node process alive,
   * because the journal already contains the purge.
   *
   * @param placed the entries of one purge
   */
  async later(placed: readonly Entry[]): Promise<void> {
    if (this.#settings.journal.keepsConfirmed === true) return;
    const acceptedAtMs = this.#settings.nowAtMs();
    const own = placed.map((entry): PendingEntry => {
      return { entry, acceptedAtMs, triesCount: 0, look: undefined };
    });
    for (const each of own) this.#pending.add(each);
    const invocation = sharingHere();
    const timed = this.#timed;
    const isTogether =
      timed?.invocation === invocation &&
      isWithinMs(this.#togetherMs, timed.own[0]?.acceptedAtMs ?? -Infinity, acceptedAtMs);
    if (isTogether && timed.own.length < togetherMax) return void timed.own.push(...own);
    this.#timed = { own, invocation };
    for (let tries = 0; tries < triesMax; tries += 1) {
      await pauseUnheld(tries === 0 ? this.#waitMs : pauseMs);
      if (this.#timed?.own === own) this.#timed = undefined;
      if (await this.#areAnsweredFor(own, tries)) return;
    }
    // From now on, the view's renewals report entries that they have not read.
    for (const each of own) this.#pending.delete(each);
  }

  /** Reads entries back now, in batches. Returns whether all reads and appends succeeded. */
  async now(placed: readonly Entry[]): Promise<boolean> {
    for (let at = 0; at < placed.length; at += togetherMax) {
      const piece = placed.slice(at, at + togetherMax);
      if ((await this.#writeAgainIfGone(piece)) === undefined) return false;
    }
    return true;
  }

  get #waitMs(): number {
    return Math.min(this.#settings.visibleWithinMs / 2, waitMsMax);
  }

  get #togetherMs(): number {
    return Math.min(togetherMsMax, this.#waitMs / 5);
  }

  async #areAnsweredFor(own: readonly PendingEntry[], tries: number): Promise<boolean> {
    for (const look of new Set(own.map((each) => each.look))) {
      if (look !== undefined) await patiently(look, lookMsMax);
    }
    const isPending = (each: PendingEntry) => this.#pending.has(each);
    const left = own.filter((each) => isPending(each) && each.triesCount <= tries);
    for (let at = 0; at < left.length; at += togetherMax) {
      await this.#lookFor(this.#together(left.slice(at, at + togetherMax)));
    }
    return !own.some(isPending);
  }

  /**
   * Returns a request's entries, and entries of other requests that may share the read. The latter
   * were accepted at most `togetherMsMax` later, and no request is reading them back, or their own
   * request must have ended.
   */
  #together(own: readonly PendingEntry[]): PendingEntry[] {
    const { acceptedAtMs = 0, triesCount = 0 } = own[0] ?? {};
    const together = new Set(own);
    for (const each of this.#pending) {
      if (together.size >= togetherMax) break;
      const sinceMs = each.acceptedAtMs - acceptedAtMs;
      const isDue =
        sinceMs <= this.#togetherMs && each.look === undefined && each.triesCount <= triesCount;
      if (isDue || sinceMs < -tendedMsMax) together.add(each);
    }
    return [...together];
  }

  async #lookFor(together: readonly PendingEntry[]): Promise<void> {
    const { promise: look, resolve } = Promise.withResolvers<void>();
    for (const each of together) each.look = look;
    const entries = new Map(together.map(({ entry }) => [entry.n, entry]));
    try {
      const again = await this.#writeAgainIfGone([...entries.values()]);
      for (const each of together) {
        // Keep an entry that was appended again, because a failing server may also lose that entry.
        if (again?.includes(each.entry) === false) this.#pending.delete(each);
      }
    } finally {
      for (const each of together) {
        each.triesCount += 1;
        if (each.look === look) each.look = undefined;
      }
      resolve();
    }
  }

  /**
   * Re-appends lost entries with a new `n`. With its old `n`, a re-appended entry might also get
   * its old ID. A view that ends with the lost entry would then miss entries that were appended
   * before the new one. Trimmed purges need no new entry, because epochs have their names.
   *
   * @returns the appended entries; `undefined` if the journal is unavailable
   */
  async #writeAgainIfGone(placed: readonly Entry[]): Promise<readonly Entry[] | undefined> {
    const { journal, view, randomText } = this.#settings;
    const read = await journal.standing(placed);
    if (read.kind === "unavailable") return undefined;
    // A post that seems trimmed may be lost. Posting it again is safe: if it was trimmed, the
    // switch still has it or a newer post, so nothing is written.
    const gone = placed.filter((entry, at) => {
      const state = read.states[at];
      return state === "gone" || (state === "trimmed" && isPost(entry));
    });
    view.tail.confirm(placed.filter((entry) => !gone.includes(entry)));
    const writtenAgain: Entry[] = [];
    const purges = gone.filter((entry) => !isPost(entry));
    if (purges.length > 0) {
      const again = purges.map((entry): NewEntry => ({ ...entry, n: randomText() }));
      const appended = await journal.append(again);
      if (appended.kind === "unavailable") return undefined;
      writtenAgain.push(...placedAt(appended.places, again));
      this.#replace(purges, writtenAgain);
    }
    const posts = gone.filter(isPost);
    const again = posts.length > 0 ? await this.keepSwitch(posts) : [];
    if (again === undefined) return undefined;
    writtenAgain.push(...again);
    return writtenAgain;
  }

  /**
   * Posts the newest known post again, unless the switch has it or a newer one. If the journal is
   * unavailable, the view's next renewal causes another try (rule 24 g).
   *
   * @param lost the posts that this isolate accepted and whose entries are lost
   * @returns the new entry, or an empty list if none was written; `undefined` if the journal is
   *   unavailable
   */
  async keepSwitch(lost: readonly Entry[] = []): Promise<readonly Entry[] | undefined> {
    const { switching, randomText, view } = this.#settings;
    if (switching === undefined || view.tail.switched === undefined) return [];
    const switched = { ...view.tail.switched, replaces: "" };
    const entry = postEntry(randomText(), switched, postedAgain);
    const posted = await postUnlessNewer(switching, entry);
    view.tail.isSwitchLost = posted.kind === "unavailable";
    if (posted.kind === "unavailable") return undefined;
    if (posted.kind === "overtaken") view.tail.learn(posted.current);
    const placed = posted.kind === "posted" ? placedAt([posted.place], [entry]) : [];
    this.#replace(lost, placed);
    return placed;
  }

  /** Replaces lost entries with the entries appended in their place, which later reads look for. */
  #replace(gone: readonly Entry[], again: readonly Entry[]): void {
    this.#settings.view.tail.replace(gone, again);
    const placeOf = new Map(gone.map(({ n }, at) => [n, again[at]]));
    for (const each of this.#pending) each.entry = placeOf.get(each.entry.n) ?? each.entry;
  }
}

const isPost = ({ switched }: NewEntry): boolean => switched !== undefined;

/** Returns the entries with their places in the journal. */
export function placedAt(places: readonly EntryId[], entries: readonly NewEntry[]): Entry[] {
  return entries.map((entry, at) => ({ ...entry, ...(places[at] ?? { position: "" }) }));
}

// Looks whether the entries that this isolate has accepted still stand in the journal, and writes
// again those that are gone (docs/purge-protocol.md, rule 22). Entries of one second share a look.
import { patiently, pauseUnheld } from "../../base/patience.ts";
import type { Entry, NewEntry } from "../journal/entry.ts";
import type { Journal } from "../journal/journal.ts";
import type { PostEntry, Switch } from "../journal/switch.ts";
import type { JournalView } from "../view/journal-view.ts";

export interface AcceptanceSettings {
  readonly journal: Journal;
  readonly view: JournalView;
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  readonly maxLagMs: number;
  /** Absent: nothing is posted here. */
  readonly switching?: Switch;
}

interface Pending {
  entry: Entry;
  readonly acceptedAtMs: number;
  triesCount: number;
  /** The look that is under way for it, which may be another request's. */
  look: Promise<void> | undefined;
}

const waitMsMax = 20_000;
/** Work behind an answer ends after 30 s. */
const triesMax = 4;
const pauseMs = 5_000;
/** By then its own request has looked for it, or is gone. */
const tendedMsMax = waitMsMax + triesMax * pauseMs;
/** A look takes no longer than this, unless it has to write, or its request has ended. */
const lookMsMax = 3_000;
/** The journal answers for all of them in one reply. */
const togetherMax = 128;
/** Accepted no later than that after another, an entry is looked for with it. */
const togetherMsMax = 1_000;

export class ReadBacks {
  readonly #settings: AcceptanceSettings;
  /** An entry that was accepted again is there for each time. */
  readonly #pending = new Set<Pending>();

  constructor(settings: AcceptanceSettings) {
    this.#settings = settings;
  }

  /**
   * Half of N later, 20 s at most, and for some 20 s more while the journal is away. What was written
   * again is looked for in its turn. Each request keeps a timer of its own: one that finds its entries
   * looked for has nothing left to do. No timer keeps a process on Node from ending: the purge stands in
   * the journal already.
   *
   * @param placed of one purge
   */
  async later(placed: readonly Entry[]): Promise<void> {
    const acceptedAtMs = this.#settings.nowAtMs();
    const unseen = { acceptedAtMs, triesCount: 0, look: undefined };
    const own = placed.map((entry): Pending => ({ entry, ...unseen }));
    for (const each of own) this.#pending.add(each);
    for (let tries = 0; tries < triesMax; tries += 1) {
      await pauseUnheld(tries === 0 ? this.#waitMs : pauseMs);
      if (await this.#areAnsweredFor(own, tries)) return;
    }
    // After that the view's own renewals look for what they have not read.
    for (const each of own) this.#pending.delete(each);
  }

  /**
   * Now, a piece at a time.
   *
   * @returns whether the journal has answered for all
   */
  async now(placed: readonly Entry[]): Promise<boolean> {
    for (let at = 0; at < placed.length; at += togetherMax) {
      const piece = placed.slice(at, at + togetherMax);
      if ((await this.#writeAgainIfGone(piece)) === undefined) return false;
    }
    return true;
  }

  get #waitMs(): number {
    return Math.min(this.#settings.maxLagMs / 2, waitMsMax);
  }

  async #areAnsweredFor(own: readonly Pending[], tries: number): Promise<boolean> {
    for (const look of new Set(own.map((each) => each.look))) {
      if (look !== undefined) await patiently(look, lookMsMax);
    }
    const isPending = (each: Pending) => this.#pending.has(each);
    const left = own.filter((each) => isPending(each) && each.triesCount <= tries);
    for (let at = 0; at < left.length; at += togetherMax) {
      await this.#lookFor(this.#together(left.slice(at, at + togetherMax)));
    }
    return !own.some(isPending);
  }

  /** With them goes what was accepted at about the same time, and nobody looks for. */
  #together(own: readonly Pending[]): Pending[] {
    const { acceptedAtMs = 0, triesCount = 0 } = own[0] ?? {};
    const togetherMs = Math.min(togetherMsMax, this.#waitMs / 5);
    const together = new Set(own);
    for (const each of this.#pending) {
      if (together.size >= togetherMax) break;
      const sinceMs = each.acceptedAtMs - acceptedAtMs;
      const isDue =
        sinceMs <= togetherMs && each.look === undefined && each.triesCount <= triesCount;
      if (isDue || sinceMs < -tendedMsMax) together.add(each);
    }
    return [...together];
  }

  async #lookFor(together: readonly Pending[]): Promise<void> {
    const { promise: look, resolve } = Promise.withResolvers<void>();
    for (const each of together) each.look = look;
    const entries = new Map(together.map(({ entry }) => [entry.n, entry]));
    try {
      const again = await this.#writeAgainIfGone([...entries.values()]);
      for (const each of together) {
        // A server that has lost the first may lose the second before another has it.
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
   * What is gone is written again as another entry, but for what newer entries have pushed out: every
   * view counts that as known to cover what is older. With its old `n` it could be given its old ID
   * too, behind entries that nobody who joins at it would ever read.
   *
   * @returns what was written again; `undefined` if the journal has not answered
   */
  async #writeAgainIfGone(placed: readonly Entry[]): Promise<readonly Entry[] | undefined> {
    const { journal, view, randomText } = this.#settings;
    const read = await journal.standing(placed);
    if (read.kind === "unavailable") return undefined;
    // A post that seems trimmed may be lost all the same: the switch's key tells.
    const gone = placed.filter((entry, at) => {
      const state = read.states[at];
      return state === "gone" || (state === "trimmed" && isPost(entry));
    });
    view.readBack(placed.filter((entry) => !gone.includes(entry)));
    const writtenAgain: Entry[] = [];
    const purges = gone.filter((entry) => !isPost(entry));
    if (purges.length > 0) {
      const again = purges.map((entry): NewEntry => ({ ...entry, n: randomText() }));
      const appended = await journal.append(again);
      if (appended.kind === "unavailable") return undefined;
      writtenAgain.push(...placedAt(appended.positions, again));
      this.#replace(purges, writtenAgain);
    }
    for (const entry of gone.filter(isPost)) {
      const again = await this.#postedAgain(entry);
      if (again === undefined) return undefined;
      writtenAgain.push(...again);
    }
    return writtenAgain;
  }

  /**
   * Rule 24: only while the key names the post that this one had replaced. Else the key has outlived the
   * entry, or a later post counts.
   *
   * @returns the entry that was written, if one was; `undefined` if the journal has not answered
   */
  async #postedAgain(entry: PostEntry & Entry): Promise<readonly Entry[] | undefined> {
    const { switching, randomText, view } = this.#settings;
    const again: PostEntry = { ...entry, n: randomText() };
    const posted = await switching?.post(again);
    if (posted === undefined || posted.kind === "unavailable") return undefined;
    if (posted.kind === "posted") {
      const placed = placedAt([posted.position], [again]);
      this.#replace([entry], placed);
      return placed;
    }
    if (posted.held?.post === entry.switched.post) view.readBack([entry]);
    else view.replaced([entry], []);
    return [];
  }

  /** Replaces entries that were gone by the entries that were written in their place, for further read-backs. */
  #replace(gone: readonly Entry[], again: readonly Entry[]): void {
    this.#settings.view.replaced(gone, again);
    const placeOf = new Map(gone.map(({ n }, at) => [n, again[at]]));
    for (const each of this.#pending) each.entry = placeOf.get(each.entry.n) ?? each.entry;
  }
}

function isPost<T extends NewEntry>(entry: T): entry is T & PostEntry {
  return entry.switched !== undefined;
}

/** Entries as the journal has placed them. */
export function placedAt(positions: readonly string[], entries: readonly NewEntry[]): Entry[] {
  return entries.map((entry, at) => ({ ...entry, position: positions[at] ?? "" }));
}

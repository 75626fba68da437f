// The purges of a cache that runs in one process, without a journal. An accepted purge joins the
// chain at once, so the view is never behind, and no purge can be lost.
import type { Stamp } from "../cache/record/record.ts";
import type { AcceptedWrite, SignedOrder } from "./acceptance/acceptance.ts";
import { type Entry, markOf, type NewEntry } from "./journal/entry.ts";
import { Chain } from "./view/chain.ts";
import type { AcceptedPurge } from "./view/positions.ts";
import { Restamper } from "./view/restamper.ts";
import {
  coverBy,
  type PurgeJudgement,
  type PurgeSubject,
  type PurgeView,
  usable,
} from "./view/view.ts";

export interface LocalPurgesSettings {
  readonly nowAtMs: () => number;
  readonly randomText: () => string;
  /**
   * Returns the metadata of all records in memory. Records may outlive the entries of the chain.
   */
  readonly stored: () => Iterable<PurgeSubject>;
}

/**
 * The maximum number of tags, and of prefixes, in one entry. A larger entry could add a quarter to
 * the chain's turnover. One call would then restamp all records.
 */
const targetsMax = 1_000;

/** The judgement on a record with an unknown stamp: any purge may be newer than that stamp. */
const unknown: PurgeJudgement = { kind: "purged", mode: "hard" };

export class LocalPurges implements PurgeView {
  readonly #settings: LocalPurgesSettings;
  readonly #chain: Chain;
  readonly #restamper: Restamper;
  #count = 0;

  constructor(settings: LocalPurgesSettings) {
    this.#settings = settings;
    const beginning = this.#placed(markOf("", settings.randomText()));
    this.#chain = new Chain([beginning]);
    this.#restamper = new Restamper(this.#chain, settings.stored);
  }

  /** Applies a purge, split into entries if it is large. Returns the place of the last entry. */
  async accept(order: SignedOrder): Promise<{ kind: "accepted" } & AcceptedPurge> {
    const { tags, prefixes } = order.targets;
    let place = { position: "", n: "" };
    for (let from = 0; from < Math.max(tags.length, prefixes.length); from += targetsMax) {
      const [first, end] = [from, from + targetsMax];
      const targets = { tags: tags.slice(first, end), prefixes: prefixes.slice(first, end) };
      place = this.#added({ ...order, targets });
    }
    const { position, n } = place;
    return { kind: "accepted", position, n, visibleByAtMs: this.#settings.nowAtMs() };
  }

  /** Applies the purge of a value that is being written (rule 25). */
  async acceptAfter(order: SignedOrder, since: Stamp): Promise<AcceptedWrite> {
    const placed = this.#added(order);
    return { kind: "accepted", placed, since: this.#chain.between(since, placed) };
  }

  #added(order: SignedOrder): Entry {
    const entry = this.#placed({ ...order, n: this.#settings.randomText(), lost: "" });
    this.#chain.append([entry]);
    this.#restamper.advance();
    return entry;
  }

  /** Adds a position. The count makes it unique, even if the clock is set back. */
  #placed(entry: NewEntry): Entry {
    this.#count += 1;
    return { ...entry, position: `${Math.floor(this.#settings.nowAtMs())}-${this.#count}` };
  }

  async stamp(): Promise<Stamp> {
    return this.#chain.end;
  }

  judge(record: PurgeSubject): PurgeJudgement {
    if (!this.#chain.knows(record.stamp)) return unknown;
    const by = this.#chain.purgeOf(record);
    return by === undefined ? usable : coverBy(by);
  }

  mayBeValidated(record: PurgeSubject): boolean {
    return this.#chain.knows(record.stamp) && !this.#chain.isPurgedByOrder(record);
  }

  purgedSince(record: PurgeSubject, sinceAtMs: number): boolean {
    return this.#chain.lastPurgeAtMs(record) >= sinceAtMs;
  }

  // The view is never behind, so it is never renewed. The switch does not apply to data.

  readonly failedAtMs = undefined;

  bypasses(): boolean {
    return false;
  }

  isRenewedFirst(): boolean {
    return false;
  }

  arrived(): void {
    // The order of the chain does not depend on the clock.
  }

  attend(): undefined {
    // No request waits for a renewal.
  }

  seek(): undefined {
    // A newer view would know no more stamps.
  }

  isUnreachable(): boolean {
    return false;
  }
}

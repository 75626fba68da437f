// The traffic of a point: requests for the sampled pages in every isolate, isolates that come and
// go, and edits. Requests arrive at random (a Poisson process). Requests that memory answers without
// any other work are not played: after such a time, the next arrival is drawn anew, which changes no
// probability, because arrivals are independent.
import type { Draws } from "../../testing/draws.ts";
import { userTag } from "../../src/purge/journal/purge-target.ts";
import { zipfRanks } from "../load/zipf.ts";
import { zipfExponent } from "../trace/trace.ts";
import type { Due, PlayedTime } from "./played-time.ts";
import type { PlayedIsolate, PlayedSite } from "./played-site.ts";
import { type SampledPage, tagCount, targetOf } from "./sample.ts";

interface TrafficSettings {
  readonly site: PlayedSite;
  readonly time: PlayedTime;
  readonly draws: Draws;
  readonly pages: readonly SampledPage[];
  readonly pageCount: number;
  readonly coloCount: number;
  readonly isolatesAColo: number;
  readonly requestsPerSecond: number;
  readonly isolateLifeMs: number;
  /** The number of colos whose reads of the journal are played as often as their requests require. */
  readonly watchedColos: number;
  /** The age of a view from which isolates renew it. */
  readonly viewAgeMs: number;
  readonly editsPerSecond: number;
  readonly otherPurges: OtherPurges;
  /** The time after which all colos see a write to the shared tier. */
  readonly visibleAfterMs: number;
  /** Whether every request is played, also those that memory answers. */
  readonly isWhole: boolean;
}

/** Purges of names that no page has, such as sessions. They change no page. */
export interface OtherPurges {
  readonly perSecond: number;
  /** The number of isolates that accept them, in turn. */
  readonly isolates: number;
  /** When they begin. Default: with the requests. */
  readonly fromMs?: number;
}

/**
 * The most requests per second that are drawn for the view of one isolate. A view is renewed after
 * seconds, so more requests would renew it hardly earlier.
 */
const renewalsPerSecondMax = 5;

/** In a colo with many isolates, this many read its journal nearly as often as all would. */
const watchedIsolatesAColo = 24;

/** A place for one isolate after another. */
interface Slot {
  readonly colo: number;
  readonly isWatched: boolean;
  isolate: PlayedIsolate | undefined;
  endsAtMs: number;
  /** For each page, its next request, and the time until which memory answers it. */
  readonly next: (Due | undefined)[];
  readonly quietUntilMs: number[];
}

export class Traffic {
  /** The isolates that have started since `begin`, in watched colos and others. */
  readonly started = { watched: [] as PlayedIsolate[], others: [] as PlayedIsolate[] };
  playedCount = 0;
  readonly #settings: TrafficSettings;
  readonly #slots: readonly Slot[];
  readonly #arrivals: Draws;
  readonly #lives: Draws;
  readonly #edits: Draws;
  readonly #ranks: (draws: Draws) => number;

  constructor(settings: TrafficSettings) {
    const { coloCount, isolatesAColo, watchedColos, draws, pages, pageCount } = settings;
    this.#settings = settings;
    [this.#arrivals, this.#lives, this.#edits] = [draws.fork(), draws.fork(), draws.fork()];
    this.#ranks = zipfRanks(pageCount, zipfExponent);
    this.#slots = Array.from({ length: coloCount * isolatesAColo }, (_, nth) => ({
      colo: nth % coloCount,
      isWatched: nth % coloCount < watchedColos && nth < watchedIsolatesAColo * coloCount,
      isolate: undefined,
      endsAtMs: settings.time.atMs + this.#lives.between(0, settings.isolateLifeMs),
      next: [],
      quietUntilMs: pages.map(() => 0),
    }));
  }

  get #slotRate(): number {
    return this.#settings.requestsPerSecond / this.#slots.length;
  }

  /** Fills the tiers as a running site would have, and begins the requests and edits. */
  begin(): void {
    const { time, pages, visibleAfterMs } = this.#settings;
    for (const [nth, page] of pages.entries()) this.#fill(nth, page);
    time.after(visibleAfterMs, () => {
      for (const slot of this.#slots) {
        for (const nth of pages.keys()) this.#expect(slot, nth, time.atMs);
        if (slot.isWatched) this.#expectView(slot, time.atMs);
      }
      this.#expectEdit();
    });
    time.after(this.#settings.otherPurges.fromMs ?? visibleAfterMs, () => this.#expectOther(0));
  }

  /**
   * Requests a page in the colos that have it. A page is stored with the probability with which it
   * was requested within its lifetime, and a colo has it if the colo requested it since.
   */
  #fill(nth: number, page: SampledPage): void {
    const { coloCount, requestsPerSecond, time, visibleAfterMs } = this.#settings;
    const draws = this.#lives;
    const rate = requestsPerSecond * page.share;
    const cycles = rate * page.lifetimeSeconds;
    const isStored = draws.isLucky(cycles / (1 + cycles));
    if (!isStored) return;
    page.firstAgeSeconds = Math.floor(draws.between(0, page.lifetimeSeconds - 2));
    const isInColo = 1 - Math.exp((-rate / coloCount) * page.firstAgeSeconds);
    const colos = this.#slots.filter(({ colo }, at) => colo === at && draws.isLucky(isInColo));
    const first = this.#slots[Math.floor(draws.between(0, coloCount))];
    // The first response has the age. The other colos then find it in the shared tier.
    if (first) void this.#visit(first, nth);
    time.after(visibleAfterMs, () => colos.forEach((slot) => void this.#visit(slot, nth)));
  }

  /** Draws the next request for a page in an isolate, from an instant on. */
  #expect(slot: Slot, nth: number, fromMs: number): void {
    const { time, pages } = this.#settings;
    const rate = this.#slotRate * (pages[nth]?.share ?? 0);
    const waiting = slot.next[nth];
    if (waiting !== undefined) waiting.run = undefined;
    const atMs = fromMs + this.#gapMs(rate);
    slot.quietUntilMs[nth] = fromMs;
    slot.next[nth] = time.after(atMs - time.atMs, () => {
      this.#expect(slot, nth, time.atMs);
      void this.#visit(slot, nth);
    });
  }

  #gapMs(perSecond: number): number {
    return (-1_000 * Math.log(1 - this.#arrivals.between(0, 1))) / perSecond;
  }

  async #visit(slot: Slot, nth: number): Promise<void> {
    const { time, pages, isWhole } = this.#settings;
    const page = pages[nth];
    if (page === undefined) return;
    this.playedCount += 1;
    const isolate = this.#isolateOf(slot);
    const { isCurrent, quietMs } = await isolate.ask(page);
    const untilMs = time.atMs + quietMs;
    const isNew = isCurrent && slot.isolate === isolate && untilMs > (slot.quietUntilMs[nth] ?? 0);
    if (isNew && quietMs > 0 && !isWhole) this.#expect(slot, nth, untilMs);
  }

  /** Returns the slot's isolate. Starts one if there is none, or if its life has ended. */
  #isolateOf(slot: Slot): PlayedIsolate {
    const { time, site, isolateLifeMs } = this.#settings;
    if (slot.isolate !== undefined && time.atMs < slot.endsAtMs) return slot.isolate;
    while (time.atMs >= slot.endsAtMs)
      slot.endsAtMs += isolateLifeMs * this.#lives.between(0.5, 1.5);
    const isolate = site.startIsolate(slot.colo, !slot.isWatched);
    slot.isolate = isolate;
    (slot.isWatched ? this.started.watched : this.started.others).push(isolate);
    time.after(slot.endsAtMs - time.atMs, () => this.#end(slot, isolate));
    return isolate;
  }

  /** Ends an isolate. Its memory answers nothing more, so all pages expect requests. */
  #end(slot: Slot, isolate: PlayedIsolate): void {
    const { pages, time } = this.#settings;
    if (slot.isolate !== isolate) return;
    slot.isolate = undefined;
    for (const nth of pages.keys()) this.#expect(slot, nth, time.atMs);
  }

  /** Draws the next request that reaches the view of an isolate, and is not played as a visit. */
  #expectView(slot: Slot, fromMs: number): void {
    const { time, viewAgeMs } = this.#settings;
    const gapMs = this.#gapMs(Math.min(this.#slotRate, renewalsPerSecondMax));
    time.after(fromMs + gapMs - time.atMs, () => {
      if (this.#arrivals.isLucky(1 - this.#playedShare(slot))) this.#isolateOf(slot).renewIfDue();
      const readAtMs = slot.isolate?.viewReadAtMs ?? -Infinity;
      this.#expectView(slot, Math.max(time.atMs, readAtMs + viewAgeMs));
    });
  }

  /** Returns the share of the isolate's requests that are now played as visits. */
  #playedShare({ quietUntilMs }: Slot): number {
    const { pages, time } = this.#settings;
    let share = 0;
    for (let nth = 0; nth < pages.length; nth += 1) {
      if ((quietUntilMs[nth] ?? 0) <= time.atMs) share += pages[nth]?.share ?? 0;
    }
    return share;
  }

  #expectEdit(): void {
    const { time, editsPerSecond } = this.#settings;
    if (editsPerSecond === 0) return;
    const gapMs = (-1_000 * Math.log(1 - this.#edits.between(0, 1))) / editsPerSecond;
    time.after(gapMs, () => {
      this.#expectEdit();
      void this.#edit();
    });
  }

  #expectOther(nth: number): void {
    const { time, otherPurges } = this.#settings;
    if (otherPurges.perSecond === 0) return;
    const gapMs = (-1_000 * Math.log(1 - this.#edits.between(0, 1))) / otherPurges.perSecond;
    time.after(gapMs, () => {
      this.#expectOther(nth + 1);
      const slot = this.#slots[nth % Math.min(otherPurges.isolates, this.#slots.length)];
      if (slot) void this.#isolateOf(slot).purge(userTag(`session:${nth}`));
    });
  }

  /** Edits a page, or all pages with a tag. */
  async #edit(): Promise<void> {
    const { site, pages, time } = this.#settings;
    const draws = this.#edits;
    const tag = `t${Math.floor(draws.between(0, tagCount))}`;
    const target = targetOf(this.#ranks(draws));
    const by = draws.isLucky(0.5) ? { tag } : { target };
    const changed = pages.filter((page) =>
      "tag" in by ? page.tag === tag : page.target === target,
    );
    const slot = draws.oneOf(this.#slots);
    await site.edit({ pages: changed, by }, this.#isolateOf(slot));
    for (const [nth, page] of pages.entries()) {
      if (!changed.includes(page)) continue;
      for (const each of this.#slots) this.#expect(each, nth, time.atMs);
    }
  }
}

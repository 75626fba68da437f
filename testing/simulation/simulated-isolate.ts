// One isolate of the simulated world, with an inaccurate clock. It runs the product's view,
// journal, acceptance of purges and verdicts. Tests may plant faults.
import type { Stamp } from "../../src/cache/record/record.ts";
import { requestDirectives } from "../../src/rules/cache-control.ts";
import type { StoredMetadata, StoredResponse } from "../../src/pages/stored/stored-response.ts";
import { Invalidations } from "../../src/pages/site/remembered-keys.ts";
import { Acceptances, type SignedOrder } from "../../src/purge/acceptance/acceptance.ts";
import type { AcceptanceSettings } from "../../src/purge/acceptance/read-backs.ts";
import { ClockSteps } from "../../src/purge/view/clock-steps.ts";
import { usualBounds } from "../../src/purge/view/chain.ts";
import { EpochWindow } from "../../src/purge/view/epoch-window.ts";
import type { Entry } from "../../src/purge/journal/entry.ts";
import { JournalView, type JournalViewSettings } from "../../src/purge/view/journal-view.ts";
import {
  RedisJournal,
  type RedisJournalSettings,
} from "../../src/stores/redis/journal/redis-journal.ts";
import type { Journal } from "../../src/purge/journal/journal.ts";
import type { Switch } from "../../src/purge/journal/switch.ts";
import { RedisSwitch } from "../../src/stores/redis/journal/redis-switch.ts";
import type { Reach, Requester } from "../../src/purge/view/view-port.ts";
import {
  decide,
  decideOnError,
  judgedUnder,
  type VerdictQuestion,
} from "../../src/pages/reuse/may-answer.ts";
import type { SimulatedWorld } from "./journal-simulator.ts";
import type { SimulatedCache } from "./simulated-cache.ts";
import {
  configOf,
  type Leave,
  type Page,
  pages,
  routeOf,
  targetsOf,
  urlOf,
} from "./simulated-pages.ts";
import { SimulatedRedis } from "./simulated-redis.ts";
import { IsolateTrace } from "./traces/isolate-trace.ts";

const noDirectives = requestDirectives(new Headers());

/** An origin's response, and its stored form. */
export interface SimulatedFill {
  readonly generatedAtMs: number;
  readonly page: Page;
  readonly leave: Leave;
  readonly stored: StoredResponse;
}

/** The provenance that a forward notes. */
interface Noted {
  readonly stamp: Stamp;
  readonly requestedAtMs: number;
}

/**
 * The parts that a test may replace with a fault. The journal and the view receive their isolate,
 * so that a fault can use its clock, its world and its colo.
 */
export interface Parts {
  readonly journal: (settings: RedisJournalSettings, isolate: SimulatedIsolate) => Journal;
  readonly view: (settings: JournalViewSettings, isolate: SimulatedIsolate) => JournalView;
  readonly window: () => EpochWindow;
  readonly acceptances: (settings: AcceptanceSettings) => Acceptances;
  /** The store of the switch's posts. */
  readonly switching: (store: Switch) => Switch;
  /** Selects what to store with a response: the notes from before or after the origin request. */
  readonly noted: (before: Noted, after: Noted) => Noted;
  /** Changes the question of a verdict. */
  readonly asked: (question: VerdictQuestion) => VerdictQuestion;
  /** Changes the question of the second verdict, after an error of the origin. */
  readonly askedOnError: (question: VerdictQuestion) => VerdictQuestion;
}

export const soundParts: Parts = {
  journal: (settings) => new RedisJournal(settings),
  view: (settings) => new JournalView(settings),
  window: () => new EpochWindow(),
  acceptances: (settings) => new Acceptances(settings),
  switching: (store) => store,
  noted: (before) => before,
  asked: (question) => question,
  askedOnError: (question) => question,
};

/** A colo. Clocks of different colos may differ by any amount. */
export interface SimulatedColo {
  readonly name: string;
  readonly offsetMs: number;
  readonly cache: SimulatedCache;
}

export interface Place {
  readonly colo: SimulatedColo;
  /** The name in a replay. */
  readonly name: string;
}

/** The purge protocol's part of an isolate, independent of the way it answers requests. */
export class SimulatedIsolate {
  readonly world: SimulatedWorld;
  readonly place: Place;
  readonly colo: string;
  readonly name: string;
  /** This clock minus the true time. */
  offsetMs: number;
  /** No request arrives before this true time. */
  #idleUntilMs = 0;
  /** `offsetMs` at the last request. */
  #offsetAtRequestMs: number;
  readonly view: JournalView;
  readonly redis: SimulatedRedis;
  readonly acceptances: Acceptances;
  readonly #journal: Journal;
  readonly #parts: Parts;
  readonly trace: IsolateTrace | undefined;
  /** For each response, the view's version and the number of due purges at the last probe. */
  readonly probed = new Map<SimulatedFill, { version: number; dueCount: number }>();
  /** The number of requests that had to wait for the view. */
  waitCount = 0;

  constructor(world: SimulatedWorld, place: Place, parts: Parts) {
    const { clockErrorMs, keptCount } = world.settings;
    const { purge } = configOf(world.settings);
    const { allowanceMs, renewalLagMs, visibleWithinSeconds } = purge;
    this.world = world;
    this.place = place;
    this.colo = place.colo.name;
    this.name = place.name;
    this.#parts = parts;
    this.offsetMs = place.colo.offsetMs + world.between(0, clockErrorMs);
    const { colo, offsetMs } = this;
    this.#offsetAtRequestMs = offsetMs;
    this.trace = world.trace && new IsolateTrace(world.trace, { colo, offsetMs });
    this.redis = new SimulatedRedis(world, this.trace);
    const { nowAtMs } = this;
    const randomText = () => String(world.between(0, 1e9));
    const redis = this.redis.client;
    const namespace = "site";
    this.#journal = parts.journal({ redis, namespace, nowAtMs, randomText, keptCount }, this);
    const timeoutMs = Math.min(2_000, (renewalLagMs - allowanceMs) / 2);
    const journal = this.#journal;
    this.view = parts.view(
      {
        journal,
        nowAtMs,
        clock: new ClockSteps(allowanceMs, () => this.offsetMs),
        renewalLagMs,
        allowanceMs,
        timeoutMs,
        chainBounds: { ...usualBounds, entriesMax: Math.min(keptCount, usualBounds.entriesMax) },
        window: this.trace?.observeWindow(parts.window()) ?? parts.window(),
        onOverdue: (entries) => this.acceptances.lookFor(entries),
        onRead: () => this.trace?.took(this.view.tail),
      },
      this,
    );
    this.trace?.observe(this.view);
    this.acceptances = parts.acceptances({
      journal: this.#journal,
      view: this.view,
      nowAtMs,
      randomText,
      visibleWithinMs: visibleWithinSeconds * 1_000,
      switching: parts.switching(new RedisSwitch({ redis, namespace, keptCount })),
    });
  }

  readonly nowAtMs = (): number => this.world.atMs + this.offsetMs;

  get isIdle(): boolean {
    return this.world.atMs < this.#idleUntilMs;
  }

  get requester(): Requester {
    return { atMs: this.nowAtMs(), afterAnswer: (work) => void work() };
  }

  /**
   * Handles the arrival of a request.
   *
   * @returns a function that waits for the view; `undefined` if the request need not wait
   */
  arrive(): (() => Promise<void>) | undefined {
    this.#offsetAtRequestMs = this.offsetMs;
    const renewed = this.view.renewIfDue(this.requester);
    if (renewed !== undefined) this.waitCount += 1;
    return renewed;
  }

  /**
   * Sets the clock back or forward, unnoticed until the next request. A negative step sets it back. The steps between two
   * requests do not add up to a step back of up to A, which the promise excludes. Sometimes the isolate is idle until its
   * clock reads what it has read before.
   */
  setClock(byMs: number): void {
    const { allowanceMs } = this.world.settings;
    this.offsetMs += byMs;
    const backMs = this.#offsetAtRequestMs - this.offsetMs;
    if (backMs > 0 && backMs <= allowanceMs) this.offsetMs -= allowanceMs;
    const { draw, atMs } = this.world;
    if (draw() < 0.5)
      this.#idleUntilMs = atMs + Math.max(0, backMs) + this.world.between(0, 20_000);
    this.trace?.event("turn", { asOf: this.offsetMs });
    this.world.tell(() => `The clock of ${this.name} is set by ${byMs} ms`);
  }

  seek(): void {
    void this.view.seek(this.requester);
  }

  #question({ page, leave }: SimulatedFill, reach?: Reach): VerdictQuestion {
    const directives = { ...noDirectives, onlyIfCached: leave === "only-if-cached" };
    return {
      request: {
        route: routeOf(this.world, page, leave),
        directives,
        hasUnknownCookie: false,
        forwarded: { credentials: [] },
      },
      exchange: {
        reach,
        colo: () => this.colo,
        site: {
          config: configOf(this.world.settings),
          view: this.view,
          invalidations: new Invalidations(),
        },
      },
      atMs: this.nowAtMs(),
    };
  }

  /**
   * Returns how the response would answer now if the origin were unreachable; `undefined` if it
   * would not answer.
   *
   * @param reach whether the view reaches the purge whose position the request sent
   */
  answer(fill: SimulatedFill, reach?: Reach): "fresh" | "stale" | undefined {
    this.#offsetAtRequestMs = this.offsetMs;
    this.view.arrived(this.nowAtMs());
    const answer = this.#answerWith(fill, reach);
    if (answer !== undefined) this.trace?.answers(fill.stored.metadata, answer === "fresh");
    return answer;
  }

  #answerWith(fill: SimulatedFill, reach: Reach | undefined): "fresh" | "stale" | undefined {
    const question = this.#question(fill, reach);
    const candidate = { stored: fill.stored, tier: "memory" } as const;
    const { kind } = decide(candidate, this.#parts.asked(question));
    if (kind === "serve") return "fresh";
    if (kind === "serve-stale") return "stale";
    if (kind === "gateway-timeout") return undefined;
    const allowed = decideOnError(candidate, this.#parts.askedOnError(question));
    return allowed === undefined ? undefined : "stale";
  }

  /** Runs the steps of a request that finds this response, up to its verdict. */
  async request(fill: SimulatedFill): Promise<"fresh" | "stale" | undefined> {
    const renewed = this.arrive();
    const candidate = { stored: fill.stored, tier: "memory" } as const;
    const isUnverified = () => judgedUnder(this.#question(fill), candidate).kind === "unverified";
    if (isUnverified()) await renewed?.();
    if (isUnverified()) await this.view.seek(this.requester, fill.stored.metadata);
    return this.answer(fill);
  }

  /** Fetches a response. By rule 1, notes the stamp and the time before the origin request. */
  async fill(page: Page, leave: Leave): Promise<SimulatedFill> {
    const { world, colo } = this;
    const before: Noted = {
      stamp: await this.view.stamp(this.requester),
      requestedAtMs: this.nowAtMs(),
    };
    const traced = this.trace?.loads(pages.indexOf(page), before);
    await world.sleep(world.between(0, 3_000));
    const generatedAtMs = world.atMs;
    traced?.generated();
    await world.sleep(world.between(0, 3_000));
    const noted = this.#parts.noted(before, {
      stamp: this.view.tail.chain?.end ?? "none",
      requestedAtMs: this.nowAtMs(),
    });
    const metadata: StoredMetadata = {
      ...blank,
      ...noted,
      colo,
      url: urlOf(page, leave),
      route: routeOf(world, page, leave).name,
      tags: [page],
      respondedAtMs: this.nowAtMs(),
    };
    traced?.stored(metadata);
    const { stamp } = noted;
    world.tell(() => `${this.name} has stored ${page} (${leave}), stamp ${shown(stamp)}`);
    return { generatedAtMs, page, leave, stored: { metadata, body: { kind: "absent" } } };
  }

  /** @returns the accepted entries; none if the purge was not accepted */
  async purge(page: Page, mode: "hard" | "soft"): Promise<readonly Entry[]> {
    return this.accept(this.orderOf(page, mode));
  }

  /** Creates an order that a sender may repeat at any isolate. */
  orderOf(page: Page, mode: "hard" | "soft"): SignedOrder {
    const targets = targetsOf(this.world, page);
    const id = String(this.world.between(0, 1e9));
    return { mode, targets, id, bodyDigest: id, by: "test", reason: "" };
  }

  /** @returns the accepted entries; none if the purge was not accepted */
  async accept(order: SignedOrder): Promise<readonly Entry[]> {
    const accepted = await this.acceptances.accept(order, this.requester);
    this.world.tell(() => `${this.name} answers the purge ${order.id}: ${accepted.kind}`);
    if (accepted.kind !== "accepted") return [];
    const entries = this.view.tail.entries.filter(({ id, position }) =>
      order.id === "" ? position === accepted.position : id === order.id,
    );
    for (const entry of entries) this.trace?.answersSender(entry);
    return entries;
  }
}

const shown = (stamp: Stamp): string => (stamp === "none" ? stamp : stamp.position);

const blank = {
  status: 200,
  statusText: "",
  fields: [],
  selecting: [],
  bodyBytes: 0,
  bodyDigest: null,
  fillCostMs: 0,
};

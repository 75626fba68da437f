// Plays purges and their delivery to one target in simulated time. Isolates deliver at the same time
// and end at any of their calls. Replies of the store and of the target are late or lost.
import { OutOfTime } from "../../../src/base/timeouts.ts";
import type { OutwardPorts } from "../../../src/parts/outward/port/outward-target.ts";
import { acceptedAtMs } from "../../../src/purge/journal/entry.ts";
import type { Subscribers } from "../../../src/purge/journal/subscribers.ts";
import { Draws } from "../../../testing/draws.ts";
import { newEntry } from "../../../testing/examples/purges.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { settledCall, SimulatedTime } from "../../../testing/simulation/simulated-time.ts";
import {
  dueAfterMs,
  listTarget,
  openStore,
  type OutwardStore,
  secret,
  type stores,
} from "./outward-world.ts";

interface HistorySettings {
  readonly seed: number;
  readonly store: (typeof stores)[number];
  readonly purgeCount: number;
  /** The share of calls at which the isolate ends. */
  readonly endShare: number;
  /** The share of calls whose reply is lost, and of requests that the target does not confirm. */
  readonly lostShare: number;
  /** The share of calls that take longer than a lock. */
  readonly stallShare: number;
  /** Replaces the store of states, to plant a fault. */
  readonly plant?: (subscribers: Subscribers) => Subscribers;
}

interface HistoryResult {
  /** The breaches of the rules, as sentences. */
  readonly breaches: readonly string[];
  readonly requestCount: number;
  readonly endedCount: number;
  readonly resetCount: number;
  readonly longestLagMs: number;
}

const rate = { burst: 10, perSecond: 1 };
/** A call usually takes up to this time, and rarely longer than a lock. */
const wayMs = 300;
const stallMs = 50_000;
/** A request may arrive this long after its tokens were taken. */
const arrivalMsMax = { calm: 2_000, stalling: 60_000 };
const cronMs = 60_000;

export function playedOutward(settings: HistorySettings): Promise<HistoryResult> {
  const time = new SimulatedTime(settledCall);
  return time.keeping(() => new OutwardHistory(time, settings).played());
}

class OutwardHistory {
  readonly #time: SimulatedTime;
  readonly #settings: HistorySettings;
  readonly #draws: Draws;
  readonly #store: OutwardStore;
  readonly #target;
  readonly #breaches = new Set<string>();
  /** The position of each purge, in order; its tag is its index. */
  readonly #positions: string[] = [];
  /** When the target first had each tag purged, and when it confirmed that. */
  readonly #purgedAtMs: number[] = [];
  readonly #confirmed = new Set<number>();
  readonly #arrivedAtMs: number[] = [];
  #cursor = "0-0";
  #endedCount = 0;
  #resetCount = 0;
  #textCount = 0;

  constructor(time: SimulatedTime, settings: HistorySettings) {
    this.#time = time;
    this.#settings = settings;
    this.#draws = new Draws(settings.seed);
    const clock = Object.defineProperty(new FakeClock(), "atMs", { get: () => this.#atMs });
    this.#store = openStore(settings.store, Object.assign(clock, { nowAtMs: () => this.#atMs }));
    const callOf = (tags: readonly string[]) => ({
      method: "POST",
      url: "https://target.example/",
      headers: {},
      body: tags.join(" "),
      tokens: { requests: 1 },
    });
    const target = listTarget({
      api: {
        limits: { requests: rate },
        callsFor: ({ everything, tags }) =>
          everything ? [callOf(["everything"])] : tags.map((tag) => callOf([tag])),
      },
    });
    this.#target = target.open("edge", { OUTWARD_SECRET_EDGE: secret });
  }

  async played(): Promise<HistoryResult> {
    const { purgeCount } = this.#settings;
    const work: Promise<void>[] = [this.#purges(), this.#crons()];
    const state = { isOver: false };
    void Promise.all(work).then(() => (state.isOver = true));
    while (!state.isOver) await this.#time.passTo(this.#time.atMs + 5_000);
    for (let tag = 0; tag < purgeCount; tag += 1) {
      if (!this.#confirmed.has(tag)) this.#breaches.add("A purge was never confirmed.");
    }
    this.#checkRate();
    const lags = this.#purgedAtMs.map(
      (atMs, tag) => atMs - acceptedAtMs(this.#positions[tag] ?? ""),
    );
    return {
      breaches: [...this.#breaches],
      requestCount: this.#arrivedAtMs.length,
      endedCount: this.#endedCount,
      resetCount: this.#resetCount,
      longestLagMs: Math.max(...lags),
    };
  }

  async #purges(): Promise<void> {
    for (let tag = 0; tag < this.#settings.purgeCount; tag += 1) {
      const isBurst = this.#draws.isLucky(0.9);
      await this.#time.sleep(this.#draws.between(0, isBurst ? 200 : 8_000));
      const targets = { tags: [`tag:${tag}`], prefixes: [] };
      const appended = await this.#store.journal.append([newEntry({ n: this.#text(), targets })]);
      if (appended.kind !== "appended") throw new Error("The journal is unavailable.");
      this.#positions.push(appended.places[0]?.position ?? "");
      if (this.#draws.isLucky(0.2)) void this.#time.sleep(dueAfterMs).then(() => this.#deliver());
    }
  }

  /** Delivers each minute, with one or two isolates, until all purges are confirmed. */
  async #crons(): Promise<void> {
    const { purgeCount } = this.#settings;
    for (let quiet = 0; quiet < 400;) {
      await this.#time.sleep(cronMs);
      void this.#deliver();
      if (this.#draws.isLucky(0.5))
        void this.#time.sleep(this.#draws.between(0, 2_000)).then(() => this.#deliver());
      if (this.#positions.length < purgeCount) continue;
      if (this.#confirmed.size >= purgeCount) return;
      quiet += 1;
    }
  }

  /** Lets one isolate deliver. It may end at any of its calls, and then does nothing more. */
  async #deliver(): Promise<void> {
    const isolate = { isEnded: false };
    await this.#target.deliver(this.#portsOf(isolate), { callsMax: 16, isForced: false });
  }

  #portsOf(isolate: { isEnded: boolean }): OutwardPorts {
    const { plant = (same) => same } = this.#settings;
    const { journal, subscribers } = this.#store;
    const unavailable = { kind: "unavailable" } as const;
    const call = <T>(work: () => Promise<T>) => this.#call(isolate, work, async () => unavailable);
    const states: Subscribers = {
      read: (names) => call(() => subscribers.read(names)),
      replace: (name, version, text) =>
        call(async () => {
          const replaced = await subscribers.replace(name, version, text);
          if (replaced.kind === "replaced") this.#checkCursor(text);
          return replaced;
        }),
    };
    return {
      journal: {
        after: (...given) => call(() => journal.after(...given)),
        newestFirst: (...given) => call(() => journal.newestFirst(...given)),
      },
      subscribers: plant(states),
      siteHosts: [],
      dueAfterMs,
      nowAtMs: () => this.#atMs,
      random: () => this.#draws.between(0, 1),
      randomText: () => this.#text(),
      fetch: (_, init) => this.#fetch(isolate, init),
      log: () => undefined,
      called: () => undefined,
      reset: () => void (this.#resetCount += 1),
    };
  }

  /** Runs a call with delays. The isolate may end before or after it, and the reply may be lost. */
  async #call<T, Lost>(
    isolate: { isEnded: boolean },
    work: () => Promise<T>,
    lost: () => Promise<Lost>,
  ): Promise<T | Lost> {
    const { endShare, lostShare } = this.#settings;
    if (isolate.isEnded) return never();
    await this.#time.sleep(this.#delayMs);
    if (this.#draws.isLucky(endShare)) return this.#end(isolate);
    const result = await work();
    await this.#time.sleep(this.#delayMs);
    if (this.#draws.isLucky(endShare)) return this.#end(isolate);
    return this.#draws.isLucky(lostShare) ? lost() : result;
  }

  /** Stores name entries by whole milliseconds. */
  get #atMs(): number {
    return Math.floor(this.#time.atMs);
  }

  get #delayMs(): number {
    return this.#draws.isLucky(this.#settings.stallShare) ? stallMs : this.#draws.between(0, wayMs);
  }

  #end(isolate: { isEnded: boolean }): Promise<never> {
    isolate.isEnded = true;
    this.#endedCount += 1;
    return never();
  }

  async #fetch(isolate: { isEnded: boolean }, init: RequestInit): Promise<Response> {
    const { lostShare } = this.#settings;
    const text = typeof init.body === "string" ? init.body : "";
    const covered = text === "everything" ? this.#due() : text.split(" ").map(Number);
    const late = async (): Promise<never> => {
      await this.#time.sleep(stallMs);
      throw new OutOfTime();
    };
    const answer = await this.#call(
      isolate,
      async () => {
        this.#arrivedAtMs.push(this.#atMs);
        if (this.#draws.isLucky(lostShare)) return new Response("", { status: 503 });
        if (this.#draws.isLucky(lostShare)) {
          return new Response("", { status: 429, headers: { "retry-after": "7" } });
        }
        for (const tag of covered) this.#purged(tag);
        return new Response("");
      },
      late,
    );
    if (answer.ok) for (const tag of covered) this.#confirmed.add(tag);
    return answer;
  }

  #purged(tag: number): void {
    const dueAtMs = acceptedAtMs(this.#positions[tag] ?? "") + dueAfterMs;
    if (this.#atMs < dueAtMs) this.#breaches.add("A purge was sent before it was due.");
    this.#purgedAtMs[tag] ??= this.#atMs;
  }

  /** Returns the tags of the purges that are due. */
  #due(): number[] {
    const isDue = (position: string) => acceptedAtMs(position) + dueAfterMs <= this.#atMs;
    return [...this.#positions.keys()].filter((tag) => isDue(this.#positions[tag] ?? ""));
  }

  /** Checks that the cursor moves only forward, and passes no unconfirmed purge. */
  #checkCursor(text: string): void {
    const { cursor } = JSON.parse(text) as { cursor?: { position: string } };
    if (cursor === undefined) return;
    const at = this.#positions.indexOf(cursor.position);
    const before = this.#positions.indexOf(this.#cursor);
    if (at < before) this.#breaches.add("The cursor moved back.");
    for (let tag = Math.max(0, before); tag <= at; tag += 1) {
      if (!this.#confirmed.has(tag)) this.#breaches.add("The cursor passed an unconfirmed purge.");
    }
    if (at >= before) this.#cursor = cursor.position;
  }

  #checkRate(): void {
    const lateMs = this.#settings.stallShare > 0 ? arrivalMsMax.stalling : arrivalMsMax.calm;
    const sorted = this.#arrivedAtMs.toSorted((a, b) => a - b);
    for (const [from, fromMs] of sorted.entries()) {
      for (const spanMs of [1_000, 60_000, 600_000]) {
        const end = sorted.findIndex((atMs, at) => at > from && atMs > fromMs + spanMs);
        const count = (end === -1 ? sorted.length : end) - from;
        const countMax = rate.burst + (rate.perSecond * (spanMs + lateMs)) / 1_000;
        if (count > countMax) this.#breaches.add("The rate limit was exceeded.");
      }
    }
  }

  #text(): string {
    return `x${(this.#textCount += 1)}`;
  }
}

const never = () => new Promise<never>(() => undefined);

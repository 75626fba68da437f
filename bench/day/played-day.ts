// Plays hours of a site in simulated time: requests, edits with purges, searches that nobody repeats,
// deployments, and outages of Redis and of the origin. Judges each answer, and takes a sample at the
// end of each hour.
import { partsOf } from "../../src/observe/sums.ts";
import { Draws } from "../../testing/draws.ts";
import { FakeUpstash } from "../../testing/fakes/fake-upstash.ts";
import { upstash } from "../../src/upstash.ts";
import { zipfRanks } from "../load/zipf.ts";
import { type PlayedIsolate, type PlayedPage, PlayedSite } from "../scale/played-site.ts";
import type { PlayedTime } from "../scale/played-time.ts";
import { lifetimeShares, scale, zipfExponent } from "../trace/trace.ts";
import type { HourSample } from "./flat.ts";

export interface DaySettings {
  readonly seed: number;
  readonly hours: number;
  readonly coloCount: number;
  readonly requestsPerSecond: number;
  readonly pageCount: number;
  readonly editsPerHour: number;
  /** Half of them concern Redis, and half the origin. */
  readonly outagesPerHour: number;
  readonly maxLagSeconds: number;
  /**
   * A fault for the bench's own tests: an event that nothing ends, a purge that is not sent, or an
   * origin that always fails.
   */
  readonly planted?: "timer-per-request" | "unsent-purges" | "failing-origin";
}

export interface PlayedDay {
  readonly samples: readonly HourSample[];
  readonly violations: readonly string[];
  readonly askedCount: number;
  /** The requests that the isolates counted. */
  readonly countedCount: number;
  readonly failedCount: number;
  readonly purgeCount: number;
  readonly deploymentCount: number;
  readonly outageCount: number;
}

const hourMs = 3_600_000;
const retryMs = 5_000;
const searchShare = 0.02;
const outageMs = [20_000, 180_000] as const;
/** The longest time after an outage of the origin in which isolates may still spare it. */
const recoveryMsMax = 60_000;
/** The time within which a deployment replaces all isolates. */
const deploymentMs = 30_000;
const deploymentsPerHour = 0.5;
const config = { metrics: "off", routes: [{ name: "all", match: "*" }] } as const;

export class Day {
  readonly #settings: DaySettings;
  readonly #time: PlayedTime;
  readonly #draws: Draws;
  readonly #redis: FakeUpstash;
  readonly #site: PlayedSite;
  readonly #pages: readonly PlayedPage[];
  readonly #search: PlayedPage;
  /** The versions of each page whose purges were accepted, with the end of N. */
  readonly #purged = new Map<
    PlayedPage,
    { readonly version: number; readonly dueAtMs: number }[]
  >();
  readonly #ranks: (draws: Draws) => number;
  readonly #isolates: PlayedIsolate[];
  readonly #samples: HourSample[] = [];
  readonly #violations: string[] = [];
  readonly #totals = { asked: 0, counted: 0, failed: 0, purges: 0, deployments: 0, outages: 0 };
  #isOriginDown = false;
  #originUpAtMs = -Infinity;

  constructor(settings: DaySettings, time: PlayedTime) {
    const { seed, pageCount, coloCount, maxLagSeconds } = settings;
    this.#settings = settings;
    this.#time = time;
    this.#draws = new Draws(seed);
    this.#redis = new FakeUpstash(time);
    this.#pages = Array.from({ length: pageCount }, (_, nth) => pageNamed(`/pages/${nth}`, nth));
    this.#search = { ...pageNamed("/search", 0), isValidated: false };
    this.#ranks = zipfRanks(pageCount, zipfExponent);
    this.#site = new PlayedSite({
      time,
      draws: this.#draws.fork(),
      stores: { env: this.#redis.env, stores: upstash(), calls: noCalls },
      config: { ...config, purge: { maxLagSeconds } },
      pages: [...this.#pages, this.#search],
      isOriginDown: () => this.#isOriginDown || settings.planted === "failing-origin",
    });
    this.#isolates = Array.from({ length: coloCount }, (_, colo) =>
      this.#site.startIsolate(colo, false),
    );
  }

  /** @param heapBytes returns the size of the heap after a garbage collection */
  async play(heapBytes: () => number): Promise<PlayedDay> {
    const { hours, requestsPerSecond, editsPerHour, outagesPerHour } = this.#settings;
    this.#repeatedly(3_600 * requestsPerSecond, () => this.#request());
    this.#repeatedly(editsPerHour, () => this.#edit());
    this.#repeatedly(outagesPerHour, () => this.#outage());
    this.#repeatedly(deploymentsPerHour, () => this.#deploy());
    for (let hour = 1; hour <= hours; hour += 1) {
      const before = this.#totals.asked;
      await this.#time.passTo(this.#time.atMs + hourMs);
      this.#redis.forgetPast();
      this.#site.forgetPast();
      this.#samples.push({
        hour,
        requests: this.#totals.asked - before,
        heapBytes: heapBytes(),
        timers: this.#time.pendingCount,
        keys: this.#redis.keys.length,
        journalEntries: this.#redis.journal.length,
      });
    }
    this.#isolates.forEach((isolate) => this.#count(isolate));
    const { asked, counted, failed, purges, deployments, outages } = this.#totals;
    return {
      samples: this.#samples,
      violations: this.#violations,
      askedCount: asked,
      countedCount: counted,
      failedCount: failed,
      purgeCount: purges,
      deploymentCount: deployments,
      outageCount: outages,
    };
  }

  /** Runs events at random times (a Poisson process). */
  #repeatedly(perHour: number, run: () => Promise<void>): void {
    const gapMs = (-hourMs * Math.log(1 - this.#draws.between(0, 1))) / perHour;
    this.#time.after(gapMs, () => {
      this.#repeatedly(perHour, run);
      void run();
    });
  }

  async #request(): Promise<void> {
    const time = this.#time;
    if (this.#settings.planted === "timer-per-request") time.after(Infinity, () => undefined);
    const isolate = this.#draws.oneOf(this.#isolates);
    const beganAtMs = time.atMs;
    this.#totals.asked += 1;
    const isSearch = this.#draws.isLucky(searchShare);
    const page = isSearch ? this.#search : this.#pages[this.#ranks(this.#draws)];
    if (page === undefined) return;
    const target = isSearch ? `/search?q=${this.#totals.asked}` : page.target;
    const { status, version } = await isolate.ask(page, target);
    if (status !== 200) this.#failed(page, status);
    const least = this.#leastVersion(page, beganAtMs);
    if (status === 200 && version < least) {
      const at = new Date(beganAtMs).toISOString();
      this.#violations.push(`${page.target} had version ${version} at ${at}, not ${least}.`);
    }
  }

  #failed({ target }: PlayedPage, status: number): void {
    const { atMs } = this.#time;
    this.#totals.failed += 1;
    if (this.#isOriginDown || atMs - this.#originUpAtMs < recoveryMsMax) return;
    const at = new Date(atMs).toISOString();
    this.#violations.push(`${target} had status ${status} at ${at}, while the origin worked.`);
  }

  /** Returns the lowest version with which a request that began at this time may be answered. */
  #leastVersion(page: PlayedPage, beganAtMs: number): number {
    const due = (this.#purged.get(page) ?? []).filter(({ dueAtMs }) => dueAtMs < beganAtMs);
    return Math.max(0, ...due.map(({ version }) => version));
  }

  /** Changes a page, and purges it until the purge is accepted. */
  async #edit(): Promise<void> {
    const page = this.#draws.oneOf(this.#pages);
    page.version += 1;
    const { version } = page;
    for (;;) {
      const isSent = this.#settings.planted !== "unsent-purges";
      const isolate = this.#draws.oneOf(this.#isolates);
      const edit = { pages: [], by: { target: page.target } };
      const isAccepted = !isSent || (await this.#site.edit(edit, isolate));
      if (isAccepted) break;
      await this.#time.sleep(retryMs);
    }
    this.#totals.purges += 1;
    const dueAtMs = this.#time.atMs + 1_000 * this.#settings.maxLagSeconds;
    this.#purged.set(page, [...(this.#purged.get(page) ?? []), { version, dueAtMs }]);
  }

  async #outage(): Promise<void> {
    this.#totals.outages += 1;
    const isOfOrigin = this.#draws.isLucky(0.5);
    if (isOfOrigin) this.#isOriginDown = true;
    else this.#redis.mode = "down";
    await this.#time.sleep(this.#draws.between(...outageMs));
    if (isOfOrigin) [this.#isOriginDown, this.#originUpAtMs] = [false, this.#time.atMs];
    else this.#redis.mode = "works";
  }

  async #deploy(): Promise<void> {
    this.#totals.deployments += 1;
    for (const [colo, isolate] of this.#isolates.entries()) {
      await this.#time.sleep(this.#draws.between(0, deploymentMs / this.#isolates.length));
      this.#isolates[colo] = this.#site.startIsolate(colo, false);
      // Requests that the old isolate has begun end in it.
      this.#time.after(deploymentMs, () => this.#count(isolate));
    }
  }

  #count(isolate: PlayedIsolate): void {
    for (const [series, count] of isolate.taken()) {
      if (partsOf(series)?.family === "requests") this.#totals.counted += count;
    }
  }
}

const lifetimes = lifetimeShares.map(({ lifetimeSeconds }) => lifetimeSeconds * scale);

function pageNamed(target: string, nth: number): PlayedPage {
  const lifetimeSeconds = lifetimes[nth % lifetimes.length] ?? 0;
  return { target, tag: "all", lifetimeSeconds, version: 1, firstAgeSeconds: 0 };
}

const noCalls = () => ({
  redisCommands: 0,
  epochReads: 0,
  recordObjects: [],
  recordRows: 0,
});

// Random histories of requests. The whole product runs in several isolates and colos over one
// database, and clients check the responses. Invariant: a stored response with a version from
// before a purge does not answer later than the bound after the purge. These histories are slower than histories of
// views, and closer to reality.
import { isBeginning } from "../../src/purge/journal/entry.ts";
import { Course, type History, type HistoryOptions, worldWithTiers } from "./course.ts";
import type { SimulatedColo } from "./simulated-isolate.ts";
import { ValuePages } from "./data/value-pages.ts";
import { SimulatedOrigin, type Version } from "./simulated-origin.ts";
import {
  isNamed,
  type Leave,
  type Page,
  pages,
  type Release,
  urlOf,
  valueTargetsOf,
} from "./simulated-pages.ts";
import { SimulatedSite, type SiteParts, soundSiteParts } from "./simulated-site.ts";
import type { SimulatedWorld } from "./journal-simulator.ts";
import { PromiseLedger } from "./promise-ledger.ts";
import { colosOf, misfortuneShare } from "./simulated-weather.ts";

interface RequestHistoryOptions extends HistoryOptions {
  readonly siteParts?: Partial<SiteParts>;
  /** The share of requests that warm a page instead, 0 to 1. Default: 0. */
  readonly warmShare?: number;
  /**
   * Whether half of the isolates run a newer release, whose routes add the tag of their page. Then no response of the
   * origin has it, and the readers of the older release may get what a purge of the tag covers.
   */
  readonly hasReleases?: boolean;
  /** Whether a handler makes the pages of values of the data cache. No response has a tag, and purges name the values. */
  readonly hasValues?: boolean;
}

export function requestHistoryOf(
  seed: number,
  options: RequestHistoryOptions = {},
): Promise<History & { readonly warmedCount: number }> {
  return new RequestCourse(worldWithTiers(seed, options), options).played();
}

const stepCount = 24;

class RequestCourse extends Course {
  warmedCount = 0;
  readonly #options: RequestHistoryOptions;
  readonly #ledger: PromiseLedger;
  readonly #origin: SimulatedOrigin;
  readonly #sites: SimulatedSite[];
  readonly #leaveOf: ReadonlyMap<Page, Leave>;
  readonly #suffer: () => void;
  readonly #misfortune: number;

  constructor(world: SimulatedWorld, options: RequestHistoryOptions) {
    super(world, options);
    this.#options = options;
    this.#ledger = new PromiseLedger(world, () => undefined);
    const { kind } = this;
    const isCrossing = kind === "crossing";
    this.#origin = new SimulatedOrigin(
      world,
      isCrossing ? 14_000 : world.any([500, 3_000, 14_000]),
      {
        isLying: kind === "lying",
        isCached: kind === "cached",
        isTagging: options.hasReleases !== true && options.hasValues !== true,
      },
    );
    this.#misfortune = misfortuneShare(world, kind) / 2;
    const drawn = (): Leave => world.any(["fresh", "stale-while-revalidate", "stale-if-error"]);
    this.#leaveOf = new Map(
      pages.map((page) => [page, isCrossing ? "stale-while-revalidate" : drawn()]),
    );
    this.#sites = colosOf(world, options).map((colo, nth) => this.#open(colo, nth));
    const isolates = () => this.#sites.map(({ isolate }) => isolate);
    this.#suffer = this.misfortunes(isolates, () => this.#ledger.afterLoss(isolates()));
    world.time.afterEach = () => {
      for (const { isolate } of this.#sites) this.#ledger.note(isolate);
    };
  }

  #open(colo: SimulatedColo, nth: number): SimulatedSite {
    const isNewer = this.#options.hasReleases === true && nth % 2 === 0;
    const release: Release = isNewer ? "newer" : "older";
    const isolate = this.begin(colo);
    const values = this.#options.hasValues === true && new ValuePages(isolate, this.#origin);
    const around = { cache: colo.cache, origin: values || this.#origin, release, values } as const;
    const parts = { ...soundSiteParts, ...this.#options.siteParts };
    return new SimulatedSite(isolate, around, parts);
  }

  protected async run(): Promise<void> {
    const world = this.world;
    for (let step = 0; step < stepCount; step += 1) {
      this.#act();
      await this.#passTo(world.atMs + world.between(0, world.draw() < 0.2 ? 9_000 : 1_500));
    }
    world.isRedisDown = false;
    await this.#passTo(world.atMs + 12_000);
    for (const site of this.#sites) this.violations.push(...site.failures);
  }

  #act(): void {
    const { any, draw } = { any: this.world.any.bind(this.world), draw: this.world.draw };
    if (draw() < this.#misfortune) return this.#suffer();
    const drawn = draw();
    const [site, page] = [any(this.#sites), any(pages)];
    if (drawn < 0.1) this.#origin.isDown = !this.#origin.isDown;
    else if (drawn < 0.25) void this.#purge(site, page);
    else for (let count = any([1, 1, 2]); count > 0; count -= 1) void this.#askOrWarm(site, page);
  }

  async #askOrWarm(site: SimulatedSite, page: Page): Promise<void> {
    const { warmShare = 0 } = this.#options;
    if (warmShare === 0 || this.world.draw() >= warmShare) return this.#ask(site, page);
    const came = await site.warm(urlOf(page, this.#leaveOf.get(page) ?? "fresh"));
    this.world.tell(() => `${site.isolate.name}: warms ${page} → ${came.kind}`);
    if (came.kind === "asked" && came.isRefreshed) this.warmedCount += 1;
  }

  /** Changes the page and then purges it, like an editor. */
  async #purge(site: SimulatedSite, page: Page): Promise<void> {
    this.#origin.change(page);
    const { isolate } = site;
    const ofValues = this.#options.hasValues === true && valueTargetsOf(this.world, page);
    const order = isolate.orderOf(page, "hard");
    const accepted = await isolate.accept(ofValues ? { ...order, targets: ofValues } : order);
    for (const entry of accepted) this.#ledger.accepted(entry, site.isolate);
  }

  async #ask(site: SimulatedSite, page: Page, onlyIfCached = false): Promise<void> {
    const world = this.world;
    const arrivedAtMs = world.atMs;
    const method = world.draw() < 0.1 ? "HEAD" : "GET";
    const headers = new Headers(onlyIfCached ? { "cache-control": "only-if-cached" } : {});
    // The ETags of a lying origin do not identify versions.
    const isConditional = world.draw() < 0.15 && !this.#origin.isLying;
    if (isConditional) headers.set("if-none-match", `"${this.#origin.current(page).number}"`);
    const url = urlOf(page, this.#leaveOf.get(page) ?? "fresh");
    const response = await site.serve(new Request(url, { method, headers }));
    const answeredAtMs = world.atMs;
    // A body that breaks off tells nothing.
    const text = await response.text().catch(() => "");
    const status = response.headers.get("cache-status") ?? "";
    world.tell(() => {
      const etag = response.headers.get("etag");
      return `${site.isolate.name}: ${method} ${page} → ${response.status} ${etag} ${text} ${status}`;
    });
    if (response.status !== 200 && response.status !== 304) return;
    if (isStoredAnswer(status)) site.trace?.answers(response, text, /; collapsed/.test(status));
    const told = { site, page, arrivedAtMs, answeredAtMs, status };
    // The first answer after a purge has none, until its body is known.
    const etag = response.headers.get("etag");
    if (!this.#origin.isLying && etag !== null) this.#weigh(told, etag.slice(1, -1));
    if (text !== "") this.#weigh(told, text);
  }

  #weigh(told: Told, number: string): void {
    const { page, status, arrivedAtMs } = told;
    const version = this.#origin.version(Number(number));
    if (version?.page !== page) return this.#tellBreach(told, `no version of this page: ${number}`);
    this.judgedCount += 1;
    // If the origin lies, a validated response must meet the bound like a stored one.
    const isStored = isStoredAnswer(status);
    const isFoundUnchanged = this.#origin.isLying && status.includes("fwd-status=304");
    if (!isStored && !isFoundUnchanged) {
      // Its values were judged after its arrival, by the N of the data.
      if (this.#options.hasValues === true) {
        const lateMs = this.#lateMs({ ...told, answeredAtMs: arrivedAtMs }, version, "usual");
        if (lateMs > 0) this.#tellBreach(told, `version ${number}, made of an old value`);
        return;
      }
      // The response was generated or validated for this request, or is a cache's answer to it.
      const isCached = this.kind === "cached";
      if (version.diedAtMs < arrivedAtMs && !isCached)
        this.#tellBreach(told, `version ${number}, forwarded`);
      return;
    }
    this.usableCount += 1;
    const lateMs = this.#lateMs(told, version);
    if (lateMs > 0) this.#tellBreach(told, `version ${number}, ${lateMs} ms late`);
  }

  /** Returns how late the response answered, in milliseconds; at most 0 if it was allowed. */
  #lateMs({ site, page, answeredAtMs }: Told, { diedAtMs }: Version, ofN: Page = page): number {
    let mostMs = -Infinity;
    for (const owed of this.#ledger.all) {
      const { entry, appendedAtMs } = owed;
      // Rule 29 (d): a cache's answer may be older than the mark that begins a journal.
      if (this.kind === "cached" && isBeginning(entry)) continue;
      const hasTag = this.#options.hasReleases !== true || site.release === "newer";
      const isOlder = diedAtMs <= appendedAtMs && isNamed(entry.targets, page, hasTag);
      if (!isOlder || entry.mode !== "hard") continue;
      const maxLagMs = this.world.settings.maxLagMs[ofN];
      const dueAtMs = this.#ledger.dueAtMs(owed, site.isolate, maxLagMs);
      mostMs = Math.max(mostMs, answeredAtMs - dueAtMs);
    }
    return mostMs;
  }

  #tellBreach({ site, page, arrivedAtMs, answeredAtMs, status }: Told, what: string): void {
    const when = `asked at ${arrivedAtMs - 1_000_000}, answered at ${answeredAtMs - 1_000_000}`;
    this.breach(`${site.isolate.name} answers ${page} with ${what}: ${when}, ${status}`);
  }

  /** Advances the time, with requests at every deadline. */
  async #passTo(atMs: number): Promise<void> {
    const { settings, time } = this.world;
    for (;;) {
      let stop = atMs;
      for (const owed of this.#ledger.all) {
        for (const maxLagMs of Object.values(settings.maxLagMs)) {
          const afterMs = this.#ledger.dueAtMs(owed, undefined, maxLagMs) + 1;
          if (afterMs > time.atMs && afterMs < stop) stop = afterMs;
        }
      }
      await time.passTo(stop);
      if (stop >= atMs) return;
      const onlyIfCached = this.world.draw() < 0.5;
      for (const site of this.#sites) {
        for (const page of pages) void this.#ask(site, page, onlyIfCached);
      }
    }
  }
}

/** Returns whether a Cache-Status says that a stored response has answered. */
function isStoredAnswer(status: string): boolean {
  return /; hit|; collapsed|stale-if-error/.test(status);
}

interface Told {
  readonly site: SimulatedSite;
  readonly page: Page;
  readonly arrivedAtMs: number;
  readonly answeredAtMs: number;
  readonly status: string;
}

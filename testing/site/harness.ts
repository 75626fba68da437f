// Runs the real application in Node, between a client and an origin that the test scripts. The
// platform and the database are fakes, and only the test advances time.
import "../fakes/workers-globals.ts";
import { type Application, createApp } from "../../src/app.ts";
import type { JournalInCode } from "../../src/purge/create-purging.ts";
import type { BodiesInCode, TierInCode } from "../../src/cache/tiers/tier-in-code.ts";
import type { CacheFactories } from "../../src/compose/create-cache.ts";
import { type Config, configOf, configOfBuild, configWith } from "../../src/config/config.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { knownData } from "../../src/compose/data-beside-pages.ts";
import type { DataCache } from "../../src/data/create-data-cache.ts";
import type { ReportsInCode } from "../../src/observe/reports/report-store.ts";
import { operate } from "../../src/parts/operate/operate.ts";
import type { LogEvent, LogLine } from "../../src/observe/log-line.ts";
import type { OnRequest } from "../../src/observe/request-line.ts";
import type { OriginHandlers } from "../../src/platform/origins.ts";
import { Background } from "../fakes/background.ts";
import { FakeCache } from "../fakes/fake-cache.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { type FakeUpstash, openNetworkOfFakes } from "../fakes/fake-upstash.ts";
import { OriginInProcess, type Script } from "../fakes/origin-in-process.ts";
import { upstashStore } from "../fakes/upstash-store.ts";

openNetworkOfFakes();

export const host = "www.example.com";

export interface SiteOptions {
  readonly config?: ConfigInput;
  readonly env?: Readonly<Record<string, unknown>>;
  /** The build of the application in the process. */
  readonly build?: string;
  readonly records?: TierInCode;
  readonly bodies?: BodiesInCode;
  readonly journal?: JournalInCode;
  /** The store of reports and hot keys. */
  readonly reports?: ReportsInCode;
  /** Factories of parts, such as a faulty journal. */
  readonly factories?: CacheFactories;
  readonly origin?: Script;
  /** Origins that are functions, which take precedence over `origin`. */
  readonly handlers?: OriginHandlers;
  readonly onRequest?: OnRequest;
  /** A data cache of the same isolate. */
  readonly data?: DataCache;
  readonly clock?: FakeClock;
  readonly upstash?: FakeUpstash;
  /** The cache of a colo that another deployment or isolate has used. */
  readonly cache?: FakeCache;
  /** `false` for a platform without a Cache API. */
  readonly hasCache?: boolean;
  /** The random number, 0 ≤ n < 1, or a function that returns one. */
  readonly random?: number | (() => number);
  /** Called before a store continues. By default, it waits for one turn of the event loop. */
  readonly turn?: () => Promise<void>;
}

/** An answer that was read to its end. */
export interface Seen {
  readonly status: number;
  readonly text: string;
  readonly fields: Headers;
  readonly cacheStatus: string;
  /** The header fields as one string. */
  readonly head: string;
}

export type AskInit = Pick<RequestInit, "method" | "body"> & {
  readonly headers?: Readonly<Record<string, string>>;
};

/** Events of normal use, which are not problems. */
const isOfRedis = (name: string) => name.includes("REDIS_REST");

const ofUse: ReadonlySet<LogEvent> = new Set([
  "started",
  "purge",
  "purge-refused",
  "operator-refused",
  "switch",
  "request",
]);

/**
 * Matches the paths of posts that write entries: purges, and posts of the switch. `settle` does not
 * wait for their background work, which reads the entry back half of N after the answer.
 */
const ofEntries = /\/_cache\/(?:purge|hooks\/|switch)/;

/** One isolate in one colo. */
export class Site {
  readonly clock: FakeClock;
  readonly cache: FakeCache;
  readonly origin: OriginInProcess;
  /** All lines of the log. */
  readonly lines: LogLine[] = [];
  readonly config: Config;
  readonly #app: Application;
  readonly #background = new Background();
  readonly #backgroundOfEntries = new Background();

  constructor(options: SiteOptions, origin: OriginInProcess) {
    this.clock = options.clock ?? new FakeClock();
    this.cache = options.cache ?? new FakeCache(this.clock);
    this.origin = origin;
    const config = configOfBuild(configOf(options.config ?? {}), options.build);
    this.config = configWith(config, { parts: [operate(), ...config.parts] });
    const env = {
      ORIGIN_URL: "https://origin.invalid",
      COLO: "HAM",
      ...options.upstash?.env,
      ...options.env,
    };
    const { random = 0.5 } = options;
    const platform = {
      ...(options.hasCache === false ? {} : { cache: () => this.cache }),
      fetch: origin.fetch,
      nowAtMs: this.clock.nowAtMs,
      random: typeof random === "number" ? () => random : random,
      turn: options.turn ?? (() => new Promise((resolve) => setImmediate(resolve))),
      log: (line: LogLine) => void this.lines.push(line),
    };
    this.#app = createApp(this.config, env, platform, {
      origins: options.handlers ?? {},
      data: options.data && knownData(options.data),
      stores: {
        redis: Object.keys(env).some(isOfRedis) ? upstashStore : undefined,
        records: options.records,
        bodies: options.bodies,
        journal: options.journal,
        reports: options.reports,
      },
      factories: options.factories,
      onRequest: options.onRequest,
    });
  }

  /** The problems in the log: the messages of all lines except those of normal use. */
  get log(): string[] {
    return this.lines.flatMap(({ event, message }) => (ofUse.has(event) ? [] : [message]));
  }

  /**
   * Sends a request like a client, without waiting for background work.
   *
   * @param path or a whole URL, for another host
   */
  async ask(path: string, init: AskInit = {}): Promise<Response> {
    const url = path.startsWith("/") ? `https://${host}${path}` : path;
    return this.handle(new Request(url, init));
  }

  /** Handles a request that the test has created. */
  async handle(request: Request): Promise<Response> {
    const { method, url } = request;
    const isOfDialect =
      this.config.parts.some(({ name }) => name === "varnish") && method !== "GET";
    const isEntry = isOfDialect || (method === "POST" && ofEntries.test(url));
    const { waitUntil } = isEntry ? this.#backgroundOfEntries : this.#background;
    const context = { waitUntil, passThroughOnException: () => undefined, props: {} };
    return this.#app.fetch(request, {}, context);
  }

  /**
   * Makes the site send an anonymous request to the origin, so that it knows its origin like a site
   * in operation.
   */
  async meetOrigin(): Promise<this> {
    const { script } = this.origin;
    const headers = { "cache-control": "max-age=0, stale-while-revalidate=60" };
    this.origin.script = () => new Response("met", { headers });
    await this.get("/met");
    await this.get("/met");
    this.origin.script = script;
    this.origin.asked.length = 0;
    return this;
  }

  /** Runs the cron trigger without waiting for its background work. */
  runCron(): Promise<void> {
    return this.#app.scheduled(this.#background);
  }

  /** Runs the cron trigger, and waits for its background work. */
  async fireCron(): Promise<void> {
    await this.runCron();
    await this.settle();
  }

  /** Sends a request, reads the answer to its end, and waits for all background work. */
  async get(path: string, init: AskInit = {}): Promise<Seen> {
    const seen = await read(await this.ask(path, init));
    await this.settle();
    return seen;
  }

  /** Returns the isolate's counts since the last call, by series. */
  counted(): Record<string, number> {
    return Object.fromEntries(this.#app.cache.metrics.take(this.clock.atMs));
  }

  /** Also waits until all entries are read back, half of N after their posts. */
  async settleEntries(): Promise<void> {
    await this.#backgroundOfEntries.settle();
    await this.settle();
  }

  /** Whether background work has begun since the last `settle`. */
  get hasBackgroundWork(): boolean {
    return this.#background.hasBegun;
  }

  /** Waits for all background work, including work that it starts. */
  settle(): Promise<void> {
    return this.#background.settle();
  }
}

export function openSite(options: SiteOptions = {}): Site {
  const origin = new OriginInProcess(options.origin ?? (() => new Response("page")));
  return new Site(options, origin);
}

/** Opens the same site in several colos with one clock, one origin and one shared tier. */
export function openColos(count: number, options: SiteOptions): Site[] {
  const first = openSite(options);
  const others = Array.from(
    { length: count - 1 },
    () => new Site({ ...options, clock: first.clock }, first.origin),
  );
  return [first, ...others];
}

export async function read(response: Response): Promise<Seen> {
  const text = await response.text();
  const { status, headers: fields } = response;
  const head = [...fields].map(([name, value]) => `${name}: ${value}`).join("\n");
  return { status, text, fields, head, cacheStatus: fields.get("cache-status") ?? "" };
}

/** Lets pending work run until the condition is true. */
export async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 100_000;
  while (!holds() && performance.now() < deadlineMs) await nextTurn();
  if (!holds()) throw new Error("The condition did not become true within 100 s.");
}

/** Lets all pending work run that does not wait for a timer. */
export async function idle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

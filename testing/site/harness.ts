// The real application in Node, between a client that a test plays and an origin that it scripts.
// Everything outside is a fake; time moves only when a test moves it.
import "../fakes/workers-globals.ts";
import { type Application, createApp } from "../../src/app.ts";
import type { TierInCode } from "../../src/cache/tiers/tier-in-code.ts";
import { type Config, defineConfig } from "../../src/config/config.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import { knownData } from "../../src/data-beside-pages.ts";
import type { DataCache } from "../../src/data/create-data-cache.ts";
import type { LogEvent, LogLine } from "../../src/observe/log-line.ts";
import type { OriginHandlers } from "../../src/platform/origins.ts";
import { FakeCache } from "../fakes/fake-cache.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { type FakeUpstash, openNetworkOfFakes } from "../fakes/fake-upstash.ts";
import { OriginInProcess, type Script } from "../fakes/origin-in-process.ts";

openNetworkOfFakes();

export const host = "www.example.com";

export interface SiteOptions {
  readonly config?: ConfigInput;
  readonly env?: Readonly<Record<string, unknown>>;
  readonly tiers?: readonly TierInCode[];
  readonly origin?: Script;
  /** Origins that are functions; they go before `origin`. */
  readonly handlers?: OriginHandlers;
  /** Stands beside the pages. */
  readonly data?: DataCache;
  readonly clock?: FakeClock;
  readonly upstash?: FakeUpstash;
  /** Of a colo that another deployment, or another isolate, has used. */
  readonly cache?: FakeCache;
  /** `false`: the platform has no Cache API. */
  readonly hasCache?: boolean;
  /** 0 ≤ n < 1; a number is the same at every draw. */
  readonly random?: number | (() => number);
  /** What the runtime does before a store goes on; nothing unless set. */
  readonly turn?: () => Promise<void>;
}

/** An answer read to its end. */
export interface Seen {
  readonly status: number;
  readonly text: string;
  readonly fields: Headers;
  readonly cacheStatus: string;
  /** Its header fields as one text. */
  readonly head: string;
}

export type AskInit = Pick<RequestInit, "method" | "body"> & {
  readonly headers?: Readonly<Record<string, string>>;
};

/** Events that are no trouble: how the site is used. */
const ofUse: ReadonlySet<LogEvent> = new Set([
  "started",
  "purge",
  "purge-refused",
  "operator-refused",
  "switch",
  "request",
]);

/** A purge is read back half of N after its answer: `settle` does not wait for that. */
const ofPurges = /\/_cache\/(?:purge|hooks\/)/;
const unsettled = { waitUntil: (_work: Promise<unknown>) => undefined };

/** One isolate in one colo. */
export class Site {
  readonly clock: FakeClock;
  readonly cache: FakeCache;
  readonly origin: OriginInProcess;
  /** All lines of the log. */
  readonly lines: LogLine[] = [];
  readonly config: Config;
  readonly #app: Application;
  readonly #pending: Promise<unknown>[] = [];
  readonly #background = {
    waitUntil: (work: Promise<unknown>) => void this.#pending.push(work),
  };

  constructor(options: SiteOptions, origin: OriginInProcess) {
    this.clock = options.clock ?? new FakeClock();
    this.cache = options.cache ?? new FakeCache(this.clock);
    this.origin = origin;
    this.config = defineConfig((options.config ?? {}) as WrittenConfig);
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
      tiers: options.tiers,
    });
  }

  /** What the log says of what is wrong: the messages of all lines but those of what was asked for. */
  get log(): string[] {
    return this.lines.flatMap(({ event, message }) => (ofUse.has(event) ? [] : [message]));
  }

  /**
   * As a client would: what goes on behind the answer is not waited for.
   *
   * @param path or a whole URL, to come in at another host
   */
  async ask(path: string, init: AskInit = {}): Promise<Response> {
    const url = path.startsWith("/") ? `https://${host}${path}` : path;
    return this.handle(new Request(url, init));
  }

  /** As the runtime would, with a request of the test's own. */
  async handle(request: Request): Promise<Response> {
    const background = ofPurges.test(request.url) ? unsettled : this.#background;
    const context = { ...background, passThroughOnException: () => undefined, props: {} };
    return this.#app.fetch(request, {}, context);
  }

  /** Lets the origin answer an anonymous request once, as that of a running site has. */
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

  /** As the cron trigger would: what the run leaves is not waited for. */
  runCron(): Promise<void> {
    return this.#app.scheduled(this.#background);
  }

  /** Runs it, and waits for all that it leaves. */
  async fireCron(): Promise<void> {
    await this.runCron();
    await this.settle();
  }

  /** Asks, reads the answer to its end, and waits for all that goes on behind it. */
  async get(path: string, init: AskInit = {}): Promise<Seen> {
    const seen = await read(await this.ask(path, init));
    await this.settle();
    return seen;
  }

  /** What this isolate has counted since this was last asked, by series. */
  counted(): Record<string, number> {
    return Object.fromEntries(this.#app.cache.metrics.take(this.clock.atMs));
  }

  /** Waits for everything that answers have left to be done, and for what that leaves. */
  async settle(): Promise<void> {
    while (this.#pending.length > 0) await Promise.all(this.#pending.splice(0));
  }
}

export function openSite(options: SiteOptions = {}): Site {
  const origin = new OriginInProcess(options.origin ?? (() => new Response("page")));
  return new Site(options, origin);
}

/** The same site seen from several places: one clock, one origin, one shared tier. */
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

/** Lets everything run that can, until it holds. */
export async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!holds() && performance.now() < deadlineMs) await nextTurn();
  if (!holds()) throw new Error("What a test waited for did not come.");
}

/** Lets everything run that can without a timer of some length. */
export async function idle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

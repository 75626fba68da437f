// A site whose isolates all run in this process, in simulated time: the whole application over the
// stores of a mix, one Cache API for each colo, and an origin.
import "../../testing/fakes/workers-globals.ts";
import { createApp } from "../../src/app.ts";
import { operate } from "../../src/parts/operate/operate.ts";
import { defineConfig } from "../../src/config/config.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import type { LogLine } from "../../src/observe/log-line.ts";
import type { CacheFactories } from "../../src/compose/create-cache.ts";
import { type Snapshot, snapshotOf } from "../../src/observe/snapshot.ts";
import { addAll, type Sums } from "../../src/observe/sums.ts";
import { heldBytes } from "../../src/purge/journal/entry.ts";
import { urlTag, userTag } from "../../src/purge/journal/purge-target.ts";
import { JournalView } from "../../src/purge/view/journal-view.ts";
import type { Draws } from "../../testing/draws.ts";
import { FakeCache } from "../../testing/fakes/fake-cache.ts";
import { openNetworkOfFakes } from "../../testing/fakes/fake-upstash.ts";
import { originMs } from "../trace/trace.ts";
import type { PlayedTime } from "./played-time.ts";
import type { MixedStores } from "./stores.ts";

openNetworkOfFakes();

const siteHost = "site.test";

/** A page of a played site. */
export interface PlayedPage {
  /** The path and query. */
  readonly target: string;
  readonly tag: string;
  /** Tags that no edit purges. */
  readonly otherTags?: readonly string[];
  /** The beginning of its body. */
  readonly text?: string;
  readonly lifetimeSeconds: number;
  /** Whether its responses have an `ETag`. Tiers keep such a response for a day, to validate it. */
  readonly isValidated?: boolean;
  version: number;
  /** The age that the origin's next response states, so that pages do not expire together. */
  firstAgeSeconds: number;
}

/** The pages that an edit changes, and the name of its purge. */
interface PlayedEdit {
  readonly pages: readonly PlayedPage[];
  readonly by: { readonly tag: string } | { readonly target: string };
}

interface Answer {
  readonly status: number;
  /** The page's version in the response; 0 for an error. */
  readonly version: number;
  /** Whether the response has the page's current version. */
  readonly isCurrent: boolean;
  /** The time for which memory can answer without any other work, at least. */
  readonly quietMs: number;
}

/** The seconds before expiry in which a hit may start a refresh, and the rounding of `Age`. */
const busySecondsBeforeExpiry = 0.5 + 1;

interface SiteSettings {
  readonly time: PlayedTime;
  readonly stores: MixedStores;
  readonly draws: Draws;
  readonly config: WrittenConfig;
  readonly pages: readonly PlayedPage[];
  /** Whether the origin now answers with 503. Default: never. */
  readonly isOriginDown?: () => boolean;
}

export class PlayedSite {
  readonly settings: SiteSettings;
  /** Log lines about problems, and failures of requests. Expected to be empty. */
  readonly troubles: string[] = [];
  originRequests = 0;
  readonly #pagesByPath: ReadonlyMap<string, PlayedPage>;
  readonly #caches = new Map<number, FakeCache>();
  readonly #config: ReturnType<typeof defineConfig>;

  constructor(settings: SiteSettings) {
    this.settings = settings;
    this.#pagesByPath = new Map(settings.pages.map((page) => [pathOf(page), page]));
    this.#config = defineConfig({ parts: [operate()], ...settings.config });
  }

  /** Removes the expired objects of each Cache API, and the troubles so far. */
  forgetPast(): void {
    for (const cache of this.#caches.values()) cache.removeExpired();
    this.troubles.length = 0;
  }

  /**
   * @param readsAlone whether the isolate reads the journal without the copies in its colo, which is
   *   faster to play. Its reads of the journal are then not those of a real isolate
   */
  startIsolate(colo: number, readsAlone: boolean): PlayedIsolate {
    const { time, stores, draws } = this.settings;
    const cache = this.#caches.get(colo) ?? new FakeCache(time);
    this.#caches.set(colo, cache);
    const own = draws.fork();
    const env = {
      ...stores.env,
      ORIGIN_URL: "https://origin.invalid",
      SITE_HOST: siteHost,
      COLO: `colo-${colo + 1}`,
    };
    const factories: CacheFactories = readsAlone
      ? { view: (settings) => new JournalView({ ...settings, copies: undefined }) }
      : {};
    const inCode = { stores: stores.stores, factories };
    const platform = {
      cache: () => cache,
      fetch: (url: string, init: RequestInit) => this.#answerOfOrigin(url, init),
      nowAtMs: time.nowAtMs,
      random: () => own.between(0, 1),
      turn: () => Promise.resolve(),
      log: (line: LogLine) => this.#note(line),
    };
    return new PlayedIsolate(this, createApp(this.#config, env, platform, inCode));
  }

  #note({ level, event, message }: LogLine): void {
    // A played site has no token, because nobody uses the operator's routes.
    if (level !== "info" && event !== "fault") this.troubles.push(message);
  }

  async #answerOfOrigin(url: string, init: RequestInit): Promise<Response> {
    this.originRequests += 1;
    const { pathname } = new URL(url);
    const page = this.#pagesByPath.get(pathname);
    if (page === undefined) throw new Error(`The origin has no page ${pathname}.`);
    // The version at the request's arrival, so that an edit never meets a newer response.
    const { version, firstAgeSeconds, isValidated = true } = page;
    page.firstAgeSeconds = 0;
    await this.settings.time.sleep(originMs);
    if (this.settings.isOriginDown?.() === true) return new Response(null, { status: 503 });
    const etag = `"v${version}"`;
    const headers = {
      "content-type": "text/html",
      "cache-control": `max-age=${page.lifetimeSeconds}`,
      "surrogate-key": [page.tag, ...(page.otherTags ?? [])].join(" "),
      age: String(firstAgeSeconds),
      ...(isValidated && { etag }),
    };
    const isKnown = new Headers(init.headers).get("if-none-match") === etag;
    return isKnown
      ? new Response(null, { status: 304, headers })
      : new Response(`${page.text ?? ""}${page.target} ${etag}`, { headers });
  }

  /**
   * Changes the pages, and then purges them, like an editor.
   *
   * @returns whether the purge was accepted
   */
  async edit({ pages, by }: PlayedEdit, isolate: PlayedIsolate): Promise<boolean> {
    for (const page of pages) page.version += 1;
    const tag = "tag" in by ? userTag(by.tag) : urlTag(`https://${siteHost}${by.target}`);
    return isolate.purge(tag);
  }
}

export class PlayedIsolate {
  readonly #site: PlayedSite;
  readonly #app: ReturnType<typeof createApp>;

  constructor(site: PlayedSite, app: ReturnType<typeof createApp>) {
    this.#site = site;
    this.#app = app;
  }

  get #view(): JournalView {
    const { purging } = this.#app.cache;
    if (purging === undefined) throw new Error("A played site needs a journal.");
    return purging.view;
  }

  /** The clock before the last read of the journal that this isolate knows; −∞ without one. */
  get viewReadAtMs(): number {
    return this.#view.tail.sentAtMs;
  }

  /**
   * Sends a request, and reads its answer to the end. Background work goes on.
   *
   * @param target the page's path and query as a client spells them
   */
  ask(page: PlayedPage, target = page.target): Promise<Answer> {
    return this.#site.settings.time.during(this.#answer(page, target));
  }

  async #answer(page: PlayedPage, target: string): Promise<Answer> {
    const request = new Request(`https://${siteHost}${target}`);
    const waitUntil = (work: Promise<unknown>) => this.#behind(work);
    const context = { waitUntil, passThroughOnException: () => undefined, props: {} };
    const response = await this.#app.fetch(request, {}, context);
    const body = await response.text();
    if (response.status !== 200) this.#site.troubles.push(`${page.target}: ${response.status}`);
    const version = Number(/ "v(\d+)"$/.exec(body.slice(-24))?.[1] ?? 0);
    const isCurrent = version === page.version;
    const ageSeconds = Number(response.headers.get("age"));
    const quietSeconds = page.lifetimeSeconds - ageSeconds - busySecondsBeforeExpiry;
    const quietMs = isCurrent ? Math.max(0, 1_000 * quietSeconds) : 0;
    return { status: response.status, version, isCurrent, quietMs };
  }

  /** Does what a hit in memory does for the view of the journal: renews an old view. */
  renewIfDue(): void {
    this.#view.renewIfDue(this.#requester);
  }

  purge(tag: string): Promise<boolean> {
    return this.#site.settings.time.during(this.#purge(tag));
  }

  async #purge(tag: string): Promise<boolean> {
    const order = { mode: "hard", targets: { tags: [tag], prefixes: [] }, reason: "" } as const;
    const sender = { id: "", bodyDigest: "", by: "editor" };
    const acceptances = this.#app.cache.purging?.acceptances;
    const accepted = await acceptances?.accept({ ...order, ...sender }, this.#requester);
    const isAccepted = accepted?.kind === "accepted";
    if (!isAccepted) this.#site.troubles.push("A purge was not accepted.");
    return isAccepted;
  }

  /** Reads the journal's new entries. */
  readOn(): Promise<void> {
    return this.#view.tail.catchUp();
  }

  /** The estimated bytes of the memory tier, and of the view. */
  get memoryBytes(): { readonly records: number; readonly view: number } {
    const { entries } = this.#view.tail;
    const view = entries.reduce((sum, entry) => sum + heldBytes(entry), 0);
    return { records: this.#app.cache.tiers.memory.bytes, view };
  }

  /** Returns the counts since the last call. */
  taken(): Sums {
    return this.#app.cache.metrics.take(this.#site.settings.time.atMs);
  }

  get #requester() {
    return {
      atMs: this.#site.settings.time.atMs,
      host: siteHost,
      afterAnswer: (work: () => Promise<void>) => this.#behind(work()),
    };
  }

  #behind(work: Promise<unknown>): void {
    const { time } = this.#site.settings;
    void time.during(work).catch((cause: unknown) => void this.#site.troubles.push(String(cause)));
  }
}

const pathOf = ({ target }: PlayedPage): string => target.split("?", 1)[0] ?? target;

/** Adds up the counts of isolates. */
export function countsIn(sums: readonly Sums[]): Snapshot {
  const all: Sums = new Map();
  for (const each of sums) addAll(all, each);
  return snapshotOf({ sums: () => all, sinceAtMs: 0 });
}

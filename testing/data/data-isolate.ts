// A data cache over fakes, in one isolate or in several with one database. Only the test advances
// time.
import "../fakes/workers-globals.ts";
import { type Config, defineConfig } from "../../src/config/config.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import { createDataCache, type DataCache } from "../../src/data/create-data-cache.ts";
import type { DataPlatform } from "../../src/data/data-platform.ts";
import type { LoadContext } from "../../src/data/value/load-context.ts";
import { Background } from "../fakes/background.ts";
import { FakeCache } from "../fakes/fake-cache.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { openNetworkOfFakes } from "../fakes/fake-upstash.ts";
import { UnsteadyUpstash } from "../fakes/unsteady-upstash.ts";
import { idle, until } from "../site/harness.ts";
import { upstashStore } from "../fakes/upstash-store.ts";

openNetworkOfFakes();

interface DataOptions {
  readonly clock?: FakeClock;
  /** The database; `null` for a cache without a database. */
  readonly upstash?: UnsteadyUpstash | null;
  /** The cache of a colo; `null` for a platform without a Cache API. */
  readonly cache?: FakeCache | null;
  readonly config?: WrittenConfig;
  readonly platform?: DataPlatform;
}

/** One isolate. */
export class DataIsolate {
  readonly clock: FakeClock;
  readonly upstash: UnsteadyUpstash;
  readonly cache: FakeCache;
  readonly config: Config;
  readonly log: string[] = [];
  readonly data: DataCache;
  readonly #background = new Background();

  constructor(options: DataOptions = {}) {
    this.clock = options.clock ?? new FakeClock();
    this.upstash = options.upstash ?? new UnsteadyUpstash(this.clock);
    this.cache = options.cache ?? new FakeCache(this.clock);
    this.config = defineConfig(options.config ?? {});
    const { url, token } = this.upstash;
    this.data = createDataCache(this.config, {
      nowAtMs: this.clock.nowAtMs,
      random: () => 0.5,
      log: (line) => void this.log.push(line.message),
      waitUntil: this.#background.waitUntil,
      ...(options.upstash === null
        ? {}
        : { database: { url, token }, stores: { redis: upstashStore } }),
      ...(options.cache === null ? {} : { cache: () => this.cache, host: "www.example.com" }),
      ...options.platform,
    });
  }

  /**
   * Waits for all background work of calls. This work takes half of N after a purge: use `idle`.
   */
  settle(): Promise<void> {
    return this.#background.settle();
  }

  /** Creates another isolate with the same database and clock, and by default the same colo. */
  beside(cache = this.cache): DataIsolate {
    const { clock, upstash } = this;
    return new DataIsolate({ clock, upstash, cache });
  }

  /** Creates an isolate of another colo with the same database and clock. */
  elsewhere(): DataIsolate {
    return this.beside(new FakeCache(this.clock));
  }

  /** Opens the namespace `articles`, whose values are fresh for a minute by default. */
  articles<Value = string>(options: object = {}) {
    const space = { fresh: "60s", ...options } as const;
    return this.data.namespace<Value, string>("articles", space);
  }
}

/** A source whose answers a test releases. */
export class HeldSource {
  count = 0;
  readonly #gates: PromiseWithResolvers<string>[] = [];

  /** A loader for `getOrSet` that waits for `answer` or `fail`. */
  readonly load = (_context?: LoadContext<string>): Promise<string> => {
    this.count += 1;
    const gate = Promise.withResolvers<string>();
    this.#gates.push(gate);
    return gate.promise;
  };

  /** Answers the oldest waiting load. */
  answer(value: string): void {
    this.#gates.shift()?.resolve(value);
  }

  fail(cause: unknown): void {
    this.#gates.shift()?.reject(cause);
  }
}

/** Opens an isolate with the namespace `articles`, and a source for it. */
export function openArticles(options: object = {}) {
  const isolate = new DataIsolate();
  const counts = () => isolate.data.stats().namespaces["articles"];
  const articles = isolate.articles(options);
  return { isolate, articles, source: new HeldSource(), counts };
}

/** Waits until the load is in progress, the `nth` of its source, and all other calls have finished their lookups. */
export async function allJoined(source: HeldSource, nth = 1): Promise<void> {
  await until(() => source.count >= nth);
  await idle();
}

/** A load function that the cache must not call. */
export const neverLoaded = () => Promise.reject(new Error("It was loaded."));

/** Returns a loader of many keys, which all get the value of one held load. */
export const heldMany = (source: HeldSource) => async (keys: readonly string[]) => {
  const value = await source.load();
  return new Map(keys.map((key) => [key, value]));
};

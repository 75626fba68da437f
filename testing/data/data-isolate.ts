// An application's cache in Node over fakes: one isolate, or several over one database. Time moves only
// when a test moves it.
import "../fakes/workers-globals.ts";
import { type Config, defineConfig } from "../../src/config/config.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import { createDataCache, type DataCache } from "../../src/data/create-data-cache.ts";
import type { DataPlatform } from "../../src/data/data-platform.ts";
import type { LoadContext } from "../../src/data/value/load-context.ts";
import { FakeCache } from "../fakes/fake-cache.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { openNetworkOfFakes } from "../fakes/fake-upstash.ts";
import { UnsteadyUpstash } from "../fakes/unsteady-upstash.ts";
import { idle, until } from "../site/harness.ts";

openNetworkOfFakes();

export interface DataOptions {
  readonly clock?: FakeClock;
  /** `null` for none. */
  readonly upstash?: UnsteadyUpstash | null;
  /** Of a colo; `null` for a platform without a Cache API. */
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
  readonly #pending = new Set<Promise<unknown>>();

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
      waitUntil: (work) => this.#noted(work),
      ...(options.upstash === null ? {} : { database: { url, token } }),
      ...(options.cache === null ? {} : { cache: () => this.cache, host: "www.example.com" }),
      ...options.platform,
    });
  }

  #noted(work: Promise<unknown>): void {
    this.#pending.add(work);
    void work.finally(() => this.#pending.delete(work));
  }

  /** Waits for all that calls have left to be done. After a purge that takes half of N: use `idle`. */
  async settle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  /** Another isolate with the same database, clock and, unless it is given one, the same colo. */
  beside(cache = this.cache): DataIsolate {
    const { clock, upstash } = this;
    return new DataIsolate({ clock, upstash, cache });
  }
}

/** A source that a test holds back. */
export class HeldSource {
  count = 0;
  readonly #gates: PromiseWithResolvers<string>[] = [];

  /** To be handed to `getOrSet`: waits for `answer`, or for `fail`. */
  readonly load = (_context?: LoadContext<string>): Promise<string> => {
    this.count += 1;
    const gate = Promise.withResolvers<string>();
    this.#gates.push(gate);
    return gate.promise;
  };

  /** Answers the oldest load that waits. */
  answer(value: string): void {
    this.#gates.shift()?.resolve(value);
  }

  fail(cause: unknown): void {
    this.#gates.shift()?.reject(cause);
  }
}

/** An isolate with one namespace, and a source for it. */
export function openArticles(options: object = {}) {
  const isolate = new DataIsolate();
  const space = { fresh: "60s", ...options } as const;
  const articles = isolate.data.namespace<string, string>("articles", space);
  const counts = () => isolate.data.stats().namespaces;
  return { isolate, articles, space, source: new HeldSource(), counts };
}

/** The load is under way, and all others have ended their look-ups. */
export async function allJoined(source: HeldSource): Promise<void> {
  await until(() => source.count > 0);
  await idle();
}

// Runs one isolate of a bundled Worker of any version in Node, over fakes and with the test's
// globals. `Site` in harness.ts runs only the current sources.
import "../fakes/workers-globals.ts";
import { compileFunction } from "node:vm";
import { transform } from "esbuild";
import { FixedLengthStream, IdentityTransformStream } from "../../src/base/byte-streams.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { Background } from "../fakes/background.ts";
import type { FakeCache } from "../fakes/fake-cache.ts";
import type { FakeClock } from "../fakes/fake-clock.ts";
import type { FakeUpstash } from "../fakes/fake-upstash.ts";
import type { OriginInProcess } from "../fakes/origin-in-process.ts";
import { type AskInit, host, read, type Seen } from "../site/harness.ts";
import { configName } from "./worker-text.ts";

interface Handler {
  fetch(request: Request, env: object, context: Background): Response | Promise<Response>;
  scheduled(event: unknown, env: object, context: Background): Promise<void>;
}

/** The exports of a bundled Worker, with its classes of Durable Objects. */
export interface BundledWorker extends Readonly<Record<string, unknown>> {
  readonly default: Handler;
}

/** The environment of an isolate. Several isolates may share each part. */
interface Surroundings {
  readonly clock: FakeClock;
  readonly cache: FakeCache;
  /** Absent for a Worker without Redis. */
  readonly upstash?: FakeUpstash;
  readonly origin: OriginInProcess;
  readonly config: ConfigInput;
  readonly env: Readonly<Record<string, unknown>>;
}

const originUrl = "https://origin.invalid";
/** Constant, as in a deployment, because the keys of the edge cache contain this URL. */
const databaseUrl = "https://database.invalid";

export class Isolate {
  readonly #worker: Handler;
  readonly #env: object;
  readonly #background = new Background();

  private constructor(worker: Handler, env: object) {
    this.#worker = worker;
    this.#env = env;
  }

  /** @param worker from `openWorker` */
  static async open(worker: string, around: Surroundings): Promise<Isolate> {
    const { default: handler } = await openBundle(worker, around);
    const { upstash } = around;
    const database = upstash && { ...upstash.env, UPSTASH_REDIS_REST_URL: databaseUrl };
    const env = { ORIGIN_URL: originUrl, ...database, ...around.env };
    return new Isolate(handler, env);
  }

  /** Sends a request like a client, without waiting for background work. */
  async ask(path: string, init: AskInit = {}): Promise<Response> {
    const request = new Request(`https://${host}${path}`, init);
    return this.#worker.fetch(request, this.#env, this.#background);
  }

  /** Sends a request, reads the answer to its end, and waits for all background work. */
  async get(path: string, init: AskInit = {}): Promise<Seen> {
    const seen = await read(await this.ask(path, init));
    await this.settle();
    return seen;
  }

  async fireCron(): Promise<void> {
    await this.#worker.scheduled({}, this.#env, this.#background);
    await this.settle();
  }

  settle(): Promise<void> {
    return this.#background.settle();
  }
}

/** Runs the module of a bundled Worker. @param worker from `openWorker` */
export async function openBundle(
  worker: string,
  around: Omit<Surroundings, "env">,
): Promise<BundledWorker> {
  const code = await scriptOf(worker);
  const globals = { ...globalsOf(around), [configName]: around.config };
  const module = { exports: {} as BundledWorker };
  const run = compileFunction(code, ["module", ...Object.keys(globals)]);
  (run as (...given: unknown[]) => void)(module, ...Object.values(globals));
  return module.exports;
}

const scripts = new Map<string, Promise<string>>();

/**
 * Compiles the Worker to a script, which unlike a module can have its own globals. Each Worker is
 * compiled once.
 */
function scriptOf(worker: string): Promise<string> {
  const made = scripts.get(worker) ?? transform(worker, { format: "cjs" }).then(({ code }) => code);
  scripts.set(worker, made);
  return made;
}

/** Returns the globals of the platform, with a fixed time and a random number of 0. */
function globalsOf({
  clock,
  cache,
  upstash,
  origin,
}: Omit<Surroundings, "env">): Record<string, unknown> {
  class ClockDate extends Date {
    constructor(...given: [] | [string | number]) {
      super(...((given.length === 0 ? [clock.atMs] : given) as [number]));
    }
    static override now = clock.nowAtMs;
  }
  const ask = (url: string, init: RequestInit): Promise<Response> => {
    if (upstash === undefined || !url.startsWith(databaseUrl)) return origin.fetch(url, init);
    return upstash.answer(new URL(url).pathname, JSON.parse(init.body as string) as unknown);
  };
  const caches = { default: cache };
  return {
    globalThis: new Proxy(globalThis, {
      get: (real, name): unknown => (name === "caches" ? caches : Reflect.get(real, name)),
      // The Worker detects the Workers runtime by this name.
      has: (real, name) => name === "WebSocketPair" || Reflect.has(real, name),
    }),
    caches,
    FixedLengthStream,
    IdentityTransformStream,
    Date: ClockDate,
    Math: Object.create(Math, { random: { value: () => 0 } }) as Math,
    fetch: ask,
  };
}

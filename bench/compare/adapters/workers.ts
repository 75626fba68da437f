// Colos with a Worker of another project: each is a workerd of its own, and all share one R2 and the
// Durable Objects, which a process of their own runs.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { compatibilityDate } from "../../../local/colo.ts";
import { freePort } from "../../../local/free-port.ts";
import { OperatorError } from "../../../src/base/operator-error.ts";
import { processCount, type System, type World } from "../adapter.ts";
import { ask, purgeOf, timeoutsMs } from "../asking.ts";

const packages = fileURLToPath(new URL("../packages/", import.meta.url));

interface WorkerSettings {
  /** Its `GET /ID` reads an item, and its `POST /ID?mode=` purges it. */
  readonly worker: URL;
  readonly r2Bucket: string;
  /** The classes of Durable Objects, by binding. */
  readonly objects: Readonly<Record<string, string>>;
}

/** Bundles a Worker with the packages of `packages/`. */
async function bundled({ worker }: WorkerSettings): Promise<string> {
  if (!existsSync(join(packages, "node_modules"))) {
    throw new OperatorError({
      what: "The run did not start.",
      why: "bench/compare/packages has no packages.",
      hint: "Run npm ci --prefix bench/compare/packages, or leave the system out with --systems.",
    });
  }
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(worker)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker"],
    external: ["cloudflare:*", "node:*", "next/*"],
    nodePaths: [join(packages, "node_modules")],
  });
  return outputFiles[0]?.text ?? "";
}

/** Starts a process for the objects and two colos, all of which can be killed. */
export async function startWorkers(world: World, settings: WorkerSettings): Promise<System> {
  const { running, origin, withinMs } = world;
  const folder = await mkdtemp(join(tmpdir(), "tidemark-compare-"));
  await running.add(Promise.resolve({ stop: () => rm(folder, { recursive: true, force: true }) }));
  const of = { ...settings, folder, text: await bundled(settings), originUrl: origin.url };
  const host = await running.add(Life.start(of, "host"));
  const colos: Life[] = [];
  for (let nth = 1; nth <= processCount; nth += 1) {
    colos.push(await running.add(Life.start(of, `colo-${nth}`)));
  }
  const waitMs = timeoutsMs(withinMs).read;
  return {
    read: (process, id) => ask(`${colos[process]!.url}/${id}`, { waitMs }),
    purge: purgeOf((process, id, mode) => ({ url: `${colos[process]!.url}/${id}?mode=${mode}` })),
    faults: {
      "process killed": (_, draws) => draws.oneOf(colos).restart(0),
      "objects killed": (forMs) => host.restart(forMs / 4),
    },
  };
}

interface LifeSettings extends WorkerSettings {
  readonly folder: string;
  readonly text: string;
  readonly originUrl: string;
}

/** A workerd that can be killed and started again on its port. Its Cache API then is empty. */
class Life {
  readonly #of: LifeSettings;
  readonly #name: string;
  readonly #port: number;
  #lives = 0;
  #runtime: Miniflare | undefined;

  private constructor(of: LifeSettings, name: string, port: number) {
    this.#of = of;
    this.#name = name;
    this.#port = port;
  }

  static async start(of: LifeSettings, name: string): Promise<Life> {
    const life = new Life(of, name, await freePort());
    await life.#start();
    return life;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async restart(afterMs: number): Promise<void> {
    await this.stop();
    await delay(afterMs);
    await this.#start();
  }

  async stop(): Promise<void> {
    await this.#runtime?.dispose();
  }

  async #start(): Promise<void> {
    const { folder, text, originUrl, objects, r2Bucket } = this.#of;
    this.#lives += 1;
    const name = this.#name;
    const from = name === "host" ? {} : { scriptName: "host" };
    const named = Object.entries(objects).map(
      ([binding, className]) => [binding, { className, useSQLite: true, ...from }] as const,
    );
    this.#runtime = new Miniflare({
      ...convertV4MiniflareOptions({
        host: "127.0.0.1",
        port: 0,
        log: new Log(LogLevel.NONE),
        handleStructuredLogs: () => undefined,
        workers: [
          {
            name,
            modules: [{ type: "ESModule", path: "worker.js", contents: text }],
            compatibilityDate,
            compatibilityFlags: ["nodejs_compat"],
            // The same in all colos, as the version of one deployment.
            bindings: { ORIGIN_URL: originUrl, CF_VERSION_METADATA: { id: "compared" } },
            r2Buckets: { [r2Bucket]: "bodies" },
            durableObjects: Object.fromEntries(named),
            unsafeDirectSockets: [{ host: "127.0.0.1", port: this.#port }],
          },
        ],
      }),
      unsafeEnableSharedStorage: true,
      enableDevRegistry: true,
      unsafeDevRegistryPath: join(folder, "registry"),
      resourcePersistencePath: join(folder, "shared"),
      isolatedResourcePersistencePath: join(folder, `${name}-${this.#lives}`),
    });
    await this.#runtime.ready;
  }
}

// Starts the site on this machine: a Redis, a D1 database, and the Worker in two colos.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { bundled, bundling, root } from "../../../local/bundling.ts";
import { type Colo, startColo } from "../../../local/colo.ts";
import { startCron } from "../../../local/cron.ts";
import { type EmbeddedValkey, startEmbeddedValkey } from "../../../local/embedded-valkey.ts";
import { Running } from "../../../local/running.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import { seedStatements } from "./seed.ts";

export const editorPassword = "press";
export const adminToken = "editor-in-chief-of-the-demo";

export interface NewsSite {
  /** The URLs of the two colos, such as "http://127.0.0.1:8787". */
  readonly urls: readonly [string, string];
  readonly colos: readonly Colo[];
  readonly valkey: EmbeddedValkey;
  readonly rest: UpstashRestServer;
  /** Replaces the isolate of the second colo by a new isolate. Returns its URL. */
  restartSecond(): Promise<string>;
  stop(): Promise<void>;
}

export interface NewsSettings {
  /** The port of the first colo. The second colo uses the next port. 0 selects free ports. */
  readonly port?: number;
  /** Whether the cron trigger fires once a minute. */
  readonly hasCron?: boolean;
  /** Whether to start the site without any cache, for a comparison. */
  readonly isUncached?: boolean;
  /** Change the bundle, for tests. */
  readonly plugins?: readonly Plugin[];
  readonly onLog?: (line: string) => void;
}

export async function startNewsSite({
  port = 0,
  hasCron = false,
  isUncached = false,
  plugins = [],
  onLog,
}: NewsSettings = {}): Promise<NewsSite> {
  const running = new Running();
  try {
    const folder = await mkdtemp(join(tmpdir(), "news-worker-"));
    const removed = { stop: () => rm(folder, { recursive: true, force: true }) };
    await running.add(Promise.resolve(removed));
    const worker = await bundledWorker([...plugins, ...(isUncached ? [withoutCache] : [])]);
    const token = crypto.randomUUID();
    const valkey = await running.add(startEmbeddedValkey({ password: crypto.randomUUID() }));
    const rest = await running.add(startUpstashRestServer({ redisUrl: valkey.url, token }));
    const env = {
      UPSTASH_REDIS_REST_URL: rest.url,
      UPSTASH_REDIS_REST_TOKEN: token,
      ADMIN_TOKEN: adminToken,
      EDITOR_PASSWORD: editorPassword,
      SESSION_SECRET: crypto.randomUUID(),
      // Both colos serve the same site.
      SITE_HOST: "news.example",
      ...(isUncached ? { BYPASS: "all" } : {}),
    };
    const d1 = { binding: "DB", folder };
    const start = async (name: string, at: number) => {
      const said = onLog === undefined ? {} : { onLog };
      return running.add(startColo({ name, worker, port: at, env, d1, ...said }));
    };
    const first = await start("colo-1", port);
    const second = await start("colo-2", port === 0 ? 0 : port + 1);
    await first.runSql(await seedStatements());
    if (hasCron) await running.add(Promise.resolve(startCron(first)));
    const restartSecond = async () => {
      await second.stop();
      return (await start("colo-2", Number(new URL(second.url).port))).url;
    };
    const urls = [first.url, second.url] as const;
    const stop = () => running.stop();
    return { urls, colos: [first, second], valkey, rest, restartSecond, stop };
  } catch (cause) {
    await running.stop();
    throw cause;
  }
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const withoutCache: Plugin = {
  name: "without-cache",
  setup: (building) => {
    building.onResolve({ filter: /\/cache\.ts$/ }, ({ path, resolveDir }) => {
      return resolveDir === here("../src") && path === "./cache.ts"
        ? { path: here("uncached.ts") }
        : {};
    });
  },
};

/** Bundles the Worker like wrangler, but with the package replaced by this repository's sources. */
function bundledWorker(plugins: Plugin[]): Promise<string> {
  return bundled({
    entryPoints: [here("../src/worker.ts")],
    external: ["cloudflare:workers"],
    alias: {
      ...bundling.alias,
      "tidemark/hono": join(root, "src/hono.ts"),
      "tidemark/data": join(root, "src/data-cache.ts"),
      "tidemark/sinks": join(root, "src/sinks.ts"),
      "tidemark/write-behind": join(root, "src/write-behind/write-behind.ts"),
    },
    plugins,
  });
}

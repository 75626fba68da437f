// Tests hints over a real Redis: a purge in one process reaches another long before N, also after
// Redis has restarted, over each library and a cluster. N is 60 s, so that no renewal hides a lost hint.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Cluster, Redis } from "ioredis";
import { createClient, createCluster } from "redis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Running } from "../../../local/running.ts";
import { createDataCache } from "../../../src/data/node/node-data-cache.ts";
import type { GivenConnection } from "../../../src/node-cache.ts";
import { startRedisCluster } from "../../../testing/fakes/redis-cluster.ts";
import { freePort } from "../../../local/free-port.ts";
import { isRedisServerInstalled, startRedisServer } from "../../../testing/fakes/redis-server.ts";
import { newerNode } from "../../package/commands.ts";

const purge = { maxLagSeconds: 60 };

function openCache(redis: GivenConnection) {
  const log: string[] = [];
  const own = (line: { message: string }) => void log.push(line.message);
  const cache = createDataCache({ redis, purge, log: own });
  const words = cache.namespace<string>("words", { fresh: "1h" });
  return { cache, words, log, stateNow: () => cache.stats().journal.hints ?? "" };
}

type Opened = ReturnType<typeof openCache>;

/** Waits for a condition, at most 10 s: a sixth of N. */
async function until(isSo: () => unknown): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await isSo()) return;
    await delay(20);
  }
  throw new Error("This did not happen within 10 s.");
}

/** Stores a value in `there`, purges it in `here`, and waits until `there` has read the purge. */
async function spread(here: Opened, there: Opened, key: string): Promise<void> {
  await until(() => here.words.set(key, "old").catch(() => undefined));
  await until(() => there.words.get(key).catch(() => undefined));
  await until(() => there.stateNow() === "on");
  await until(() => here.words.delete(key).catch(() => undefined));
  await until(async () => (await there.words.get(key)) === undefined);
}

const child = (ioredis: string, hono: string, src: (path: string) => string) => `
  import { Redis } from ${JSON.stringify(ioredis)};
  import { Hono } from ${JSON.stringify(hono)};
  import { tidemark } from ${JSON.stringify(src("hono.ts"))};
  import { redis } from ${JSON.stringify(src("node-cache.ts"))};
  import { operate } from ${JSON.stringify(src("parts/operate/operate.ts"))};
  import { defineConfig } from ${JSON.stringify(src("tidemark.ts"))};
  const connection = new Redis(process.argv[2]);
  connection.on("error", () => undefined);
  let count = 0;
  const app = new Hono();
  app.get("/", (c) => c.text(String(count += 1), 200, { "cache-tag": "page", "cache-control": "max-age=3600" }));
  const config = defineConfig({ parts: [operate()], purge: ${JSON.stringify(purge)} });
  const env = { ADMIN_TOKEN: "admin-token-of-this-site" };
  const site = tidemark(app, config, { env, stores: redis(connection) });
  const headers = { authorization: "Bearer " + env.ADMIN_TOKEN };
  process.on("message", async (path) => {
    if (path === "close") return process.disconnect(), void connection.disconnect();
    const answer = await site.fetch(new Request("http://site.test" + path, path === "/" ? {} : { headers }));
    process.send(await answer.text());
  });
  process.send("started");`;

describe.runIf(isRedisServerInstalled)("over redis-server", () => {
  const running = new Running();
  let port = 0;
  let server: Awaited<ReturnType<typeof startRedisServer>>;
  let folder = "";
  const url = () => `redis://127.0.0.1:${port}`;
  const start = async () => {
    const settings = { appendonly: "yes", appendfsync: "always" };
    server = await startRedisServer({ port, dir: folder, settings });
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tidemark-hints-"));
    port = await freePort();
    await start();
  });
  afterAll(async () => {
    await running.stop();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  /** Opens a connection that closes after the tests. */
  async function connected(library: "ioredis" | "node-redis", address = url()) {
    const redis =
      library === "ioredis"
        ? new Redis(address)
        : await createClient({ url: address })
            .on("error", () => undefined)
            .connect();
    redis.on("error", () => undefined);
    const stop = async () =>
      redis instanceof Redis ? redis.disconnect() : (redis as { destroy(): void }).destroy();
    await running.add(Promise.resolve({ stop }));
    return redis;
  }

  it("a purge by data reaches pages of another process, which ends when its connection does", async () => {
    const file = join(folder, "pages.mjs");
    const src = (path: string) => new URL(`../../../src/${path}`, import.meta.url).href;
    await writeFile(file, child(import.meta.resolve("ioredis"), import.meta.resolve("hono"), src));
    const pages = fork(file, [url()], {
      execPath: newerNode,
      execArgv: ["--disable-warning=ExperimentalWarning"],
      silent: true,
    });
    const ask = async (path: string) => {
      pages.send(path);
      return String((await once(pages, "message"))[0]);
    };
    await once(pages, "message");
    const { cache } = openCache(await connected("node-redis"));
    expect([await ask("/"), await ask("/")]).toEqual(["1", "1"]);
    const stats = async () => JSON.parse(await ask("/_cache/stats")) as { journal: object };
    await until(async () => Reflect.get((await stats()).journal, "hints") === "on");
    await cache.purge({ tags: ["page"] });
    await until(async () => (await ask("/")) === "2");
    pages.send("close");
    expect(await once(pages, "exit")).toEqual([0, null]);
  });

  it.each(["ioredis", "node-redis"] as const)(
    "a purge reaches another cache, also after Redis has restarted: %s",
    async (library) => {
      const [here, there] = [
        openCache(await connected(library)),
        openCache(await connected(library)),
      ];
      await spread(here, there, "before");
      await server.stop();
      await until(() => there.stateNow().startsWith("off: The database cannot be reached"));
      await start();
      await until(() => there.stateNow() === "on");
      await spread(here, there, "after");
      expect(there.log.filter((line) => line.includes("only by polling"))).toEqual([]);
    },
  );

  it("twelve caches over one connection, as after reloads, have one second connection", async () => {
    const warn = vi.spyOn(process, "emitWarning");
    // No cache of another test uses this database.
    const connection = await connected("ioredis", `${url()}/1`);
    const waiting = async () => {
      const clients = String(await (connection as Redis).client("LIST")).split("\n");
      return clients.filter((line) => / db=1 .* cmd=xread /.test(line)).length;
    };
    const caches = Array.from({ length: 12 }, () => openCache(connection));
    for (const { words } of caches) await words.set("a", "v");
    await until(() => caches.at(-1)?.stateNow() === "on");
    expect(await waiting()).toBe(1);
    expect(warn).not.toHaveBeenCalled();
  });

  it.each(["ioredis", "node-redis"] as const)(
    "a user who may not wait gets no hints, and the log says so once: %s",
    async (library) => {
      const admin = new Redis(url());
      await admin.acl("SETUSER", "poller", "on", ">secret", "~*", "+@all", "-xread");
      admin.disconnect();
      const address = url().replace("//", "//poller:secret@");
      const there = openCache(await connected(library, address));
      await there.words.set("a", "v");
      await until(() => there.stateNow().startsWith("off: The user may not run a command"));
      expect(await there.words.get("a")).toBe("v");
      await until(() => there.log.some((line) => line.includes("only by polling")));
      expect(there.log.filter((line) => line.includes("only by polling"))).toHaveLength(1);
    },
  );
});

describe.runIf(isRedisServerInstalled)("over a cluster", () => {
  const running = new Running();
  let nodes: readonly { readonly host: string; readonly port: number }[] = [];
  beforeAll(async () => {
    ({ nodes } = await running.add(startRedisCluster()));
  });
  afterAll(() => running.stop());

  it.each(["ioredis", "node-redis"])("a purge reaches another cache: %s", async (library) => {
    const open = async () => {
      if (library === "ioredis") {
        const cluster = new Cluster([...nodes]);
        return { redis: cluster, end: () => cluster.disconnect() };
      }
      const rootNodes = nodes.map((socket) => ({ socket }));
      const cluster = createCluster({ rootNodes });
      await cluster.connect();
      return { redis: cluster, end: () => cluster.destroy() };
    };
    const [one, other] = [await open(), await open()];
    const [here, there] = [openCache(one.redis), openCache(other.redis)];
    await spread(here, there, "a");
    for (const { end } of [one, other]) end();
    await until(() => there.stateNow().startsWith("off"));
    expect(there.stateNow()).toBe("off: the connection is closed");
  });
});

// Tests the handler for Prometheus of a data cache: its counts over a real Redis, and the examples of
// docs/monitoring.md.
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { knownData } from "../../../src/compose/data-beside-pages.ts";
import type { DataCache } from "../../../src/data/create-data-cache.ts";
import { prometheus } from "../../../src/data/node/prometheus.ts";
import { writeBehind } from "../../../src/write-behind/write-behind.ts";
import { openBeside } from "../../../testing/data/beside-pages.ts";
import { openProcess } from "../../../testing/data/node-process.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import { MemoryCounterSink } from "../../../testing/write-behind/memory-sink.ts";
import { isPrometheusInstalled, promtool } from "../../../testing/monitoring/promtool.ts";
import { filesIn } from "../../package/examples.ts";

const textOf = async (cache: DataCache) => (await prometheus(cache)()).text();
const linesOf = (text: string, name: string) =>
  text.split("\n").filter((line) => line.startsWith(`tidemark_${name}`));

describe.each(oneRedisServer)("a scrape of a data cache over $redis", ({ start }) => {
  let server: Awaited<ReturnType<typeof start>>;
  let connection: Redis;
  let cache: DataCache;

  beforeAll(async () => {
    server = await start();
    connection = new Redis(server.url);
    ({ cache } = openProcess({ redis: connection, namespace: "shop" }));
    const articles = cache.namespace<string, number>("articles", { fresh: "1h" });
    for (const key of [1, 1, 2]) await articles.getOrSet(key, () => "v");
    await articles.getOrSet(3, () => Promise.reject(new TypeError("down"))).catch(() => undefined);
    await articles.get(4);
    await articles.set(5, "v");
    await cache.purge({ tags: ["a"] });
  });
  afterAll(async () => {
    connection.disconnect();
    await server.stop();
  });

  it("has the counts of its keys, by the labels of a Worker", async () => {
    const text = await textOf(cache);
    expect(linesOf(text, "data_requests_total")).toEqual([
      'tidemark_data_requests_total{namespace="articles",result="hit",tier="memory"} 1',
      'tidemark_data_requests_total{namespace="articles",result="loaded",tier="source"} 2',
      'tidemark_data_requests_total{namespace="articles",result="absent",tier="none"} 1',
      'tidemark_data_requests_total{namespace="articles",result="failed",tier="none"} 1',
    ]);
    expect(linesOf(text, "data_load_seconds_count")).toEqual([
      'tidemark_data_load_seconds_count{namespace="articles"} 3',
    ]);
    expect(text).toMatch(/\ntidemark_purges_total [1-9]/);
    expect(text).toMatch(/\ntidemark_memory_tier_bytes\{colo=""\} [1-9]/);
    expect(text).toMatch(/\ntidemark_redis_commands_total\{purpose="/);
    expect(text).toContain("\ntidemark_redis_up 1\n");
    expect(text).toContain("\ntidemark_purge_bound_seconds 10\n");
  });

  it("has counts that only grow, however many scrapers there are", async () => {
    const scrapers = [prometheus(cache), prometheus(cache)];
    for (const scrape of [...scrapers, ...scrapers]) {
      const text = await (await scrape()).text();
      expect(linesOf(text, "data_requests_total")[0]).toMatch(/ 1$/);
    }
    expect(cache.stats().namespaces["articles"]?.hits.memory).toBe(1);
  });

  it.runIf(isPrometheusInstalled)("passes the check of promtool", async () => {
    expect(promtool(["check", "metrics"], await textOf(cache))).toEqual({ status: 0, said: "" });
  });

  it("has the counts of counters and buffers", async () => {
    const views = writeBehind(cache).counter("views", { sink: new MemoryCounterSink() });
    views.add("a", 2);
    await views.flush();
    expect(linesOf(await textOf(cache), "behind_changes_total")).toEqual([
      'tidemark_behind_changes_total{set="views",result="accepted"} 1',
    ]);
  });

  it("costs one INFO in 15 seconds, however many scrapes ask", async () => {
    let sent = 0;
    let nowAtMs = Date.now();
    const { cache: own } = openProcess({ redis: connection, nowAtMs: () => nowAtMs });
    await own.namespace<string>("articles", { fresh: "1h" }).getOrSet("a", () => "v");
    const redis = knownData(own).core()?.redis;
    const look = redis?.look.bind(redis);
    Object.assign(redis ?? {}, {
      look: (...args: Parameters<NonNullable<typeof look>>) => {
        sent += 1;
        return look?.(...args);
      },
    });
    const scrape = prometheus(own);
    const isUp = ["tidemark_redis_up 1"];
    const up = async () => linesOf(await (await scrape()).text(), "redis_up");
    expect(await Promise.all([up(), up()])).toEqual([isUp, isUp]);
    nowAtMs += 14_999;
    expect(await up()).toEqual(isUp);
    expect(sent).toBe(1);
    nowAtMs += 1;
    await up();
    expect(sent).toBe(2);
  });

  it("says that the database is down, and still has the counts", async () => {
    await server.stop();
    const text = await textOf(cache);
    expect(text).toContain("\ntidemark_redis_up 0\n");
    expect(linesOf(text, "data_requests_total")).toHaveLength(4);
  });
});

describe("a scrape of a data cache", () => {
  it("counts at most 256 namespaces by name, and has no gauge of Redis", async () => {
    const { cache } = openProcess({ redis: "none" });
    for (let nth = 0; nth < 300; nth += 1) {
      await cache.namespace<string>(`n${nth}`, { fresh: "1h" }).getOrSet("a", () => "v");
    }
    const text = await textOf(cache);
    const counted = linesOf(text, "data_requests_total");
    expect(counted).toHaveLength(257);
    expect(counted.at(-1)).toContain(
      '{namespace="other namespaces",result="loaded",tier="source"} 44',
    );
    expect(linesOf(text, "redis_up")).toEqual([]);
  });

  it("before the first use has no counts, and does not open the cache, which pages may still join", async () => {
    const { cache } = openProcess({ redis: "none" });
    const text = await textOf(cache);
    expect(text).toMatch(/\ntidemark_last_report_timestamp_seconds\{colo=""\} \d/);
    expect(linesOf(text, "data_requests_total")).toEqual([]);
    expect(knownData(cache).core()).toBeUndefined();
  });

  it("counts the pages that have joined it as well, and leaves their reports complete", async () => {
    const { site, data, values } = await openBeside();
    await site.get("/page");
    expect(await textOf(data)).toContain('result="stored",tier="origin"} 1\n');
    await values.get("42");
    expect(linesOf(await textOf(data), "data_requests_total")).toHaveLength(1);
    expect(site.counted()).toMatchObject({ "dataRequests|values|absent|none": 1 });
  });

  it("leaves the worst lag to the next report", async () => {
    const { site, data, values } = await openBeside();
    await site.get("/page");
    await values.get("42");
    const gauges = knownData(data).core()?.gauges;
    gauges?.lagged(3_000);
    gauges?.lagged(1_000);
    for (const scrape of [prometheus(data), prometheus(data)]) {
      expect(await (await scrape()).text()).toContain('_lag_worst_seconds{colo="HAM"} 3\n');
    }
    expect(gauges?.taken(0)).toMatchObject({ lagMs: 1_000, lagWorstMs: 3_000 });
    expect(gauges?.taken(0)).toMatchObject({ lagMs: 1_000, lagWorstMs: null });
  });

  it("refuses another object with a hint", () => {
    expect(() => prometheus({} as DataCache)).toThrow(/Import createDataCache from/);
  });
});

describe("the examples of docs/monitoring.md", () => {
  let folder = "";
  let cache: DataCache;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tidemark-metrics-"));
    const page = await readFile("docs/monitoring.md", "utf8");
    const addresses: Record<string, string> = {
      "tidemark/node": new URL("../../../src/node-cache.ts", import.meta.url).href,
      hono: import.meta.resolve("hono"),
      "next/server": "./next-server.mjs",
    };
    await writeFile(join(folder, "next-server.mjs"), "export const connection = async () => {};");
    for (const { name, content } of filesIn(page)) {
      const imports = / from "([^"]+)";/g;
      const runnable = content.replaceAll(imports, (_, of) => ` from "${addresses[of] ?? of}";`);
      await writeFile(join(folder, name), runnable);
    }
    vi.stubEnv("METRICS_TOKEN", "of-the-scraper");
    ({ cache } = await imported("metrics.mjs"));
    await cache.namespace<string>("articles", { fresh: "1h" }).getOrSet("a", () => "v");
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });

  const headers = { authorization: "Bearer of-the-scraper" };
  const others = [undefined, "Bearer another", "Bearer undefined"];
  /** Returns the statuses of requests without the token, one after the other. */
  const refusals = async (
    ask: (init: { headers: Record<string, string> }) => Promise<Response>,
  ) => {
    const statuses: number[] = [];
    for (const authorization of others) {
      statuses.push((await ask({ headers: authorization ? { authorization } : {} })).status);
    }
    return statuses;
  };
  const refused = others.map(() => 404);

  const imported = (name: string) => import(/* @vite-ignore */ join(folder, name));
  const counted = 'tidemark_data_requests_total{namespace="articles",result="loaded"';

  it("answer with Hono", async () => {
    const { app } = await imported("metrics.mjs");
    const response: Response = await app.request("/metrics", { headers });
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await response.text()).toContain(counted);
    expect(await refusals((init) => app.request("/metrics", init))).toEqual(refused);
  });

  it("answer with node:http", async () => {
    const { server } = (await imported("metrics.mjs")) as { server: Server };
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/metrics`;
    const response = await fetch(url, { headers });
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await response.text()).toContain(counted);
    expect(await refusals((init) => fetch(url, init))).toEqual(refused);
    server.close();
  });

  it("answer as a route of Next.js", async () => {
    Object.assign(globalThis, { scrape: prometheus(cache) });
    const { GET } = await imported("route.js");
    const ask = async (init: RequestInit) => GET(new Request("https://www.example.com/", init));
    expect(await (await ask({ headers })).text()).toContain(counted);
    expect(await refusals(ask)).toEqual(refused);
    vi.stubEnv("METRICS_TOKEN", undefined);
    expect(await refusals(ask)).toEqual(refused);
  });
});

// Tests pages on Node over a Redis of one's own: the database that the code names, and data beside.
import { Hono } from "hono";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { startEmbeddedValkey } from "../local/embedded-valkey.ts";
import { Running } from "../local/running.ts";
import { tidemark } from "../src/hono.ts";
import {
  createDataCache,
  type GivenConnection,
  inProcess,
  redis,
  type RedisOptions,
} from "../src/node-cache.ts";
import { operate } from "../src/parts/operate/operate.ts";
import { defineConfig } from "../src/tidemark.ts";

const running = new Running();
let url = "";
beforeAll(async () => void ({ url } = await running.add(startEmbeddedValkey())));
afterAll(() => running.stop());

async function connected(): Promise<Redis> {
  const connection = new Redis(url);
  await running.add(Promise.resolve({ stop: async () => connection.disconnect() }));
  return connection;
}

/** Opens a process with pages, and data over the same connection or another. */
async function opened(options: RedisOptions & { env?: object; ofData?: GivenConnection } = {}) {
  const { env = {}, ofData, ...ofRedis } = options;
  const log: string[] = [];
  vi.spyOn(console, "warn").mockImplementation((line: string) => void log.push(line));
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  onTestFinished(() => void vi.restoreAllMocks());
  const connection = await connected();
  const data = createDataCache({ redis: ofData ?? connection, ...ofRedis });
  let count = 0;
  const app = new Hono();
  app.get("/", (c) => {
    c.header("Cache-Tag", "page");
    return c.text(`answer ${(count += 1)}`, 200, { "Cache-Control": "max-age=600" });
  });
  const given = { env, stores: redis(connection, ofRedis), data };
  const { fetch } = tidemark(app, defineConfig({}), given);
  const page = async () => (await fetch(new Request("http://site.test/"))).text();
  return { connection, data, page, faults: () => log.filter((line) => line.includes("fault")) };
}

it("data over the connection of the pages shares their view, so its purges apply at once", async () => {
  const { data, page, faults, connection } = await opened();
  expect([await page(), await page()]).toEqual(["answer 1", "answer 1"]);
  await data.purge({ tags: ["page"] });
  expect(await page()).toBe("answer 2");
  expect(faults()).toEqual([]);
  await vi.waitFor(async () => {
    const clients = String(await connection.client("LIST"));
    expect(clients.match(/ cmd=xread /g)).toHaveLength(1);
  });
});

it("data over another connection has a view of its own, which the log says", async () => {
  const { page, faults } = await opened({ ofData: await connected() });
  await page();
  expect(faults()).toEqual([expect.stringContaining("another database")]);
});

it("variables of another database have no effect, which the log says", async () => {
  const upstash = {
    UPSTASH_REDIS_REST_URL: "https://cache.invalid",
    UPSTASH_REDIS_REST_TOKEN: "a-token",
  };
  const { page, faults } = await opened({ env: upstash });
  await page();
  const said = faults().filter((line) => line.includes("has no effect"));
  expect(said).toHaveLength(1);
  expect(said[0]).toContain("UPSTASH_REDIS_REST_URL has no effect. The stores name their database");
});

it("a scrape has the requests that the process has just answered", async () => {
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  onTestFinished(() => void vi.restoreAllMocks());
  const stores = redis(await connected());
  const app = new Hono();
  app.get("/scraped", (c) => c.text("page", 200, { "Cache-Control": "max-age=600" }));
  const env = { ADMIN_TOKEN: "admin-token-of-this-site" };
  const site = tidemark(app, defineConfig({ parts: [operate()] }), { env, stores });
  await (await site.fetch(new Request("http://site.test/scraped"))).text();
  const headers = { authorization: `Bearer ${env.ADMIN_TOKEN}` };
  const scrape = new Request("http://site.test/_cache/metrics", { headers });
  const text = await (await site.fetch(scrape)).text();
  expect(text).toContain('tidemark_requests_total{route="",result="stored",tier="origin"} 1');
});

it("inProcess() over Redis stores nothing there, and the log says why", async () => {
  const log: string[] = [];
  vi.spyOn(console, "warn").mockImplementation((line: string) => void log.push(line));
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  onTestFinished(() => void vi.restoreAllMocks());
  const connection = await connected();
  await connection.flushall();
  const app = new Hono();
  app.get("/", (c) => c.text("page", 200, { "Cache-Control": "max-age=600" }));
  const stores = { ...redis(connection), ...inProcess() };
  const site = tidemark(app, defineConfig({}), { env: {}, stores });
  expect(await (await site.fetch(new Request("http://site.test/"))).text()).toBe("page");
  expect(log).toEqual([expect.stringContaining("inProcess() keeps purges in this process")]);
  expect(await connection.keys("*")).toEqual([]);
});

describe("redis()", () => {
  it.each([
    { id: "nothing", given: undefined, says: /`redis` is not set\..*`stores: inProcess\(\)`/ },
    { id: "a text", given: "redis://127.0.0.1", says: /`redis` is a text, not a connection/ },
    {
      id: "another client",
      given: { get: () => "" },
      says: /no client of ioredis, node-redis or @upstash/,
    },
    {
      id: "half an address",
      given: { url: "https://a.example", token: "" },
      says: /`redis.token`/,
    },
    { id: "a journal", options: { journal: { url: "a", token: "b" } }, says: /`journal.url`/ },
  ])("refuses $id by the name of the option", ({ given, options, says }) => {
    const rest = { url: "https://a.example", token: "a-token" };
    const first = (options === undefined ? given : rest) as unknown as GivenConnection;
    expect(() => redis(first, options)).toThrow(says);
  });
});

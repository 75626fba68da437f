// Two processes of `next start` on one Redis: hits, purges of each kind, both routers, outages and restarts.
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Running } from "../../../local/running.ts";
import { startUpstashRestServer } from "../../../local/upstash-rest-server.ts";
import { isRedisServerInstalled, startRedisServer } from "../../../testing/fakes/redis-server.ts";
import { until } from "../../../testing/site/harness.ts";
import { Api, buildExample, type NextProcess, startNext } from "./next-site.ts";

/** N, and a second for the purge itself. */
const waitMs = 11_000;
const waiting = { timeout: 60_000, interval: 200 };
const REVALIDATE_SECRET = "secret-of-the-cms";

// oxlint-disable-next-line max-lines-per-function -- one story over the same processes
describe.skipIf(!isRedisServerInstalled)("the example on two processes", () => {
  const running = new Running();
  const api = new Api();
  let folder = "";
  let open: () => Promise<NextProcess>;
  let openSegments: (CACHE_HANDLER: string) => Promise<NextProcess>;
  let processes: readonly [NextProcess, NextProcess];
  let redis: Awaited<ReturnType<typeof startRedisServer>>;

  beforeAll(async () => {
    ({ folder } = await running.add(buildExample()));
    const API_URL = await api.start();
    await running.add(Promise.resolve(api));
    redis = await running.add(startRedisServer());
    open = () =>
      running.add(startNext(folder, { API_URL, REDIS_URL: redis.url, REVALIDATE_SECRET }));
    const rest = await running.add(startUpstashRestServer({ redisUrl: redis.url, token: "token" }));
    openSegments = (CACHE_HANDLER) => {
      const variables = { API_URL, REST_URL: rest.url, CACHE_HANDLER };
      return running.add(startNext(folder, variables, "segments"));
    };
    processes = [await open(), await open()];
  }, 600_000);
  afterAll(() => running.stop());

  const page = async (at: 0 | 1, path: string) =>
    (await (await fetch(processes[at].url + path)).text()).replaceAll("<!-- -->", "");
  const titleOf = (html: string) => /<h1>([^<]*)/.exec(html)?.[1];
  const title = async (at: 0 | 1, id: string) => titleOf(await page(at, `/stories/${id}`));
  const readAt = async (at: 0 | 1, id: string) =>
    /read at (read \d+)/.exec(await page(at, `/stories/${id}`))?.[1];

  /** Publishes with the server action of the page, as a browser without JavaScript does. */
  async function publish(at: 0 | 1, id: string, text: string): Promise<Response> {
    const { url } = processes[at];
    const [action = ""] = /\$ACTION_ID_[0-9a-f]+/.exec(await page(at, "/stories/1")) ?? [];
    const body = new FormData();
    for (const [name, value] of [
      [action, ""],
      ["id", id],
      ["title", text],
    ] as const) {
      body.set(name, value);
    }
    return fetch(`${url}/stories/1`, { method: "POST", headers: { Origin: url }, body });
  }

  const hook = (at: 0 | 1, order: object, secret = REVALIDATE_SECRET) =>
    fetch(`${processes[at].url}/api/revalidate`, {
      method: "POST",
      headers: { Authorization: `Bearer ${secret}` },
      body: JSON.stringify(order),
    });

  it("the webhook refuses a wrong secret", async () => {
    expect((await hook(0, { tag: "story:1" }, "wrong")).status).toBe(403);
  });

  it("a value of one process is a hit in the other", async () => {
    const client = new Redis(redis.url);
    /** Reads in the first process, which stores the values after its answer. */
    const stored = async (reading: () => Promise<string | undefined>) => {
      const before = await client.dbsize();
      const read = await reading();
      await vi.waitUntil(async () => (await client.dbsize()) > before, waiting);
      return read;
    };
    const read = await stored(() => readAt(0, "1"));
    expect(read).toMatch(/^read \d+$/);
    expect(await readAt(1, "1")).toBe(read);
    const { reads } = api;
    expect(await stored(() => page(0, "/"))).toContain("first title of 2");
    client.disconnect();
    expect(await page(1, "/")).toContain("first title of 2");
    expect(api.reads).toBe(reads + 1);
  });

  it("updateTag of a server action shows at once, and in the other process within N", async () => {
    expect(titleOf(await (await publish(0, "1", "second title")).text())).toBe("second title");
    await expect.poll(() => title(1, "1"), waiting).toBe("second title");
  });

  it("a soft purge answers with an old value once more, and then with the new one", async () => {
    // After a purge, each process may have loaded a value. The newer one is in Redis.
    const before = [await readAt(0, "1"), await readAt(1, "1")];
    expect((await hook(1, { tag: "story:1" })).status).toBe(200);
    expect(before).toContain(await readAt(1, "1"));
    await expect.poll(() => readAt(1, "1"), waiting).not.toBeOneOf(before);
    await expect.poll(() => readAt(0, "1"), waiting).not.toBeOneOf(before);
  });

  it("a purge while a page renders is not lost", async () => {
    api.hold("2");
    const { reads } = api;
    const rendering = title(0, "2");
    await until(() => api.reads > reads);
    expect((await publish(1, "2", "published meanwhile")).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    api.release("2");
    expect(await rendering).toBe("first title of 2");
    expect([await title(0, "2"), await title(1, "2")]).toEqual(
      Array(2).fill("published meanwhile"),
    );
  });

  it("a prerendered page is rendered once for all processes, and again after a purge", async () => {
    const renderedAt = async (at: 0 | 1) =>
      /rendered at ([^<]*)/.exec(await page(at, "/about"))?.[1];
    const first = await renderedAt(0);
    expect(first).toBeDefined();
    expect(await renderedAt(1)).toBe(first);
    await hook(0, { tag: "about" });
    expect(await renderedAt(0)).toBe(first);
    await expect.poll(() => renderedAt(0), waiting).not.toBe(first);
    const second = await renderedAt(0);
    await expect.poll(() => renderedAt(1), waiting).toBe(second);
    await hook(0, { tag: "about", soft: false });
    await expect.poll(() => renderedAt(1), waiting).not.toBe(second);
  });

  it.each([
    { router: "the Pages Router", path: "/router/9", shown: /<output>([^<]*)/ },
    { router: "the App Router", path: "/about", shown: /rendered at ([^<]*)/ },
  ])("res.revalidate of a path of $router renders it for both processes", async (row) => {
    const { path, shown } = row;
    const renderedAt = async (at: 0 | 1) => shown.exec(await page(at, path))?.[1];
    const first = await renderedAt(0);
    expect(first).toBeDefined();
    await expect.poll(() => renderedAt(1), waiting).toBe(first);
    const { status } = await fetch(`${processes[0].url}/api/render?path=${path}`);
    expect(status).toBe(200);
    const second = await renderedAt(0);
    expect(second).not.toBe(first);
    await expect.poll(() => renderedAt(1), waiting).toBe(second);
    await hook(1, { tag: `_N_T_${path}`, soft: false });
    await expect.poll(() => renderedAt(0), waiting).not.toBe(second);
  });

  it("the cache of fetch is shared and purged by the same tags", async () => {
    const top = async (at: 0 | 1) => page(at, "/api/top");
    const first = await top(0);
    expect(await top(1)).toBe(first);
    await publish(1, "1", "third title");
    await expect.poll(() => top(0), waiting).toContain("third title");
  });

  describe("as in use-cache-custom-handler.test.ts of Next.js", () => {
    const valueAt = async (at: 0 | 1, of: string) =>
      /<output>([^<]*)/.exec(await page(at, `/upstream/${of}`))?.[1];

    it("a value is cached, and renewed after its revalidate", async () => {
      const first = await valueAt(0, "renewed");
      expect(first).toMatch(/^read \d+$/);
      await expect.poll(() => valueAt(0, "renewed"), waiting).not.toBe(first);
    });

    it("a value is new after an action that updates its tag and redirects, by one purge", async () => {
      const client = new Redis(redis.url);
      const [journal = ""] = await client.keys("*:journal");
      const purges = await client.xlen(journal);
      const before = await valueAt(0, "renewed");
      expect(await client.xlen(journal)).toBe(purges);
      const { url } = processes[0];
      const html = await page(0, "/upstream/renewed");
      const [action = ""] = /\$ACTION_ID_[0-9a-f]+/.exec(html) ?? [];
      const body = new FormData();
      body.set(action, "");
      const headers = { Origin: url };
      const answer = await fetch(`${url}/upstream/renewed`, { method: "POST", headers, body });
      expect(answer.url).toBe(`${url}/upstream/renewed`);
      expect(/<output>([^<]*)/.exec(await answer.text())?.[1]).not.toBe(before);
      expect(await client.xlen(journal)).toBe(purges + 1);
      client.disconnect();
    });

    it("a value with expire: 0 is not stored", async () => {
      expect(await valueAt(0, "expired")).not.toBe(await valueAt(0, "expired"));
    });

    it("two functions share the value of an inner one, and have its tags", async () => {
      const { reads } = api;
      const first = await valueAt(0, "nested");
      expect(first).toBe(`one read ${reads + 1}, two read ${reads + 1}`);
      expect(await valueAt(1, "nested")).toBe(first);
      expect((await hook(0, { tag: "inner", soft: false })).status).toBe(200);
      expect(await valueAt(0, "nested")).toBe(`one read ${reads + 2}, two read ${reads + 2}`);
    });
  });

  it.each([
    { CACHE_HANDLER: "none", handled: [] },
    { CACHE_HANDLER: "tidemark", handled: ["fetched"] },
  ])("Next.js stores no answer of Redis' REST interface, handler: $CACHE_HANDLER", async (row) => {
    const { CACHE_HANDLER, handled } = row;
    const paths = ["force-cache", "default-cache", "only-cache", "revalidated", ...handled];
    const write = (text: string) => paths.forEach((id) => api.write(id, text));
    const shownBy = async ({ url }: NextProcess) => {
      const titles: Record<string, string | undefined> = {};
      for (const path of paths) {
        const html = await (await fetch(`${url}/${path}`)).text();
        titles[path] = /<output>([^<]*)/.exec(html)?.[1];
      }
      return titles;
    };
    const all = (text: string) => Object.fromEntries(paths.map((path) => [path, text]));
    write("old");
    const one = await openSegments(CACHE_HANDLER);
    await fetch(`${one.url}/titles?${paths.map((id) => `id=${id}`).join("&")}`);
    const other = await openSegments(CACHE_HANDLER);
    await expect.poll(() => shownBy(other), waiting).toEqual(all("old"));
    write("new");
    expect((await fetch(`${one.url}/titles`, { method: "DELETE" })).status).toBe(200);
    await expect.poll(() => shownBy(other), waiting).toEqual(all("new"));
    await Promise.all([one.stop(), other.stop()]);
    expect(await shownBy(await openSegments(CACHE_HANDLER))).toEqual(all("new"));
  });

  it("a new process finds the values of a killed one", async () => {
    const before = await readAt(0, "1");
    await processes[0].stop();
    expect(await readAt(1, "1")).toBe(before);
    processes = [await open(), processes[1]];
    expect(await readAt(0, "1")).toBe(before);
  });

  it("a server without REDIS_URL answers no page, and says why", async () => {
    const alone = await running.add(startNext(folder, {}));
    expect((await fetch(`${alone.url}/about`)).status).toBe(500);
    await expect.poll(alone.output, waiting).toContain("REDIS_URL is not set");
  });

  it("without Redis, pages continue, and purges fail", async () => {
    redis.kill();
    const statusOf = async (path: string) => (await fetch(processes[1].url + path)).status;
    for (const path of ["/", "/stories/1", "/about", "/api/top"]) {
      expect([path, await statusOf(path)]).toEqual([path, 200]);
    }
    expect((await hook(1, { tag: "story:1" })).status).toBe(500);
    expect((await publish(1, "1", "fourth title")).status).toBe(500);
    redis = await running.add(startRedisServer({ port: Number(new URL(redis.url).port) }));
    await expect.poll(async () => (await hook(1, { tag: "story:1" })).status, waiting).toBe(200);
    await expect.poll(() => title(0, "1"), waiting).toBe("fourth title");
  });
});

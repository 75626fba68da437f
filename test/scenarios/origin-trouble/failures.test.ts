// What clients and operators see when something fails: a plain page without any
// address, and a log line without secrets.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type AskInit, openSite, until } from "../../../testing/site/harness.ts";
import {
  cc,
  never,
  page,
  unreachable,
  unreadable,
} from "../../../testing/fakes/origin-in-process.ts";

const secrets = /s3cret|origin\.invalid|ECONNREFUSED|at .*\.ts/;

describe("an origin that is down", () => {
  it.each([
    { id: "looked-up", init: {} },
    { id: "passed-by", init: { method: "POST" } },
    { id: "head", init: { method: "HEAD" } },
  ])("is a plain 502: $id", async ({ init }) => {
    const site = openSite({ origin: unreachable });
    const seen = await site.get("/a", init);
    expect([seen.status, seen.fields.get("cache-control")]).toEqual([502, "no-store"]);
    expect(seen.fields.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(`${seen.head}\n${seen.text}`).not.toMatch(secrets);
  });

  it("is asked again by the next request", async () => {
    const site = openSite({ origin: unreachable });
    await site.get("/a");
    site.origin.script = () => page("back");
    expect((await site.get("/a")).text).toBe("back");
  });
});

describe("an error whose body never ends, nor lets itself be cancelled", () => {
  const endless = (status: number) => () =>
    new Response(new ReadableStream({ cancel: () => new Promise<void>(() => undefined) }), {
      status,
    });

  it.each([
    { id: "no final status", status: 520, seen: 502 },
    { id: "stale in its place", status: 503, seen: 200 },
  ])("holds up no answer: $id", { timeout: 5_000 }, async ({ status, seen }) => {
    const site = openSite({ origin: () => page("page", cc("max-age=1, stale-if-error=600")) });
    const path = seen === 200 ? "/a" : "/b";
    await site.get("/a");
    site.clock.advance(10);
    site.origin.script = endless(status);
    expect((await site.ask(path)).status).toBe(seen);
  });
});

describe("an origin that is slow", () => {
  const config = { originTimeout: "1s" };
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it.each([
    { id: "looked-up", init: {} },
    { id: "passed-by", init: { method: "POST" } },
  ])("is a plain 504 after its time: $id", async ({ init }) => {
    const site = openSite({ origin: never, config });
    const asking = site.ask("/a", init);
    await until(() => site.origin.count === 1);
    await vi.advanceTimersByTimeAsync(999);
    expect(await Promise.race([asking, Promise.resolve("waiting")])).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    const answer = await asking;
    expect([answer.status, await answer.text()]).toEqual([
      504,
      expect.stringMatching(/^504 Gateway Timeout\n/),
    ]);
  });

  it("answers stale in its time where it may", async () => {
    const site = openSite({
      origin: () => page("old", cc("max-age=60, stale-if-error=600")),
      config,
    });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = never;
    const asking = site.ask("/a");
    await until(() => site.origin.count === 2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await (await asking).text()).toBe("old");
  });

  it("is a plain 504 where the stale response must be validated first", async () => {
    const lasting = "max-age=60, stale-if-error=600, must-revalidate";
    const site = openSite({ origin: () => page("old", cc(lasting, { etag: '"1"' })), config });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = never;
    const asking = site.ask("/a");
    await until(() => site.origin.count === 2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await asking).status).toBe(504);
  });

  it("may take its time for a body once it has begun", async () => {
    const site = openSite({ config });
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    site.origin.script = () => new Response(readable);
    const answer = await site.ask("/a");
    await vi.advanceTimersByTimeAsync(60_000);
    const writer = writable.getWriter();
    void writer.write(new TextEncoder().encode("late"));
    void writer.close();
    expect(await answer.text()).toBe("late");
  });
});

describe("an exception inside", () => {
  const origin = ({ url }: Request) => (url.endsWith("/broken") ? unreadable() : page("page"));

  it("is a plain 500 and one line in the log, without the error's own words", async () => {
    const site = openSite({ origin });
    const seen = await site.get("/broken");
    expect([seen.status, seen.text]).toEqual([500, expect.stringMatching(/^500 Internal/)]);
    expect(seen.fields.get("proxy-status")).toBe("tidemark; error=proxy_internal_error");
    expect(`${seen.head}\n${seen.text}`).not.toMatch(secrets);
    expect(site.log).toHaveLength(1);
    expect(site.log[0]).toMatch(/^A request failed with RangeError: at /);
    expect(site.log[0]).not.toContain("s3cret");
  });

  it("harms no other request, not even the next for the same", async () => {
    const site = openSite({ origin });
    await site.get("/broken");
    expect((await site.get("/broken")).status).toBe(500);
    expect((await site.get("/a")).text).toBe("page");
    expect(site.origin.count).toBe(3);
  });
});

describe("work behind an answer that fails", () => {
  it("is one line in the log, and the answer stands", async () => {
    const site = openSite({
      config: { routes: [{ name: "all", match: "*", staleWhileRevalidate: "1h" }] },
      origin: () => page("page", cc("max-age=60")),
    });
    await site.get("/a");
    site.clock.advance(61);
    site.cache.match = () => {
      throw new Error("unexpected s3cret");
    };
    expect((await site.get("/a")).text).toBe("page");
    expect(site.log.join("\n")).not.toContain("s3cret");
  });
});

describe("Cache-Status (RFC 9211 §2)", () => {
  it.each<{ id: string; path: string; headers?: Readonly<Record<string, string>>; status: number }>(
    [
      { id: "origin-down", path: "/a", status: 502 },
      {
        id: "only-if-cached",
        path: "/a",
        headers: { "cache-control": "only-if-cached" },
        status: 504,
      },
      { id: "reserved", path: "/_cache/nothing", status: 404 },
      { id: "exception", path: "/broken", status: 500 },
    ],
  )("is not on a page that is made here: $id", async ({ path, headers = {}, status }) => {
    const site = openSite({
      origin: ({ url }) => (url.endsWith("/broken") ? unreadable() : unreachable()),
    });
    const seen = await site.get(path, { headers });
    expect([seen.status, seen.fields.has("cache-status")]).toEqual([status, false]);
  });

  it.each([
    { id: "fill", cacheControl: "max-age=60", init: {}, told: "fwd=uri-miss" },
    { id: "passed-on", cacheControl: "no-store", init: {}, told: "fwd=uri-miss" },
    { id: "passed-by", cacheControl: "no-store", init: { method: "POST" }, told: "fwd=method" },
  ])("follows that of a cache nearer to the origin: $id", async ({ cacheControl, init, told }) => {
    const inner = "inner; hit; ttl=5";
    const site = openSite({
      origin: () => page("page", cc(cacheControl, { "cache-status": inner })),
    });
    const { cacheStatus } = await site.get("/a", init);
    expect(cacheStatus.startsWith(`${inner}, tidemark; ${told}`)).toBe(true);
  });

  it.each([
    { id: "not-modified", headers: { "if-none-match": '"1"' }, status: 304 },
    { id: "part", headers: { range: "bytes=0-1" }, status: 206 },
    { id: "no-such-part", headers: { range: "bytes=99-" }, status: 416 },
  ])("is on what is made of a stored response: $id", async ({ headers, status }) => {
    const site = openSite({ origin: () => page("page", cc("max-age=60", { etag: '"1"' })) });
    await site.get("/a");
    const seen = await site.get("/a", { headers });
    expect([seen.status, seen.cacheStatus]).toEqual([
      status,
      "tidemark; hit; ttl=60; detail=memory",
    ]);
  });
});

describe("Proxy-Status tells the cause of each page that is made here (RFC 9209 §2.3)", () => {
  it.each<{ id: string; path?: string; init?: AskInit; status: number; error: string }>([
    { id: "reserved", path: "/_cache/x", status: 404, error: "proxy_internal_response" },
    {
      id: "reserved-in-another-spelling",
      path: "//_cache/x",
      status: 404,
      error: "proxy_internal_response",
    },
    { id: "unreachable", status: 502, error: "destination_unavailable" },
    {
      id: "unreachable-passed-by",
      init: { method: "POST" },
      status: 502,
      error: "destination_unavailable",
    },
    {
      id: "only-if-cached",
      init: { headers: { "cache-control": "only-if-cached" } },
      status: 504,
      error: "proxy_internal_response",
    },
  ])("$id", async ({ path = "/a", init = {}, status, error }) => {
    const site = openSite({ origin: unreachable });
    const seen = await site.get(path, init);
    const told = seen.fields.get("proxy-status");
    expect([seen.status, told]).toEqual([status, `tidemark; error=${error}`]);
  });

  it("down", async () => {
    const site = openSite({ origin: unreachable });
    for (let nth = 1; nth <= 5; nth += 1) await site.get(`/${nth}`);
    const seen = await site.get("/a");
    expect([seen.status, seen.fields.get("proxy-status")]).toEqual([
      503,
      "tidemark; error=destination_unavailable",
    ]);
  });

  it("too late", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const site = openSite({ origin: never, config: { originTimeout: "1s" } });
    const asking = site.ask("/a");
    await until(() => site.origin.count === 1);
    await vi.advanceTimersByTimeAsync(1_000);
    vi.useRealTimers();
    const { status, headers } = await asking;
    expect([status, headers.get("proxy-status")]).toEqual([
      504,
      "tidemark; error=http_response_timeout",
    ]);
  });

  it("is the origin's own on an answer of its own", async () => {
    const told = 'app; error=http_request_error; details="no"';
    const fields = cc("max-age=60", { "proxy-status": told });
    const site = openSite({ origin: () => page("no", fields, 404) });
    for (const { fields: seen } of [await site.get("/a"), await site.get("/a")]) {
      expect(seen.get("proxy-status")).toBe(told);
    }
  });
});

it.each<{ id: string; init: AskInit }>([
  { id: "looked-up", init: {} },
  { id: "passed-by", init: { method: "POST" } },
])("only-if-cached is not told that the site was slow: $id", async ({ init }) => {
  const site = openSite();
  const seen = await site.get("/a", { ...init, headers: { "cache-control": "only-if-cached" } });
  expect([seen.status, seen.text, site.origin.count]).toEqual([
    504,
    "504 Gateway Timeout\n\n" +
      "No stored response may answer, and the request allows no other answer (only-if-cached).\n",
    0,
  ]);
});

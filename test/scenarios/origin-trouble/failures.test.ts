// Tests failures. Clients get a plain page without any address, and operators get a log line
// without secrets.
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
  it.each<AskInit>([{}, { method: "POST" }, { method: "HEAD" }])(
    "causes a plain 502 without any address: %j",
    async (init) => {
      const site = openSite({ origin: unreachable });
      const seen = await site.get("/a", init);
      expect([seen.status, seen.fields.get("cache-control")]).toEqual([502, "no-store"]);
      expect(seen.fields.get("content-type")).toBe("text/plain; charset=utf-8");
      expect(`${seen.head}\n${seen.text}`).not.toMatch(secrets);
    },
  );
});

describe("an error whose body never ends and cannot be cancelled", () => {
  const endless = (status: number) => () =>
    new Response(new ReadableStream({ cancel: () => new Promise<void>(() => undefined) }), {
      status,
    });

  it.each([
    { id: "520 becomes 502", status: 520, seen: 502 },
    { id: "a stale response answers", status: 503, seen: 200 },
  ])("does not delay the answer: $id", { timeout: 20_000 }, async ({ status, seen }) => {
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

  it.each<AskInit>([{}, { method: "POST" }])("causes a 504 after 1 second: %j", async (init) => {
    const site = openSite({ origin: never, config });
    const asking = site.ask("/a", init);
    await until(() => site.origin.count === 1);
    await vi.advanceTimersByTimeAsync(999);
    expect(await Promise.race([asking, Promise.resolve("waiting")])).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    const answer = await asking;
    expect(answer.status).toBe(504);
    expect(answer.headers.get("proxy-status")).toBe("tidemark; error=http_response_timeout");
    expect(await answer.text()).toMatch(/^504 Gateway Timeout\n/);
    // Tidemark does not retry a request that timed out.
    expect(site.origin.count).toBe(1);
  });

  async function askedWhileStale(cacheControl: string): Promise<Response> {
    const fields = cc(cacheControl, { etag: '"1"' });
    const site = openSite({ origin: () => page("old", fields), config });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = never;
    const asking = site.ask("/a");
    await until(() => site.origin.count === 2);
    await vi.advanceTimersByTimeAsync(1_000);
    return asking;
  }

  it("is replaced by a stale response that stale-if-error allows", async () => {
    const answer = await askedWhileStale("max-age=60, stale-if-error=600");
    expect(await answer.text()).toBe("old");
  });

  it("causes a plain 504 if the stale response must be validated first", async () => {
    const answer = await askedWhileStale("max-age=60, stale-if-error=600, must-revalidate");
    expect(answer.status).toBe(504);
  });

  it("may send the body after originTimeout", async () => {
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

describe("an exception in Tidemark", () => {
  const origin = ({ url }: Request) => (url.endsWith("/broken") ? unreadable() : page("page"));

  it("causes a plain 500 and one log line without the error's message", async () => {
    const site = openSite({ origin });
    const seen = await site.get("/broken");
    expect([seen.status, seen.text]).toEqual([500, expect.stringMatching(/^500 Internal/)]);
    expect(`${seen.head}\n${seen.text}`).not.toMatch(secrets);
    expect(site.log).toHaveLength(1);
    expect(site.log[0]).toMatch(/^A request failed with RangeError: at /);
    expect(site.log[0]).not.toContain("s3cret");
  });

  it("does not affect other requests, and the page is requested again", async () => {
    const site = openSite({ origin });
    await site.get("/broken");
    expect((await site.get("/broken")).status).toBe(500);
    expect((await site.get("/a")).text).toBe("page");
    expect(site.origin.count).toBe(3);
  });
});

describe("failing work in the background", () => {
  it("does not affect the answer, and does not log its secrets", async () => {
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

describe("an error page of Tidemark itself", () => {
  const onlyIfCached = { headers: { "cache-control": "only-if-cached" } };
  const internal = "proxy_internal_response";

  it.each<[path: string, init: AskInit, status: number, error: string]>([
    ["/_cache/x", {}, 404, internal],
    ["//_cache/x", {}, 404, internal],
    ["/a", {}, 502, "destination_unavailable"],
    ["/a", { method: "POST" }, 502, "destination_unavailable"],
    ["/a", onlyIfCached, 504, internal],
    ["/broken", {}, 500, "proxy_internal_error"],
  ])("has Proxy-Status (RFC 9209 §2.3): %s %j", async (path, init, status, error) => {
    const site = openSite({
      origin: ({ url }) => (url.endsWith("/broken") ? unreadable() : unreachable()),
    });
    const { fields, ...seen } = await site.get(path, init);
    expect([seen.status, fields.get("proxy-status")]).toEqual([status, `tidemark; error=${error}`]);
    // A page that Tidemark generates has no Cache-Status (RFC 9211 §2).
    expect(fields.has("cache-status")).toBe(false);
  });

  it.each<AskInit>([{}, { method: "POST" }])(
    "explains the 504 for only-if-cached: %j",
    async (init) => {
      const site = openSite();
      const seen = await site.get("/a", { ...init, ...onlyIfCached });
      expect([seen.status, seen.text, site.origin.count]).toEqual([
        504,
        "504 Gateway Timeout\n\n" +
          "No stored response may answer, and the request allows no other answer (only-if-cached).\n",
        0,
      ]);
    },
  );

  it("has Proxy-Status while the origin has an open breaker", async () => {
    const site = openSite({ origin: unreachable });
    for (let nth = 1; nth <= 5; nth += 1) await site.get(`/${nth}`);
    const { status, fields } = await site.get("/a");
    expect(status).toBe(503);
    expect(fields.get("proxy-status")).toBe("tidemark; error=destination_unavailable");
  });
});

it("an answer of the origin keeps the origin's own Proxy-Status", async () => {
  const told = 'app; error=http_request_error; details="no"';
  const fields = cc("max-age=60", { "proxy-status": told });
  const site = openSite({ origin: () => page("no", fields, 404) });
  for (const { fields: seen } of [await site.get("/a"), await site.get("/a")]) {
    expect(seen.get("proxy-status")).toBe(told);
  }
});

describe("Cache-Status (RFC 9211 §2)", () => {
  it.each([
    ["max-age=60", "GET", "fwd=uri-miss"],
    ["no-store", "GET", "fwd=uri-miss"],
    ["no-store", "POST", "fwd=method"],
  ])("follows the Cache-Status of an inner cache: %s %s", async (cacheControl, method, told) => {
    const inner = "inner; hit; ttl=5";
    const site = openSite({
      origin: () => page("page", cc(cacheControl, { "cache-status": inner })),
    });
    const { cacheStatus } = await site.get("/a", { method });
    expect(cacheStatus.startsWith(`${inner}, tidemark; ${told}`)).toBe(true);
  });

  it.each<[status: number, headers: Readonly<Record<string, string>>]>([
    [304, { "if-none-match": '"1"' }],
    [206, { range: "bytes=0-1" }],
    [416, { range: "bytes=99-" }],
  ])("is on a %i that Tidemark makes from a stored response", async (status, headers) => {
    const site = openSite({ origin: () => page("page", cc("max-age=60", { etag: '"1"' })) });
    await site.get("/a");
    const seen = await site.get("/a", { headers });
    expect(seen.status).toBe(status);
    expect(seen.cacheStatus).toBe("tidemark; hit; ttl=60; detail=memory");
  });
});

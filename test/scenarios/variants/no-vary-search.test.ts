// Tests the route option `query.noVarySearch`: where a lookup goes, what the origin gets, and which
// purges cover a response that answers several URLs of a path.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import type { Explanation } from "../../../src/protocol/explain-answer.ts";
import { openCounted } from "../../../testing/site/counted-looks.ts";
import { bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { idle, openSite } from "../../../testing/site/harness.ts";
import {
  cc,
  closedGate,
  page,
  type Script,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";

const config: ConfigInput = {
  routes: [
    {
      name: "list",
      match: ["/list", "/list/*"],
      query: { noVarySearch: true },
    },
    { name: "sorted", match: "/sorted", query: { noVarySearch: true, allow: ["id", "utm"] } },
  ],
};
const byId = { "no-vary-search": 'params=("utm")' };
const fields = (more: Record<string, string> = byId) => cc("max-age=600", more);
/** The text of an answer is the query that the origin got. */
const queryOf = ({ url }: Request) => new URL(url).search;
const echo: Script = (request) => page(queryOf(request), fields());
const open = (origin: Script = echo) => openCounted(origin, config);

const hit = "tidemark; hit; ttl=600; detail=memory";

describe("after a response with No-Vary-Search", () => {
  it("answers all equivalent URLs from the canonical one, which the origin gets", async () => {
    const { near } = open();
    expect((await near.get("/list?utm=evil&id=1")).text).toBe("?utm=evil&id=1");
    // No ignored parameter reaches the origin, so none can change what other clients get.
    expect((await near.get("/list?id=1&utm=2")).text).toBe("?id=1");
    for (const query of ["?utm=evil&id=1", "?id=1&utm=3", "?id=1", "?utm=3&&id=1&utm"]) {
      const seen = await near.get(`/list${query}`);
      expect([seen.text, seen.cacheStatus]).toEqual(["?id=1", hit]);
    }
    expect((await near.get("/list?id=2&utm=3")).text).toBe("?id=2");
    expect(near.origin.count).toBe(3);
  });

  it("does nothing without the option, or on another path", async () => {
    const { near } = open();
    for (const path of [
      "/other?id=1&utm=1",
      "/other?id=1&utm=2",
      "/list?id=1&utm=1",
      "/list/?utm=1",
    ]) {
      expect((await near.get(path)).text).toBe(path.slice(path.indexOf("?")));
    }
  });

  it("applies after query.allow", async () => {
    const { near } = open();
    await near.get("/sorted?id=1");
    expect((await near.get("/sorted?x=1&utm=1&id=1")).text).toBe("?id=1");
    expect(near.origin.count).toBe(1);
  });

  it("is learned in another colo from the response in Redis", async () => {
    const { near, far } = open();
    await near.get("/list?id=1");
    expect((await far.get("/list?id=1")).cacheStatus).toContain("detail=shared");
    expect((await far.get("/list?id=1&utm=1")).cacheStatus).toBe(hit);
    expect(near.origin.count).toBe(1);
  });

  it.each([
    ["a 404", 404],
    ["a 301", 301],
  ])("learns nothing from %s", async (_name, status) => {
    const { near } = open((request) => page(queryOf(request), fields(), status));
    await near.get("/list?id=1");
    expect((await near.get("/list?id=1&utm=1")).text).toBe("?id=1&utm=1");
  });
});

describe("an answer to the canonical URL that is not for the client's", () => {
  it.each([
    ["has no field", {}, 200],
    ["names another parameter", { "no-vary-search": 'params=("x")' }, 200],
    ["is a redirect without the field", { location: "/?kept" }, 301],
    ["is a 404 without the field", {}, 404],
  ])("does not answer, and the client's URL is requested, if it %s", async (_name, own, status) => {
    const { near } = open((request, nth) =>
      nth === 1 ? echo(request, nth) : page(queryOf(request), fields(own), status),
    );
    await near.get("/list?id=1");
    const seen = await near.get("/list?id=2&utm=7");
    expect([seen.text, seen.status]).toEqual(["?id=2&utm=7", status]);
    // It is stored under its own URL, and the canonical URL is not requested again.
    expect((await near.get("/list?id=2&utm=7")).text).toBe("?id=2&utm=7");
    expect((await near.get("/list?id=2&utm=8")).text).toBe("?id=2&utm=8");
    expect(near.origin.asked.map(({ path }) => path)).toEqual([
      "/list?id=1",
      "/list?id=2",
      "/list?id=2&utm=7",
      "/list?id=2&utm=8",
    ]);
  });

  it("does not answer from a store either", async () => {
    const { near } = open((request, nth) =>
      nth === 1 ? page(queryOf(request), fields({})) : echo(request, nth),
    );
    await near.get("/list?id=1");
    await near.get("/list?id=2");
    // The stored response for id=1 has no field of its own.
    expect((await near.get("/list?id=1&utm=1")).text).toBe("?id=1");
    expect(near.origin.count).toBe(3);
  });

  it("does not answer requests that wait for it", async () => {
    const gate = closedGate();
    const { near } = open(async (request, nth) => {
      if (nth === 1) return echo(request, nth);
      await gate.opened;
      return page(queryOf(request), fields({}));
    });
    await near.get("/list?id=1");
    const waiting = ["7", "8", "9"].map((utm) => near.get(`/list?id=2&utm=${utm}`));
    await idle();
    gate.open();
    const texts = (await Promise.all(waiting)).map(({ text }) => text);
    expect(texts).toEqual(["?id=2&utm=7", "?id=2&utm=8", "?id=2&utm=9"]);
    // The canonical URL is requested once, and each client's URL once.
    expect(near.origin.asked.map(({ path }) => path).slice(1)).toEqual([
      "/list?id=2",
      ...texts.map((text) => `/list${text}`),
    ]);
  });

  it("does not lend the canonical URL the answer to another, if it is refuted during a lookup", async () => {
    const [slowTier, slowPage] = [closedGate(), closedGate()];
    const { near } = open(async (request, nth) => {
      if (nth === 1) return echo(request, nth);
      if (queryOf(request).includes("utm=8")) await slowPage.opened;
      return page(queryOf(request), fields({}));
    });
    await near.get("/list?id=1");
    const match = near.cache.match.bind(near.cache);
    near.cache.match = async (request) => {
      near.cache.match = match;
      await slowTier.opened;
      return match(request);
    };
    const slow = near.ask("/list?id=2&utm=8");
    await idle();
    expect(await (await near.ask("/list?id=2&utm=7")).text()).toBe("?id=2&utm=7");
    await idle();
    slowTier.open();
    await idle();
    const exact = near.ask("/list?id=2");
    await idle();
    slowPage.open();
    const texts = [await (await slow).text(), await (await exact).text()];
    expect(texts).toEqual(["?id=2&utm=8", "?id=2"]);
  });

  it("does not answer after a 304 that changes the field", async () => {
    const etag = { etag: '"1"' };
    const { clock, near } = open((request) => {
      const isCheck = request.headers.has("if-none-match");
      return isCheck
        ? unchanged(fields({ ...etag, "no-vary-search": 'params=("x")' }))
        : page(queryOf(request), fields({ ...byId, ...etag }));
    });
    await near.get("/list?id=1");
    clock.advance(601);
    expect((await near.get("/list?id=1&utm=7")).text).toBe("?id=1&utm=7");
  });

  it("answers if it is an error of the origin, which gets no second request", async () => {
    const { near } = open((request, nth) =>
      nth === 1 ? echo(request, nth) : page(queryOf(request), {}, 503),
    );
    await near.get("/list?id=1");
    const seen = await near.get("/list?id=2&utm=7");
    expect([seen.text, seen.status, near.origin.count]).toEqual(["?id=2", 503, 2]);
  });
});

it("leaves no stored body open if a 304 changes the field", async () => {
  const kept = (own: Record<string, string>) =>
    cc("max-age=600, stale-if-error=6000", { ...own, etag: '"1"' });
  const large = "x".repeat(2_000_000);
  const script: Script = (request) =>
    request.headers.has("if-none-match")
      ? unchanged(kept({ "no-vary-search": 'params=("x")' }))
      : page(queryOf(request).includes("id=2") ? large : "small", kept(byId));
  const { clock, near, upstash } = open(script);
  await near.get("/list?id=2");
  clock.advance(601);
  const fresh = openSite({ config, origin: script, clock, upstash, cache: near.cache });
  await fresh.get("/list?id=1");
  const before = near.cache.openBodies;
  expect((await fresh.get("/list?id=2&utm=7")).text).toBe(large);
  expect(fresh.origin.asked.map(({ path }) => path).slice(1)).toEqual([
    "/list?id=2",
    "/list?id=2&utm=7",
  ]);
  expect(near.cache.openBodies).toBe(before);
});

it.each([
  ["again with the field", byId],
  ["now without the field", {}],
])("refreshes the canonical URL alone, %s", async (_name, later) => {
  const { clock, near } = open((request, nth) =>
    page(queryOf(request), cc("max-age=60, stale-while-revalidate=60", nth === 1 ? byId : later)),
  );
  await near.get("/list?id=1");
  clock.advance(61);
  expect((await near.get("/list?id=1&utm=evil")).cacheStatus).toContain("hit");
  await idle();
  expect(near.origin.asked.map(({ path }) => path)).toEqual(["/list?id=1", "/list?id=1"]);
});

describe("a purge", () => {
  const purgedBy = async (names: object) => {
    const { site } = openJournalled({ config, origin: (_, nth) => page(`${nth}`, fields()) });
    await site.get("/list?id=1");
    expect((await site.get("/list?id=1&utm=7")).text).toBe("1");
    const sent = await send(site, names);
    return { sent, text: (await site.get("/list?id=1&utm=7")).text };
  };
  const at = (path: string) => ({ urls: [`https://www.example.com${path}`] });

  it.each(["/list?id=1&utm=7", "/list?id=1", "/list"])(
    "of %s covers the response",
    async (path) => {
      const { sent, text } = await purgedBy(at(path));
      expect(text).toBe("2");
      expect(sent.text).toContain("has query.noVarySearch, so the purge covers the path");
    },
  );

  it.each(["/list/", "/lists?id=1"])("of %s covers another path only", async (path) => {
    expect((await purgedBy(at(path))).text).toBe("1");
  });

  it("by a POST to an equivalent URL covers the response", async () => {
    const { site } = openJournalled({
      config,
      origin: ({ method }, nth) =>
        method === "POST" ? new Response(null, { status: 204 }) : page(`${nth}`, fields()),
    });
    await site.get("/list?id=1");
    await site.get("/list?id=1&utm=7", { method: "POST" });
    expect((await site.get("/list?id=1")).text).toBe("3");
  });
});

describe("an order of parameters that the route and No-Vary-Search sort differently", () => {
  const openOrdered = (later: Record<string, string>) =>
    openJournalled({
      config: {
        routes: [{ name: "all", match: "*", query: { noVarySearch: true, order: "sort" } }],
      },
      origin: ({ method }, nth) => {
        const own = nth === 1 ? { "no-vary-search": "key-order" } : later;
        return method === "POST"
          ? new Response(null, { status: 204 })
          : page(`${nth}`, fields(own));
      },
    });
  // The route sorts "%7A" before "b", and No-Vary-Search "z" after it.
  const path = "/a?b=1&%7A=2";

  it("does not keep a POST from its answer and its invalidation", async () => {
    const { site } = openOrdered({});
    await site.get(path);
    expect((await site.get(path, { method: "POST" })).status).toBe(204);
    expect((await site.get(path)).text).toBe("3");
  });

  it("requests the URL once", async () => {
    const { site } = openOrdered({});
    await site.get(path);
    site.clock.advance(601);
    expect((await site.get(path)).text).toBe("2");
  });
});

it("is explained", async () => {
  const { site } = openJournalled({ config, origin: echo });
  await site.get("/list?id=1");
  const url = encodeURIComponent("https://www.example.com/list?id=1&utm=7");
  const { text } = await site.get(`/_cache/explain?url=${url}`, { headers: bearer });
  const { look, verdict } = JSON.parse(text) as Pick<Explanation, "look" | "verdict">;
  expect(look?.key).toMatchObject({
    url: "https://www.example.com/list?id=1",
    query: { leftOut: [{ name: "utm", by: "No-Vary-Search" }] },
  });
  expect(verdict.kind).toBe("serve");
});

it.each([
  ["ignores the difference", "?utm=2&id=1", { case: "query-ignored", names: [] }],
  ["ignores a part of the difference", "?utm=2&id=2", { case: "query", names: ["id"] }],
])("explain tells whether the stored response %s", async (_name, query, nearest) => {
  const { site } = openJournalled({ config, origin: echo });
  // This request teaches the form, so later ones look under the canonical URL.
  await site.get("/list/a?utm=1&id=1");
  const { text } = await site.get(`/_cache/explain?url=${encodeURIComponent(`/list/a${query}`)}`, {
    headers: bearer,
  });
  expect((JSON.parse(text) as Explanation).look?.nearest).toMatchObject(nearest);
});

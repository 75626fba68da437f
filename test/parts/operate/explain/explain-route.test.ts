// Tests GET /_cache/explain: its explanations, the queries that it refuses, and that it has no side
// effects.
import { describe, expect, it, vi } from "vitest";
import type { ConfigInput } from "../../../../src/config/schema.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../../testing/fakes/fake-upstash.ts";
import {
  explained,
  explainedText,
  explainToken,
  questionOf,
} from "../../../../testing/site/explained.ts";
import { openColos, openSite, type SiteOptions } from "../../../../testing/site/harness.ts";

const bearer = { authorization: `Bearer ${explainToken}` };
const page = () =>
  new Response("page", { headers: { "cache-control": "max-age=60", "cache-tag": "a, b" } });

function open(options: SiteOptions = {}) {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  return openSite({ origin: page, clock, upstash, ...options, env: { ADMIN_TOKEN: explainToken } });
}

const configOf = (routes: readonly object[]) => ({ routes }) as unknown as ConfigInput;

describe("an explanation", () => {
  it("names parameters and cookies that are not in the key, and the reasons", async () => {
    const keyed = { name: "news", match: "/news/*", query: { allow: ["a", "b"] } };
    const site = open({ config: configOf([{ ...keyed, cookies: { ignore: ["seen"] } }]) });
    const headers = { cookie: "_ga=1; seen=2; session=3" };
    const { look, route } = await explained(site, "/news/1?b=1&x=1&a=2&utm_source=z", { headers });
    expect(route.name).toBe("news");
    expect(look?.key).toMatchObject({
      url: "https://www.example.com/news/1?b=1&a=2",
      purgedAs: "https://www.example.com/news/1?a=2&b=1",
      query: {
        leftOut: [
          { name: "x", by: "query.allow" },
          { name: "utm_source", by: "key.query.strip" },
        ],
      },
      cookies: {
        leftOut: [
          { name: "_ga", by: "cookies.harmless" },
          { name: "seen", by: "cookies.ignore" },
        ],
        unknown: ["session"],
      },
    });
  });

  it("describes each tier's copy, and whether a request would read the tier", async () => {
    const site = open();
    await site.get("/a");
    site.clock.advance(2);
    const { look, verdict, cacheStatus, next } = await explained(site, "/a");
    expect(look?.tiers.map(({ tier, because, has }) => [tier, because, has])).toEqual([
      ["memory", undefined, "response"],
      ["edge", "answered", "response"],
      ["shared", "answered", "response"],
    ]);
    const copy = { ageSeconds: 2, lifetimeSeconds: 60, secondsLeft: 58, tags: ["a", "b"] };
    const more = { lifetimeFrom: "max-age in Cache-Control", bodyBytes: 4, colo: "HAM" };
    for (const tier of look?.tiers ?? []) expect(tier.copy).toMatchObject({ ...copy, ...more });
    expect(verdict).toEqual({ kind: "serve", by: "fresh" });
    expect([cacheStatus, next]).toEqual(["tidemark; hit; ttl=58; detail=memory", "answer"]);
  });

  it("renews the view first, so that it verifies a copy newer than the view", async () => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const env = { ADMIN_TOKEN: explainToken };
    const [here, there] = openColos(2, { origin: page, clock, upstash, env });
    if (here === undefined || there === undefined) throw new Error("There are no two colos.");
    await there.get("/b");
    await here.ask("/_cache/purge", { method: "POST", body: '{"tags":["b"]}', headers: bearer });
    await here.get("/a");
    const { look, cacheStatus } = await explained(there, "/a");
    expect(look?.isDoubtSettledFirst).toBe(false);
    expect(cacheStatus).toBe("tidemark; hit; ttl=60; detail=shared");
  });

  it("says that the journal is read before an answer, if it could not read the journal itself", async () => {
    const clock = new FakeClock();
    const upstash = new FakeUpstash(clock);
    const site = open({ clock, upstash });
    await site.get("/a");
    upstash.mode = "down";
    clock.advance(20);
    const { look } = await explained(site, "/a");
    expect(look?.isDoubtSettledFirst).toBe(true);
    expect(await explainedText(site, "/a")).toContain("Tidemark reads the purge journal again");
  });

  it("explains the request of a browser, which accepts compressed answers", async () => {
    const vary = { "cache-control": "max-age=60", vary: "accept-encoding" };
    const site = open({ origin: () => new Response("page", { headers: vary }) });
    await site.get("/a", { headers: { "accept-encoding": "gzip, br" } });
    expect((await explained(site, "/a")).verdict.kind).toBe("serve");
    const plain = await explained(site, "/a", { headers: { "accept-encoding": "identity" } });
    expect(plain.verdict.kind).toBe("forward");
  });

  it("names the purge that decides, and an earlier purge that does not apply", async () => {
    const site = open();
    const purge = (body: object) =>
      site.ask("/_cache/purge", { method: "POST", body: JSON.stringify(body), headers: bearer });
    await purge({ tags: ["b"], reason: "early" });
    site.clock.advance(1);
    await site.get("/a");
    site.clock.advance(1);
    await purge({ tags: ["a", "other"], reason: "typo" });
    const { look, verdict, cacheStatus } = await explained(site, "/a");
    expect(look?.purges).toMatchObject({
      of: "copy",
      newest: [
        { reason: "typo", mode: "hard", targets: { tags: ["a"] }, isSince: true, decides: true },
        { reason: "early", isSince: false, decides: false },
      ],
    });
    expect(verdict.by).toBe("purged");
    expect(cacheStatus).toBe("tidemark; fwd=stale; detail=purged");
  });

  it.each([
    ["query", "/a?b=2", "/a?b=1", { of: "query", sent: "?b=2", stored: "?b=1" }],
    ["order", "/a?b=1&a=2", "/a?a=2&b=1", { of: "query", sent: "?b=1&a=2", stored: "?a=2&b=1" }],
    ["spelling", "/%61", "/a", { of: "path", sent: "/%61", stored: "/a" }],
    ["case", "/A", "/a", { of: "path", sent: "/A", stored: "/a" }],
    ["slash", "/a/", "/a", { of: "path", sent: "/a/", stored: "/a" }],
    [
      "host",
      "https://m.example.com/a",
      "/a",
      { of: "host", sent: "m.example.com", stored: "www.example.com" },
    ],
  ])(
    "names the nearest stored key on a miss, and the difference: %s",
    async (_id, sent, stored, of) => {
      const site = open();
      await site.get(stored);
      await site.get("/elsewhere");
      const { look } = await explained(site, sent);
      expect(look?.nearest?.differences).toEqual([of]);
    },
  );

  it.each([
    ["key.headers", "x-a", { "x-a": "2" }, "…", "…"],
    ["key.cookies", "lang", { "x-a": "1", cookie: "lang=de" }, "…", null],
    ["vary", "x-b", { "x-a": "1", "x-b": "2" }, "…", null],
  ])("names the nearest stored key that differs by %s", async (of, name, headers, sent, stored) => {
    const config = configOf([
      { name: "all", match: "*", key: { headers: ["x-a"], cookies: ["lang"] } },
    ]);
    const fields = { "cache-control": "max-age=60", vary: "x-b" };
    const site = open({ config, origin: () => new Response("page", { headers: fields }) });
    await site.get("/a", { headers: { "x-a": "1" } });
    const { look } = await explained(site, "/a", { headers });
    expect(look?.nearest?.differences).toEqual([{ of, name, sent, stored }]);
  });

  it.each([
    { asked: "/a?b=1&a=2&utm_id=1", stored: "/a?a=2&b=1", purgedAs: "/a?a=2&b=1" },
    { asked: "/a?b=%2d", stored: "/a?b=-", purgedAs: "/a?b=-" },
  ])("tells a spelling from a parameter: $asked", async ({ asked, stored, purgedAs }) => {
    const site = open();
    await site.get(stored);
    const { look } = await explained(site, asked);
    expect(look?.nearest).toMatchObject({ case: "query-order", names: [] });
    expect(look?.key.purgedAs).toBe(`https://www.example.com${purgedAs}`);
  });
});

describe("an explanation while another request is forwarded", () => {
  it.each([
    {
      id: "to wait for the origin request",
      headers: {},
      next: "wait for the origin request that is under way",
    },
    { id: "to be forwarded because of Range", headers: { range: "bytes=0-1" }, next: "forward" },
    {
      id: "to be forwarded because of no-store",
      headers: { "cache-control": "no-store" },
      next: "forward",
    },
    {
      id: "to be forwarded because of its cookie",
      headers: { cookie: "session=1" },
      next: "forward",
    },
  ])("says that the request is $id", async ({ headers, next }) => {
    const held = Promise.withResolvers<Response>();
    const honourRequestDirectives = true;
    const config = configOf([{ name: "all", match: "*", honourRequestDirectives }]);
    const site = open({ config, origin: () => held.promise });
    const asking = site.get("/a");
    await vi.waitFor(() => expect(site.origin.asked).toHaveLength(1), 60_000);
    const question = `/_cache/explain?${questionOf("/a", { headers })}`;
    const explanation = await site.ask(question, { headers: bearer });
    expect(await explanation.json()).toMatchObject({ next });
    held.resolve(page());
    await asking;
  });
});

describe("a query of explain that is not valid", () => {
  it.each([
    { id: "no-url", query: "", why: "url is missing" },
    { id: "no-scheme", query: "url=www.example.com", why: "neither an http" },
    { id: "ftp", query: "url=ftp://a/", why: "neither an http" },
    { id: "bad-port", query: "url=https://a:x/", why: "neither an http" },
    { id: "password", query: "url=https://u:p@a/", why: "user name" },
    { id: "unescaped", query: "url=/a?b=1&c=2", why: '"c" is not a parameter' },
    { id: "twice", query: "url=/a&url=/b", why: '"url" occurs more than once' },
    { id: "method", query: "url=/a&method=a b", why: '"a b" is not a valid method' },
    { id: "trace", query: "url=/a&method=TRACE", why: '"TRACE" is not a valid method' },
    { id: "no-colon", query: "url=/a&header=x", why: '"x" is not a field' },
    { id: "no-name", query: "url=/a&header=:x", why: '":x" is not a field' },
    { id: "bad-name", query: "url=/a&header=a b:x", why: "an invalid name or value" },
    { id: "bad-value", query: "url=/a&header=a:x%0Ay", why: "an invalid name or value" },
    { id: "format", query: "url=/a&format=text", why: '"format" is not a parameter' },
  ])("is refused with a reason and a hint: $id", async ({ query, why }) => {
    const { status, text } = await open().get(`/_cache/explain?${query}`, { headers: bearer });
    expect(status).toBe(400);
    const { error } = JSON.parse(text) as { error: Record<string, string> };
    expect(error["why"]).toContain(why);
    expect(error["hint"]).not.toBe("");
  });
});

it("a path below the configured operatorPath, or below /_cache/, is for the operator", async () => {
  const site = open({ config: { operatorPath: "/ops" } });
  for (const path of ["/ops/x", "/_cache/x"]) {
    const answer = await site.get(`/ops/explain?${questionOf(path, {})}`, { headers: bearer });
    expect(JSON.parse(answer.text)).toMatchObject({ verdict: { by: "operatorPath" } });
  }
});

describe("a request for an explanation", () => {
  /**
   * Returns the stats without the Redis commands, because explanations themselves send commands.
   */
  const statsOf = async (site: ReturnType<typeof open>) => {
    const { text } = await site.get("/_cache/stats", { headers: bearer });
    const { redisCommands: _, ...others } = JSON.parse(text) as { redisCommands: unknown };
    return others;
  };

  it("changes no stats, and neither reaches the origin nor writes to the log", async () => {
    const site = open();
    for (const path of ["/a", "/b"]) await site.get(path);
    const [before, asked, logged] = [await statsOf(site), site.origin.count, site.log.length];
    for (const path of ["/a", "/b", "/new", "/_cache/x"]) await explained(site, path);
    await explained(site, "/a", { method: "POST" });
    await explained(site, "/a", { headers: { via: "1.1 a, 1.1 b", cookie: "session=1" } });
    expect(await statsOf(site)).toEqual(before);
    expect([site.origin.count, site.log.length]).toEqual([asked, logged]);
  });

  it("does not refresh a stale response", async () => {
    const control = { "cache-control": "max-age=10, stale-while-revalidate=60" };
    const origin = () => new Response("page", { headers: control });
    const site = openSite({ origin, env: { ADMIN_TOKEN: explainToken } });
    await site.get("/a");
    site.clock.advance(12);
    const asked = site.origin.count;
    const { verdict, look } = await explained(site, "/a");
    expect([verdict.kind, verdict.by]).toEqual(["serve-stale", "stale-while-revalidate"]);
    expect(look?.refresh).toBe("yes");
    await site.settle();
    expect(site.origin.count).toBe(asked);
  });

  it("does not protect a record from eviction from memory", async () => {
    const origin = () =>
      new Response("x".repeat(30_000), { headers: { "cache-control": "max-age=600" } });
    const config = { limits: { memoryBytes: 131_072 } } as unknown as ConfigInput;
    const [touched, asked] = [open({ origin, config }), open({ origin, config })];
    for (const site of [touched, asked])
      for (const path of ["/1", "/2", "/3"]) await site.get(path);
    await touched.get("/1");
    await explained(asked, "/1");
    for (const site of [touched, asked]) await site.get("/4");
    expect((await touched.get("/1")).cacheStatus).toContain("detail=memory");
    expect((await asked.get("/1")).cacheStatus).toContain("detail=edge");
  });
});

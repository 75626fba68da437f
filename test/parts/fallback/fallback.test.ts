// Tests fallback origins: which requests reach them, when, and how long their answers are used.
import { describe, expect, it } from "vitest";
import { explained, explainToken } from "../../../testing/site/explained.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { countsOf } from "../../../testing/site/counts-of.ts";
import { type AskInit, idle, openSite, read, type Site } from "../../../testing/site/harness.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";
import {
  cc,
  closedGate,
  never,
  page,
  type Script,
  unchanged,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import type { RouteInput } from "../../../src/config/route-options.ts";
import { defineRule } from "../../../src/part/rule/define-rule.ts";
import type { RuleAnswer } from "../../../src/part/rule/rule.ts";
import { fallback } from "../../../src/parts/fallback/fallback.ts";

playTimers();

const route = { name: "pages", match: "*", use: [fallback("mirror")] };
const beforeStale = [fallback("mirror", { beforeStale: true })];

/** The scripts of three origins, by the first label of their host. */
interface Scripts {
  first: Script;
  mirror?: Script;
  last?: Script;
}

const lasting = cc("max-age=600, stale-while-revalidate=60", { etag: '"m"' });

function optionsFor(scripts: Scripts, changes: Partial<RouteInput> = {}) {
  const { mirror = () => page("mirror", lasting), last = unreachable } = scripts;
  return {
    config: {
      origins: {
        mirror: { url: "https://mirror.invalid" },
        last: { url: "https://last.invalid" },
      },
      routes: [{ ...route, ...changes }],
    },
    origin: (request: Request, nth: number) => {
      const { hostname } = new URL(request.url);
      if (hostname === "mirror.invalid") return mirror(request, nth);
      return hostname === "last.invalid" ? last(request, nth) : scripts.first(request, nth);
    },
  };
}

const open = (scripts: Scripts, changes?: Partial<RouteInput>) =>
  openSite(optionsFor(scripts, changes));

const hostsAsked = ({ origin }: Site) =>
  origin.asked.map(({ url }) => new URL(url).hostname.replace(".invalid", ""));

/** opens the breaker of the first origin: five paths fail, and then a probe. */
async function breakerOpen(site: Site): Promise<void> {
  const headers = { cookie: "session=1" };
  for (let nth = 0; nth < 5; nth += 1) await site.get(`/broken/${nth}`, { headers });
  site.origin.asked.length = 0;
}

describe("a fallback origin answers", () => {
  it.each<[id: string, first: Script]>([
    ["unreachable", unreachable],
    ["503", () => page("broken", {}, 503)],
    ["522", () => page("broken", {}, 522)],
    ["304-without-a-question", () => unchanged()],
  ])("if the first origin fails: %s", async (_, first) => {
    const site = open({ first });
    const { text, status, cacheStatus } = await site.get("/a");
    expect([text, status]).toEqual(["mirror", 200]);
    expect(cacheStatus).toBe("tidemark; fwd=uri-miss; fwd-status=200; stored; detail=fallback");
    expect(hostsAsked(site).at(-1)).toBe("mirror");
    expect((await site.get("/a")).cacheStatus).toContain("hit; ttl=10; detail=fallback");
  });

  it.each([
    ["404", 404],
    ["400", 400],
    ["429", 429],
  ])("never instead of an answer of the first origin: %s", async (_, status) => {
    const site = open({ first: () => page("own", {}, status) });
    expect((await site.get("/a")).text).toBe("own");
    expect(hostsAsked(site)).toEqual(["origin"]);
  });

  it("after the first origin's share of the timeout, within one timeout for all", async () => {
    const site = open(
      { first: never, mirror: never, last: () => page("last", lasting) },
      { use: [fallback(["mirror", "last"])] },
    );
    const answer = site.ask("/a").then(read);
    await pass(site.clock, 21);
    expect((await answer).text).toBe("last");
    expect(hostsAsked(site)).toEqual(["origin", "mirror", "last"]);
  });

  it("but a late answer of the first origin is not used", async () => {
    const gate = closedGate();
    const late = gate.opened.then(() => page("late", lasting));
    const site = open({ first: (request) => Promise.race([late, never(request)]) });
    const answer = site.ask("/a").then(read);
    await pass(site.clock, 16);
    expect((await answer).text).toBe("mirror");
    gate.open();
    await idle();
    expect((await site.ask("/a").then(read)).text).toBe("mirror");
  });

  it("at once while the first origin has an open breaker", async () => {
    const site = open({ first: unreachable });
    await breakerOpen(site);
    expect((await site.get("/a")).text).toBe("mirror");
    expect(hostsAsked(site)).toEqual(["mirror"]);
    site.clock.advance(2);
    await site.get("/b");
    await site.settle();
    expect(hostsAsked(site)).toContain("origin");
  });

  it("once for a crowd", async () => {
    const gate = closedGate();
    const mirror = () => gate.opened.then(() => page("mirror", lasting));
    const site = open({ first: () => page("broken", {}, 503), mirror });
    const crowd = Array.from({ length: 20 }, () => site.ask("/a").then(read));
    await idle();
    gate.open();
    const texts = await Promise.all(crowd);
    expect(new Set(texts.map(({ text }) => text))).toEqual(new Set(["mirror"]));
    expect(hostsAsked(site)).toEqual(["origin", "mirror"]);
  });

  it("with its own address replaced, and its name in the counts and the log", async () => {
    const { config, ...options } = optionsFor({
      first: unreachable,
      mirror: () => page("moved", { location: "https://mirror.invalid/b" }, 302),
    });
    const site = openSite({ ...options, config: { ...config, logs: { sample: 1 } } });
    expect((await site.get("/a")).fields.get("location")).toBe("https://www.example.com/b");
    expect(countsOf(site, "fallbackAnswers")).toEqual({ "fallbackAnswers|pages": 1 });
    const line = site.lines.find(({ event }) => event === "request");
    expect(line).toMatchObject({ "tidemark.fallback": "mirror" });
  });
});

it("a fallback origin gets the Host of its own URL, and the route's host in X-Forwarded-Host", async () => {
  const first = () => page("broken", {}, 503);
  const site = open({ first }, { origin: { host: "shop.example" } });
  await site.get("/a");
  const hosts = site.origin.asked.map(({ settings, fields }) => [
    settings.host,
    fields.get("x-forwarded-host"),
  ]);
  expect(hosts).toEqual([
    ["shop.example", "shop.example"],
    [undefined, "shop.example"],
  ]);
});

describe("the failure of the first origin reaches the client", () => {
  it.each<[id: string, mirror: Script]>([
    ["unreachable", unreachable],
    ["404", () => page("not here", lasting, 404)],
    ["410", () => page("not here", lasting, 410)],
    ["503", () => page("not here", lasting, 503)],
    ["206", () => page("part", lasting, 206)],
    ["304", () => unchanged()],
  ])("if the fallback gives no page: %s", async (_, mirror) => {
    const first = () => page("broken", { "retry-after": "7" }, 503);
    const site = open({ first, mirror }, { negative: { 404: "1h", 410: "1h" } });
    const { text, status, fields, cacheStatus } = await site.get("/a");
    expect([text, status, fields.get("retry-after")]).toEqual(["broken", 503, "7"]);
    expect(cacheStatus).toContain("fwd-status=503; detail=error-status");
    site.origin.script = () => page("back", lasting);
    expect((await site.get("/a")).text).toBe("back");
  });

  it("if both do not answer in time", async () => {
    const site = open({ first: never, mirror: never });
    const answer = site.ask("/a").then(read);
    await pass(site.clock, 31);
    expect((await answer).status).toBe(504);
  });

  it("if both have open breakers", async () => {
    const site = open({ first: unreachable, mirror: unreachable });
    for (let nth = 0; nth < 6; nth += 1) await site.get(`/broken/${nth}`);
    site.origin.asked.length = 0;
    expect((await site.get("/a")).status).toBe(502);
    expect(hostsAsked(site)).toEqual([]);
  });

  it.each<[id: string, init: AskInit, path?: string]>([
    ["POST", { method: "POST", body: "x" }],
    ["DELETE", { method: "DELETE" }],
    ["authorization", { headers: { authorization: "Bearer x" } }],
    ["a-session", { headers: { cookie: "session=1" } }],
    ["a-credential", { headers: { "x-api-key": "1" } }],
    ["another-reading-of-the-path", {}, "//own/a"],
    ["if-match", { headers: { "if-match": '"1"' } }],
  ])("if the request may be for one origin alone: %s", async (_, init, path = "/a") => {
    const { config, origin } = optionsFor({ first: () => page("broken", {}, 503) });
    const own = { name: "own", match: "/own/*" };
    const site = openSite({ config: { ...config, routes: [own, ...config.routes] }, origin });
    expect((await site.get(path, init)).status).toBe(503);
    expect(hostsAsked(site)).toEqual(["origin"]);
  });

  it("if the first origin dies after it has read a body", async () => {
    const site = open({
      first: async (request) => {
        await request.text();
        return unreachable();
      },
    });
    expect((await site.get("/a", { method: "PUT", body: "x" })).status).toBe(502);
    expect(hostsAsked(site)).toEqual(["origin"]);
  });
});

describe("the answer of a fallback origin", () => {
  it.each([
    ["lifetime", {}, "max-age=600"],
    [
      "stale-while-revalidate",
      { staleWhileRevalidate: "1h" },
      "max-age=600, stale-while-revalidate=600",
    ],
    ["stale-if-error", { staleIfError: "1d" }, "max-age=600, stale-if-error=600"],
    ["stale-within-n", {}, "max-age=1, stale-while-revalidate=600"],
    ["override", { mode: "override", fresh: "1d", staleIfError: "1d" }, "max-age=600"],
  ] as const)("is used for at most N seconds, fresh or stale: %s", async (_, changes, said) => {
    const site = open({ first: unreachable, mirror: () => page("mirror", cc(said)) }, changes);
    await site.get("/a");
    site.origin.script = unreachable;
    site.clock.advance(9);
    expect((await site.get("/a")).text).toBe("mirror");
    site.clock.advance(1.1);
    expect((await site.get("/a")).status).toBe(502);
  });

  it("has no validator for clients or the first origin, and no lifetime downstream", async () => {
    const site = open({ first: unreachable });
    for (const { fields } of [await site.get("/a"), await site.get("/a")]) {
      expect(fields.get("etag")).toBeNull();
      expect(fields.get("cache-control")).toBe("max-age=0");
    }
    site.origin.script = () => page("back", cc("max-age=60", { etag: '"m"' }));
    site.clock.advance(11);
    expect((await site.get("/a")).text).toBe("back");
    expect(site.origin.last.fields.get("if-none-match")).toBeNull();
  });

  it("keeps its limit in the colo, for other isolates", async () => {
    const near = open({ first: unreachable });
    await near.get("/a");
    const { clock, cache } = near;
    const far = openSite({
      ...optionsFor({ first: unreachable, mirror: unreachable }),
      clock,
      cache,
    });
    clock.advance(9);
    expect((await far.get("/a")).cacheStatus).toBe("tidemark; fwd=uri-miss; detail=fallback");
    clock.advance(1.1);
    expect((await far.get("/a")).status).toBe(502);
  });

  it("has no lifetime for a cache in front", async () => {
    const mirror = () => page("mirror", cc("s-maxage=60", { "cdn-cache-control": "max-age=60" }));
    const { config, origin } = optionsFor({ first: unreachable, mirror });
    const site = openSite({ config: { ...config, cacheInFront: true }, origin });
    for (const { head } of [await site.get("/a"), await site.get("/a")]) {
      expect(head).toContain("cache-control: max-age=0\n");
      expect(head).not.toContain("max-age=60");
    }
  });

  it("is not renewed by a HEAD of the first origin", async () => {
    const site = open({ first: unreachable, mirror: () => page("old", cc("max-age=60")) });
    await site.get("/a");
    site.origin.script = () =>
      new Response(null, { headers: { ...cc("max-age=60"), "content-length": "3" } });
    site.clock.advance(9);
    await site.get("/a", { method: "HEAD", headers: { "cache-control": "no-cache" } });
    site.clock.advance(2);
    site.origin.script = () => page("new", cc("max-age=60"));
    expect((await site.get("/a")).text).toBe("new");
  });

  it.each([
    ["GET", "vary-any"],
    ["HEAD", "method"],
  ])("reaches no cache downstream, if it is not stored: %s", async (method, rule) => {
    const lifetime = cc("public, s-maxage=600, max-age=600", {
      expires: "Thu, 01 Jan 2099 00:00:00 GMT",
    });
    const site = open({
      first: unreachable,
      mirror: () => page("mirror", { ...lifetime, vary: "*" }),
    });
    const { fields, cacheStatus } = await site.get("/a", { method });
    expect([fields.get("cache-control"), fields.get("expires")]).toEqual([
      "private, max-age=0",
      null,
    ]);
    expect(cacheStatus).toContain(`detail=${rule}`);
  });

  it("is used for N seconds, although another cache has stored it for longer", async () => {
    const site = open({
      first: unreachable,
      mirror: () => page("mirror", cc("max-age=600", { age: "100" })),
    });
    await site.get("/a");
    site.origin.script = unreachable;
    site.clock.advance(9);
    expect((await site.get("/a")).text).toBe("mirror");
    site.clock.advance(1.1);
    expect((await site.get("/a")).status).toBe(502);
  });

  it("leaves the variants of the first origin, if it lacks their Vary", async () => {
    const language = (request: Request) => request.headers.get("accept-language");
    const scripts: Scripts = {
      first: (request) =>
        page(`first ${language(request)}`, cc("max-age=60", { vary: "Accept-Language" })),
      mirror: (request) => page(`mirror ${language(request)}`, cc("max-age=600")),
    };
    const site = open(scripts);
    const ask = (name: string) => site.get("/a", { headers: { "accept-language": name } });
    await ask("en");
    site.clock.advance(40);
    await ask("de");
    site.clock.advance(30);
    scripts.first = unreachable;
    expect((await ask("en")).text).toBe("mirror en");
    const { text, cacheStatus } = await ask("de");
    expect([text, cacheStatus]).toEqual(["first de", "tidemark; hit; ttl=30; detail=memory"]);
    expect((await ask("en")).cacheStatus).toContain("hit");
  });

  it("keeps no lifetime of the route for browsers", async () => {
    const site = open({ first: unreachable }, { browser: "1d" });
    expect((await site.get("/a")).fields.get("cache-control")).not.toContain("86400");
  });

  it("never makes the page of the first origin uncacheable", async () => {
    const site = open({
      first: () => page("own", cc("max-age=60")),
      mirror: () => page("m", cc("no-store")),
    });
    await site.get("/a");
    site.clock.advance(61);
    const { script } = site.origin;
    site.origin.script = (request, nth) =>
      request.url.includes("mirror") ? script(request, nth) : unreachable();
    expect((await site.get("/a")).text).toBe("m");
    site.origin.script = script;
    await site.get("/a");
    expect((await site.get("/a")).cacheStatus).toContain("hit");
  });

  it("leaves the stored response, which the first origin validates later", async () => {
    const scripts: Scripts = { first: () => page("own", cc("max-age=60", { etag: '"1"' })) };
    const site = open(scripts);
    await site.get("/a");
    site.clock.advance(61);
    scripts.first = unreachable;
    expect((await site.get("/a")).text).toBe("mirror");
    await site.settle();
    scripts.first = (request) => unchanged({ etag: request.headers.get("if-none-match") ?? "" });
    site.clock.advance(11);
    const { text, cacheStatus } = await site.get("/a");
    expect([text, cacheStatus]).toEqual(["own", expect.stringContaining("fwd-status=304")]);
  });

  it("is kept for N seconds, in which no client waits for the first origin", async () => {
    const site = open({ first: () => page("broken", {}, 503) });
    for (const second of [0, 3, 6, 9]) {
      expect([second, (await site.get("/a")).text]).toEqual([second, "mirror"]);
      site.clock.advance(3);
    }
    expect(hostsAsked(site)).toEqual(["origin", "mirror"]);
    await site.get("/a");
    expect(hostsAsked(site)).toEqual(["origin", "mirror", "origin", "mirror"]);
    expect(countsOf(site, "fallbackAnswers")).toEqual({ "fallbackAnswers|pages": 5 });
  });

  it("does not survive an unsafe request for its URL", async () => {
    const scripts: Scripts = { first: unreachable };
    const site = open(scripts);
    await site.get("/a");
    scripts.first = () => page("done", cc("max-age=60"));
    await site.get("/a", { method: "POST", body: "x" });
    expect((await site.get("/a")).text).toBe("done");
  });

  it("does not survive a purge, and a purge between both requests covers it", async () => {
    const gate = closedGate();
    const { config, origin } = optionsFor({
      first: () => gate.opened.then(unreachable),
      mirror: (_, nth) => page(`mirror ${nth}`, cc("max-age=600", { "cache-tag": "red" })),
    });
    const { site } = openJournalled({ config, origin });
    const first = site.ask("/a").then(read);
    await idle();
    await send(site, { tags: ["red"] });
    gate.open();
    expect((await first).text).toMatch(/^mirror/);
    await site.settle();
    expect((await site.get("/a")).cacheStatus).toContain("detail");
    expect((await site.get("/a")).cacheStatus).toContain("hit");
    await send(site, { tags: ["red"] });
    expect((await site.get("/a")).cacheStatus).not.toContain("hit");
  });
});

describe("the order of a stale response and a fallback origin", () => {
  const stale = cc("max-age=60, stale-if-error=600");

  it.each([
    { id: "default", changes: {}, text: "old" },
    { id: "origin", changes: { use: beforeStale }, text: "mirror" },
  ])("follows the route: $id", async ({ changes, text }) => {
    const scripts: Scripts = { first: () => page("old", stale) };
    const site = open(scripts, changes);
    await site.get("/a");
    site.clock.advance(61);
    scripts.first = unreachable;
    expect((await site.get("/a")).text).toBe(text);
    await breakerOpen(site);
    site.clock.advance(11);
    expect((await site.get("/a")).text).toBe(text);
  });

  it.each<[id: string, mirror: Script]>([
    ["cannot be reached", unreachable],
    ["sends what a rule calls a failure", () => page("broken", { ...lasting, "x-broken": "1" })],
  ])("lets a stale response answer if the fallback %s", async (_id, mirror) => {
    const scripts: Scripts = { first: () => page("old", stale), mirror };
    const fails = ({ headers }: RuleAnswer) => headers.has("x-broken");
    const use = [...beforeStale, defineRule({ name: "broken", fails })];
    const site = open(scripts, { use });
    await site.get("/a");
    site.clock.advance(61);
    scripts.first = unreachable;
    const { text, cacheStatus } = await site.get("/a");
    expect([text, cacheStatus]).toEqual(["old", "tidemark; fwd=stale; detail=stale-if-error"]);
  });

  it("never replaces a response that answers while it is refreshed", async () => {
    const scripts: Scripts = {
      first: () => page("old", cc("max-age=60, stale-while-revalidate=600")),
    };
    const site = open(scripts, { use: beforeStale });
    await site.get("/a");
    site.clock.advance(61);
    scripts.first = unreachable;
    await site.get("/a");
    await site.settle();
    expect((await site.get("/a")).text).toBe("old");
    expect(hostsAsked(site)).not.toContain("mirror");
  });
});

it("a client's directives do not let a fallback replace a fresh response", async () => {
  const scripts: Scripts = { first: () => page("own", cc("max-age=600")) };
  const site = open(scripts, { use: beforeStale, honourRequestDirectives: true });
  await site.get("/a");
  scripts.first = unreachable;
  const wish = { headers: { "cache-control": "no-cache" } };
  expect((await site.get("/a", wish)).text).toBe("own");
  expect((await site.get("/a")).text).toBe("own");
  expect(hostsAsked(site)).not.toContain("mirror");
});

it("a personal request has the whole timeout, because no fallback may answer it", async () => {
  const gate = closedGate();
  const slow = gate.opened.then(() => page("slow"));
  const site = open({ first: (request) => Promise.race([slow, never(request)]) });
  const answer = site.ask("/a", { headers: { cookie: "session=1" } }).then(read);
  await pass(site.clock, 29);
  gate.open();
  expect((await answer).text).toBe("slow");
});

it("a handler that sees a client's context neither is nor has a fallback", async () => {
  const { config, origin } = optionsFor({ first: unreachable });
  const inCaller = { runsInCaller: true as const };
  const mirror = Object.assign(() => page("of ann"), inCaller);
  const isFallback = openSite({ config, origin, handlers: { mirror } });
  const hasFallback = openSite({
    config,
    origin,
    handlers: { default: Object.assign(unreachable, inCaller) },
  });
  for (const site of [isFallback, hasFallback]) expect((await site.get("/a")).status).toBe(502);
});

describe("explain", () => {
  const env = { ADMIN_TOKEN: explainToken };

  it.each([
    { id: "stale", changes: {}, next: "answer stale in the origin's place" },
    {
      id: "origin",
      changes: { use: beforeStale },
      next: "forward to a fallback origin",
    },
  ])("names the next step of the route's order: $id", async ({ changes, next }) => {
    const scripts: Scripts = { first: () => page("old", cc("max-age=60, stale-if-error=600")) };
    const site = openSite({ ...optionsFor(scripts, changes), env });
    await site.get("/a");
    site.clock.advance(61);
    scripts.first = unreachable;
    await breakerOpen(site);
    expect((await explained(site, "/a")).next).toBe(next);
    expect((await explained(site, "/b")).next).toBe("forward to a fallback origin");
    const personal = { headers: { cookie: "session=1" } };
    expect((await explained(site, "/b", personal)).next).toBe("refuse: the origin is down");
    expect(hostsAsked(site)).toEqual([]);
  });

  it("gives the reason of the lifetime", async () => {
    const site = openSite({ ...optionsFor({ first: unreachable }), env });
    await site.get("/a");
    const { look } = await explained(site, "/a");
    expect(look?.last?.lifetimeFrom).toBe("purge.maxLagSeconds");
  });
});

describe("bodies of two origins are never mixed", () => {
  const body = "x".repeat(3_000_000);
  const ofRange = (request: Request): Response => {
    const range = request.headers.get("range");
    if (range === null) return page(body, { ...lasting, "content-length": `${body.length}` });
    const fields = { ...lasting, "content-range": `bytes 0-9/${body.length}` };
    return page(body.slice(0, 10), fields, 206);
  };

  it("a client's range gets the whole body of the fallback", async () => {
    const site = open({ first: unreachable, mirror: ofRange });
    const headers = { range: "bytes=0-9", "if-range": '"m"' };
    const { status, text } = await site.get("/a", { headers });
    expect([status, text.length]).toEqual([200, body.length]);
    expect(site.origin.last.fields.get("range")).toBeNull();
    const stored = await site.get("/a", { headers: { range: "bytes=5-" } });
    expect([stored.status, stored.cacheStatus]).toEqual([200, expect.stringContaining("hit")]);
    site.clock.advance(11);
    site.origin.script = ofRange;
    await site.get("/a", { headers: { range: "bytes=0-9" } });
    expect(site.origin.last.fields.get("range")).toMatch(/^bytes=0-/);
  });

  it("a body of the first origin that breaks off is not continued by the fallback", async () => {
    const scripts: Scripts = {
      first: (request) => {
        if (request.headers.has("range")) return unreachable();
        let sent = false;
        const cut = new ReadableStream({
          pull(to) {
            if (sent) to.error(new TypeError("gone"));
            else to.enqueue(new Uint8Array(10));
            sent = true;
          },
        });
        return new Response(cut, { headers: { ...lasting, "content-length": "20" } });
      },
    };
    const site = open(scripts);
    const answer = await site.ask("/a");
    await expect(answer.text()).rejects.toThrow("gone");
    await site.settle();
    expect(hostsAsked(site)).not.toContain("mirror");
  });
});

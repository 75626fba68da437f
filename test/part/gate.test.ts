// Tests a gate: a rule that checks the client's credential, and the responses that its checked requests share.
// They must leave by no other path.
// Needs parts: esi, fallback, query, slices.
import { runInNewContext } from "node:vm";
import { describe, expect, it, vi } from "vitest";
import type { Rule } from "../../src/part/rule/rule.ts";
import { defineRule } from "../../src/part/rule/define-rule.ts";
import { esi } from "../../src/parts/esi/esi.ts";
import { fallback } from "../../src/parts/fallback/fallback.ts";
import { query } from "../../src/parts/query/query.ts";
import { slices } from "../../src/parts/slices/slices.ts";
import { cc, page, type Script, unreachable } from "../../testing/fakes/origin-in-process.ts";
import { explained, explainToken } from "../../testing/site/explained.ts";
import { type AskInit, openSite, type SiteOptions } from "../../testing/site/harness.ts";
import { openJournalled } from "../../testing/site/purge-sender.ts";
import { openWarmSite, warmed } from "../../testing/site/warm-site.ts";
import { countsOf } from "../../testing/site/counts-of.ts";
import { found } from "../parts/operate/health/health-world.ts";

const key = "the-key-of-the-worker";
const members: Rule = {
  name: "members",
  checks: { headers: ["authorization"], cookies: ["pass"] },
  admits({ headers, cookie }) {
    const sent = headers.get("authorization") ?? cookie("pass");
    if (sent === null || sent === undefined) return undefined;
    return /^(?:Bearer )?good-\d$/.test(sent) ? "checked" : new Response("wrong", { status: 401 });
  },
  forward: ({ secret }) => ({ "x-gate": secret("ORIGIN_KEY") }),
};
const closed: Rule = {
  ...members,
  async admits(request, host) {
    return (await members.admits?.(request, host)) ?? new Response("sign in", { status: 401 });
  },
};
const gate = defineRule(closed);
const ajar = defineRule(members);

const one = { headers: { authorization: "Bearer good-1" } };
const two = { headers: { authorization: "Bearer good-2" } };
const cookie = { headers: { cookie: "pass=good-3" } };

/** The origin knows the Worker by its constant field alone. */
const origin: Script = ({ headers }) =>
  headers.get("x-gate") === key
    ? page("secret", cc("public, max-age=60, s-maxage=60", { etag: '"e"', "cache-tag": "t" }))
    : page("sign in", cc("no-store"), 401);

const env = { ORIGIN_KEY: key };
const config = (use = [gate], route: object = {}) => ({
  routes: [{ name: "members", match: "/m/*", use, ...route }],
});

function openGated(use = [gate], options: SiteOptions = {}, route: object = {}) {
  const { config: other, env: more, ...others } = options;
  const own = { ...config(use, route), ...other };
  return openJournalled({ origin, ...others, config: own, env: { ...env, ...more } });
}

describe("a gate", () => {
  it("checks each request, and lets all checked clients share a page, which is private", async () => {
    const { site } = openGated();
    expect((await site.get("/m/a")).status).toBe(401);
    expect((await site.get("/m/a", { headers: { authorization: "Bearer bad" } })).text).toBe(
      "wrong",
    );
    expect(site.origin.count).toBe(0);
    expect(await site.get("/m/a", one)).toMatchObject({ text: "secret" });
    for (const client of [two, cookie]) {
      const { text, cacheStatus, fields } = await site.get("/m/a", client);
      expect([text, cacheStatus]).toEqual(["secret", "tidemark; hit; ttl=60; detail=memory"]);
      expect(fields.get("cache-control")).toBe("max-age=60, private");
    }
    const denied = await site.get("/m/a");
    expect([denied.text, denied.fields.get("cache-control")]).toEqual(["sign in", "no-store"]);
    expect(site.origin.count).toBe(1);
    expect(site.origin.last.fields.get("authorization")).toBeNull();
    expect(countsOf(site, "requests")["requests|members|ruled|none"]).toBe(3);
  });

  it("that answers at once starts no timer, and one may answer by any promise", async () => {
    const { site } = openGated([defineRule({ ...closed, admits: () => "checked" })]);
    await site.get("/m/a", one);
    const started = vi.spyOn(globalThis, "setTimeout");
    expect((await site.get("/m/a", one)).cacheStatus).toContain("; hit");
    expect(started.mock.calls).toEqual([]);
    started.mockRestore();
    // The promise of another realm is no instance of Promise.
    const later = () => runInNewContext('Promise.resolve("checked")') as Promise<"checked">;
    const other = openGated([defineRule({ ...closed, admits: later })]).site;
    expect((await other.get("/m/a", one)).text).toBe("secret");
  });

  it("hides no page from the invalidation by a POST, which keeps its credential", async () => {
    const { site, upstash } = openGated([gate], {}, { tiers: ["shared"] });
    await site.get("/m/a", one);
    site.origin.script = () => page("done");
    await site.get("/m/a", { method: "POST", body: "x", ...two });
    expect(site.origin.last.fields.get("authorization")).toBe("Bearer good-2");
    expect(site.origin.last.fields.get("x-gate")).toBe(key);
    const { clock } = site;
    const other = openJournalled({ origin, config: config(), env, upstash, clock }).site;
    expect((await other.get("/m/a", one)).cacheStatus).toContain("fwd=uri-miss");
  });

  it("applies to requests that bypass the cache, by the switch or on their route", async () => {
    for (const site of [
      openGated([gate], { env: { BYPASS: "members" } }).site,
      openGated([gate], {}, { bypass: true }).site,
      openGated(
        [gate],
        { handlers: { default: (request) => origin(request, 1) } },
        { bypass: true },
      ).site,
    ]) {
      expect((await site.get("/m/a")).status).toBe(401);
      const { text, cacheStatus, fields } = await site.get("/m/a", one);
      expect([text, cacheStatus]).toEqual(["secret", expect.stringContaining("fwd=bypass")]);
      expect(fields.get("cache-control")).toBe("max-age=60, private");
    }
  });

  it.each([
    ["401", () => page("no", cc("max-age=60"), 401), true],
    ["403", () => page("no", cc("max-age=60"), 403), true],
    ["a login", () => page("", cc("max-age=60", { location: "/login?next=/m/a" }), 302), true],
    ["another page", () => page("", cc("max-age=60", { location: "/m/b" }), 301), false],
  ])("never stores %s of the origin", async (_, answer, isFinding) => {
    const lasting = { negative: { 401: "1h", 403: "1h", 302: "1h", 301: "1h" } };
    const { site } = openGated([gate], { origin: answer }, lasting);
    const { cacheStatus } = await site.get("/m/a", one);
    expect(cacheStatus).toContain('detail="gate-refused: members"');
    await site.get("/m/a", two);
    expect(site.origin.count).toBe(2);
    const finding = await found(site, "gate-refused");
    expect(finding?.about).toBe(isFinding ? 'route "members"' : undefined);
  });

  it("refreshes without a credential of a client, and with the constant field", async () => {
    const { site } = openGated([gate], {}, { staleWhileRevalidate: "1h" });
    await site.get("/m/a", one);
    site.clock.advance(70);
    expect((await site.get("/m/a", two)).cacheStatus).toContain("; hit; ttl=-");
    expect(site.origin.count).toBe(2);
    expect(site.origin.last.fields.get("x-gate")).toBe(key);
    expect(site.origin.last.fields.get("authorization")).toBeNull();
    expect((await site.get("/m/a", one)).cacheStatus).toContain("ttl=60");
  });

  it("keeps the client's own fields off the name of the constant", async () => {
    const { site } = openGated([ajar]);
    for (const name of ["x-gate", "x_gate"]) {
      await site.get("/m/a", { headers: { [name]: "guess" } });
      await site.get("/m/a", { method: "POST", headers: { [name]: "guess" } });
    }
    expect(
      site.origin.asked.map(({ fields }) => fields.get("x-gate") ?? fields.get("x_gate")),
    ).toEqual([null, null, null, null]);
  });
});

describe("a constant field belongs to its origin", () => {
  const plain = defineRule({
    name: "plain",
    forward: () => ({ "x-plain": "1", "accept-language": "de", authorization: "Basic eDp5" }),
  });
  const unset = defineRule({
    ...closed,
    name: "unset",
    forward: ({ secret }) => ({ "x-unset": secret("UNSET") }),
  });
  const mirrored = defineRule({ name: "mirrored", forward: () => ({ "x-other": "1" }) });
  const names = ["x-gate", "x_gate", "x-plain", "x-unset", "x-other"];
  const routes = [
    ...config([ajar]).routes,
    { name: "plain", match: "/p/*", use: [plain] },
    { name: "unset", match: "/u/*", use: [unset] },
    { name: "mirrored", match: "/o/m/*", origin: "other", use: [mirrored, fallback("mirror")] },
    { name: "keyed", match: "/k/*", key: { headers: ["x-gate"] } },
    { name: "passed", match: "/raw/*", bypass: true },
    { name: "mirror", match: "/mirror/*", origin: "mirror" },
    { name: "other", match: "/o/*", origin: "other" },
    { name: "far", match: "/far/*", origin: "far" },
    { name: "rest", match: "/r/*" },
  ];
  const client = Object.fromEntries(names.map((name) => [name, "forged"]));
  const sent = { ...client, "accept-language": "fr" };
  const withAuthorization = { headers: { ...sent, authorization: "Basic YTpi" } };

  it.each<[path: string, init: AskInit, got: readonly string[]]>([
    ["/r/a", { headers: sent }, ["x-other"]],
    ["/elsewhere", { headers: sent }, ["x-other"]],
    ["/raw/a", { headers: sent }, ["x-other"]],
    ["/r/a", { headers: sent, method: "POST", body: "x" }, ["x-other"]],
    ["/r/a", withAuthorization, ["x-other"]],
    ["/k/a", { headers: sent }, ["x-gate", "x-other"]],
    ["/o/a", { headers: sent }, ["x-gate", "x-plain", "x-unset"]],
    ["/mirror/a", { headers: sent }, ["x-gate", "x-plain", "x-unset"]],
    ["/far/a", { headers: sent }, ["x-gate", "x-plain", "x-unset", "x-other"]],
  ])(
    "on another route as well, but its own name is free elsewhere: %s %j",
    async (path, init, got) => {
      const origins = Object.fromEntries(
        ["mirror", "other", "far"].map((name) => [name, { url: `https://${name}.invalid` }]),
      );
      const { site } = openJournalled({
        origin: () => page("page", cc("max-age=60")),
        env,
        config: { origins, routes },
      });
      await site.get(path, init);
      const { fields } = site.origin.last;
      expect(names.filter((name) => fields.get(name) === "forged")).toEqual(got);
      expect(fields.get("accept-language")).toBe("fr");
      expect(fields.get("authorization")).toBe(new Headers(init.headers).get("authorization"));
    },
  );
});

describe("a page behind a gate leaves by no other path", () => {
  it("on the same route, without a check", async () => {
    const { site } = openGated([ajar]);
    await site.get("/m/a", one);
    for (const init of [{}, { method: "HEAD" }, { headers: { "if-none-match": '"e"' } }]) {
      const { status, cacheStatus } = await site.get("/m/a", init);
      expect([status, cacheStatus]).toEqual([401, expect.stringContaining("fwd=uri-miss")]);
    }
    const range = { headers: { range: "bytes=0-1", "cache-control": "only-if-cached" } };
    expect((await site.get("/m/a", range)).status).toBe(504);
  });

  it("on another route of the same URL, in no tier", async () => {
    const plain = { name: "members", match: "/m/*", staleIfError: "1h" };
    const app = { name: "app", match: "/m/*", when: { header: { "x-app": ["1"] } }, use: [gate] };
    for (const routes of [[app, plain], [{ ...plain, use: [gate] }]]) {
      const { site, upstash } = openJournalled({ origin, env, config: { routes } });
      await site.get("/m/a", { headers: { ...one.headers, "x-app": "1" } });
      expect((await site.get("/m/a")).text).toBe("sign in");
      // The gate is gone from the configuration, and the origin is down.
      const { cache, clock } = site;
      const now = { config: { routes: [plain] }, origin: unreachable };
      const next = openJournalled({ ...now, upstash, cache, clock }).site;
      expect((await next.get("/m/a")).status).toBe(502);
    }
  });

  it("on another route, with a rule of the same name", async () => {
    const route = {
      name: "readers",
      match: "/m/*",
      use: [defineRule({ ...closed, admits: () => "checked" })],
    };
    const { site, upstash } = openJournalled({ origin, env, config: { routes: [route] } });
    await site.get("/m/a", one);
    const { cache, clock } = site;
    const other = openJournalled({ origin, env, config: config(), upstash, cache, clock }).site;
    expect((await other.get("/m/a", one)).cacheStatus).toContain("fwd=uri-miss");
  });

  it("in another spelling of the path", async () => {
    const routes = [...config().routes, { name: "pages", match: "*" }];
    const site = openSite({ origin: () => page("secret"), env, config: { routes } });
    for (const path of ["/x/..%2fm/a", "/m%2fa", "//m/a"]) {
      expect((await site.get(path)).status).toBe(400);
    }
    expect((await site.get("/%6d/a")).status).toBe(401);
    expect(site.origin.count).toBe(0);
  });

  it("as a fragment of a page", async () => {
    const include = '<esi:include src="/m/a" onerror="continue"/>';
    const routes = [...config().routes, { name: "pages", match: "/p", use: [esi("html")] }];
    const script: Script = (request, nth) =>
      request.url.endsWith("/p")
        ? page(`a ${include} b`, cc("public, max-age=60"))
        : origin(request, nth);
    const { site } = openJournalled({ origin: script, env, config: { routes } });
    const first = await site.get("/p", cookie);
    expect([first.text, first.fields.get("cache-control")]).toEqual([
      "a secret b",
      "private, no-cache",
    ]);
    expect((await site.get("/p")).text).toBe("a  b");
  });

  it("as slices, or as an answer to QUERY", async () => {
    const { site } = openGated([ajar, slices()], {
      origin: (request) => {
        const { headers } = request;
        if (headers.get("x-gate") !== key) return page("sign in", {}, 401);
        const text = "s".repeat(100_000);
        const [, from = "0", to = "99999"] =
          /bytes=(\d+)-(\d*)/.exec(headers.get("range") ?? "") ?? [];
        const body = text.slice(Number(from), Number(to || 99_999) + 1);
        const fields = {
          etag: '"e"',
          "content-range": `bytes ${from}-${Number(from) + body.length - 1}/100000`,
        };
        return headers.has("range")
          ? page(body, cc("max-age=60", fields), 206)
          : page(text, cc("max-age=60", { etag: '"e"' }));
      },
    });
    const range = { range: "bytes=0-9" };
    expect((await site.get("/m/a", { headers: { ...one.headers, ...range } })).status).toBe(206);
    expect(
      (await site.get("/m/a", { headers: { ...two.headers, ...range } })).cacheStatus,
    ).toContain("; hit");
    expect((await site.get("/m/a", { headers: range })).status).toBe(401);
    const asked = openGated([ajar, query("raw")]).site;
    const content = { "content-type": "text/plain", "content-length": "1" };
    const ask = (headers: Record<string, string>) =>
      asked.get("/m/a", { method: "QUERY", body: "q", headers: { ...content, ...headers } });
    expect((await ask(one.headers)).text).toBe("secret");
    expect((await ask(two.headers)).cacheStatus).toContain("; hit");
    expect((await ask({})).text).toBe("sign in");
  });

  it("as the answer of a fallback origin", async () => {
    const { site } = openGated([ajar, fallback("mirror")], {
      config: {
        ...config([ajar, fallback("mirror")]),
        origins: { mirror: { url: "https://mirror.invalid" } },
      },
      origin: (request, nth) =>
        request.url.includes("mirror") ? origin(request, nth) : unreachable(),
    });
    expect((await site.get("/m/a", one)).text).toBe("secret");
    expect(site.origin.asked.at(-1)?.fields.get("x-gate")).toBe(key);
    expect((await site.get("/m/a", two)).cacheStatus).toContain("hit");
    expect((await site.get("/m/a")).status).toBe(502);
  });

  it("to a cache in front", async () => {
    const fields = { "cdn-cache-control": "max-age=60", "surrogate-control": "max-age=60" };
    const { site } = openGated([gate], {
      config: { ...config(), cacheInFront: true },
      origin: () => page("secret", cc("public, max-age=60, s-maxage=60", fields)),
    });
    for (const client of [one, two]) {
      const seen = await site.get("/m/a", client);
      expect(seen.fields.get("cache-control")).toBe("max-age=60, private");
      for (const name of Object.keys(fields)) expect(seen.fields.has(name)).toBe(false);
    }
  });

  it("by warming, which fills the responses of checked requests", async () => {
    const { near } = openWarmSite({ origin, env, config: config([ajar]) });
    expect(await warmed(near, "https://www.example.com/m/a")).toMatchObject([{ result: "warmed" }]);
    expect((await near.get("/m/a", one)).cacheStatus).toContain("; hit");
    expect((await near.get("/m/a")).status).toBe(401);
  });

  it("if its rule hangs", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { site } = openGated([
      defineRule({ ...closed, admits: () => new Promise(() => undefined) }),
    ]);
    const asked = site.get("/m/a", one);
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    expect((await asked).status).toBe(500);
    expect(countsOf(site, "partFaults")).toEqual({ "partFaults|members": 1 });
  });

  it("if its rule fails or lacks a secret", async () => {
    const boom = () => {
      throw new RangeError("s3cret");
    };
    const failing = [
      { ...closed, admits: boom },
      { ...closed, forward: boom },
      { ...closed, forward: () => ({ "x-forwarded-for": "1" }) },
      { ...closed, admits: () => "yes" as never },
      { ...closed, admits: () => Promise.reject(new RangeError("s3cret")) },
    ];
    for (const rule of failing) {
      const { site } = openGated([defineRule(rule)], {
        origin: () => page("secret", cc("max-age=60")),
      });
      expect((await site.get("/m/a", one)).status).toBe(500);
      expect(site.origin.count).toBe(0);
      expect(countsOf(site, "partFaults")).toEqual({ "partFaults|members": 1 });
      expect(JSON.stringify(site.lines)).not.toContain("s3cret");
    }
    const { site } = openGated([gate], { env: { ORIGIN_KEY: "" } });
    expect((await site.get("/m/a", one)).status).toBe(500);
  });
});

it("explain names the rule that decides", async () => {
  const { site } = openGated([gate], { env: { ADMIN_TOKEN: explainToken } });
  const denied = await explained(site, "https://www.example.com/m/a");
  expect(denied).toMatchObject({
    handling: "ruled",
    verdict: { kind: "ruled", by: "members", values: { status: 401 } },
    next: "answer by a rule",
  });
  const { look } = await explained(site, "https://www.example.com/m/a", one);
  expect(look?.key).toMatchObject({ gate: "members" });
  expect(site.origin.count).toBe(0);
  site.origin.script = () => page("no", {}, 403);
  await site.get("/m/a", one);
  const refused = await explained(site, "https://www.example.com/m/a", one);
  const notStored = { rule: "gate-refused", names: ["members"] };
  expect(refused.look?.last).toMatchObject({ notStored });
});

it.each([
  [[gate, defineRule({ ...closed, name: "others" })], "both have checks: join them"],
  [[gate, defineRule({ ...closed })], "has members() twice"],
])("two gates of one route are refused", (use, fault) => {
  expect(() => openSite({ config: config(use) })).toThrow(fault);
});

it.each([
  [{ headers: ["X-Api-Key"] }, "x-api-key"],
  [{ cookies: ["pass"] }, "pass"],
])("a key of what a gate hides is refused: %o", (keyed, name) => {
  const checks = { headers: ["x-api-key"], cookies: ["pass"] };
  const written = config([defineRule({ ...closed, checks })], { key: keyed });
  expect(() => openSite({ config: written })).toThrow(
    `has members, which checks ${JSON.stringify(name)}: remove it from key`,
  );
});

it("a rule with the name of a part is refused, so that none is left out", () => {
  const named = defineRule({ ...closed, name: "operate" });
  expect(() => openSite({ config: config([named]) })).toThrow('both have the name "operate"');
});

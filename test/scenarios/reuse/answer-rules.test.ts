// Tests a route's rules on the origin's answers: which answers they fit, and what they then change.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { TwoColos } from "../../../testing/site/two-colos.ts";
import { explained, explainToken } from "../../../testing/site/explained.ts";
import { openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, type FieldTexts, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

type RouteInput = NonNullable<ConfigInput["routes"]>[number];
type Rules = NonNullable<RouteInput["answer"]>;

const configOf = (answer: Rules, route: Partial<RouteInput> = {}): ConfigInput => ({
  routes: [{ name: "pages", match: "*", answer, ...route }],
});

interface Answer {
  readonly status?: number;
  readonly fields?: FieldTexts;
}

/** Opens a site whose origin gives these answers in turn, and then the last of them again. */
function openWith(
  answers: readonly Answer[],
  answer: Rules,
  route: Partial<RouteInput> = {},
): Site {
  return openSite({
    config: configOf(answer, route),
    env: { ADMIN_TOKEN: explainToken },
    origin: (_, nth) => {
      const { status = 200, fields = {} } = answers[nth - 1] ?? answers.at(-1) ?? {};
      return status === 304 ? unchanged(fields) : page(`page ${nth}`, fields, status);
    },
  });
}

const minute = "60s" as const;
const modified = "Mon, 31 Dec 2029 12:00:00 GMT";

describe("a rule with fresh", () => {
  const fits = { when: { header: { "x-a": "long" } }, fresh: minute } as const;
  const ofA = (value: string) => ({ fields: { "x-a": value } });
  const ofType = (type: string, more: FieldTexts = {}) => ({
    fields: { "content-type": type, ...more },
  });

  it.each<[id: string, answer: Answer, rules: Rules, lifetimeSeconds: number | undefined]>([
    ["a field", ofA("long"), [fits], 60],
    [
      "a field that is not stored",
      { fields: { "x-a": "long", ...cc('no-cache="x-a"') } },
      [fits],
      60,
    ],
    ["another value", ofA("longer"), [fits], undefined],
    ["a value in another case", ofA("Long"), [fits], undefined],
    ["no such field", {}, [fits], undefined],
    [
      "one of several values",
      ofA("longer"),
      [{ when: { header: { "X-A": ["x", "long*"] } }, fresh: minute }],
      60,
    ],
    ["any value", ofA(""), [{ when: { header: { "x-a": true } }, fresh: minute }], 60],
    ["a type", ofType("Image/PNG; a=b"), [{ when: { type: "image/png" }, fresh: minute }], 60],
    ["a family", ofType("image/png"), [{ when: { type: ["a/b", "IMAGE/*"] }, fresh: minute }], 60],
    [
      "another type",
      ofType("images/png"),
      [{ when: { type: "image/*" }, fresh: minute }],
      undefined,
    ],
    [
      "the last of two types, as in browsers",
      ofType("image/png, text/html"),
      [{ when: { type: "image/*" }, fresh: minute }],
      undefined,
    ],
    ["a status", {}, [{ when: { status: 200 }, fresh: minute }], 60],
    ["a class", {}, [{ when: { status: ["5xx", "2xx"] }, fresh: minute }], 60],
    ["another class", {}, [{ when: { status: "5xx" }, fresh: minute }], undefined],
    [
      "a length",
      ofType("a/b", { "content-length": "6" }),
      [{ when: { contentLength: { min: 6, max: 6 } }, fresh: minute }],
      60,
    ],
    [
      "a length that is too large",
      ofType("a/b", { "content-length": "6" }),
      [{ when: { contentLength: { max: 5 } }, fresh: minute }],
      undefined,
    ],
    ["no length", {}, [{ when: { contentLength: { min: 0 } }, fresh: minute }], undefined],
    [
      "only one of two conditions",
      ofA("long"),
      [{ when: { status: 404, header: { "x-a": true } }, fresh: minute }],
      undefined,
    ],
    [
      "the origin's max-age, which it precedes",
      { fields: { "x-a": "long", ...cc("max-age=5, must-revalidate") } },
      [fits],
      60,
    ],
    [
      "the origin's no-cache, which it precedes",
      { fields: { "x-a": "long", ...cc("no-cache") } },
      [fits],
      60,
    ],
    ["two rules, of which the last wins", ofA("long"), [fits, { ...fits, fresh: "5s" }], 5],
    [
      "two rules, of which only the first has a lifetime",
      ofA("long"),
      [fits, { ...fits, fresh: undefined, tags: ["a"] }],
      60,
    ],
    ["an error, which it does not name", { status: 404, ...ofA("long") }, [fits], undefined],
    ["a redirect, which it does not name", { status: 302, ...ofA("long") }, [fits], undefined],
  ])("judges %s", async (_, answer, rules, lifetimeSeconds) => {
    const site = openWith([answer], rules);
    // An anonymous request confirms an error or a redirect in between.
    await site.get("/a");
    await site.get("/a");
    const { cacheStatus } = await site.get("/a");
    const [, ttl] = /hit; ttl=(\d+)/.exec(cacheStatus) ?? [];
    expect(ttl && Number(ttl)).toBe(lifetimeSeconds);
  });

  it.each<[fields: FieldTexts, rule: string]>([
    [cc("private"), "private"],
    [cc("no-store"), "no-store"],
    [cc("private", { "cdn-cache-control": "must-revalidate" }), "no-use"],
    [{ "set-cookie": "session=1" }, "set-cookie"],
    [{ vary: "*" }, "vary-any"],
  ])("never stores an answer with %j", async (fields, rule) => {
    const site = openWith([{ fields: { "x-a": "long", ...fields } }], [fits]);
    for (const _ of [1, 2]) expect((await site.get("/a")).cacheStatus).toContain(`detail=${rule}`);
    expect(site.origin.count).toBe(2);
  });

  it.each(["302", "404", "503"])("stores a %s that it names, once confirmed", async (status) => {
    const rules: Rules = [{ when: { status: Number(status) }, fresh: minute }];
    const site = openWith([{ status: Number(status) }], rules);
    const seen: string[] = [];
    for (const _ of [1, 2, 3]) seen.push((await site.get("/a")).cacheStatus);
    expect(seen[0]).toContain("detail=unconfirmed");
    expect(seen[2]).toContain("hit; ttl=60");
  });

  it("has its lifetime shortened after a purge by settleSeconds", async () => {
    const config = configOf([fits], { purge: { settleSeconds: 5 } });
    const { near } = new TwoColos(config, () => page("page", { "x-a": "long" }));
    await near.get("/a");
    const headers = { authorization: "Bearer admin-of-this-site" };
    const purged = await near.ask("/_cache/purge", {
      method: "POST",
      headers,
      body: '{"everything":true}',
    });
    expect(purged.status).toBe(200);
    near.clock.advance(1);
    expect((await near.get("/a")).cacheStatus).toContain("purged");
    expect((await near.get("/a")).cacheStatus).toContain("ttl=5");
  });

  it("keeps its lifetime in each tier", async () => {
    const { near, far } = new TwoColos(configOf([fits]), () => page("page", { "x-a": "long" }));
    await near.get("/a");
    expect((await far.get("/a")).cacheStatus).toContain("hit; ttl=60; detail=shared");
  });
});

describe("a rule with store: false", () => {
  const rules: Rules = [{ when: { header: { "x-error": true } }, store: false }];
  const failed = { fields: { "x-error": "1", ...cc("max-age=60") } };

  it("does not store the answer, names itself, and is explained", async () => {
    const site = openWith([failed], [{ when: { status: 404 }, store: false }, ...rules]);
    const { cacheStatus, text } = await site.get("/a");
    expect([text, cacheStatus]).toEqual([
      "page 1",
      expect.stringContaining("answer-rule: answer.1"),
    ]);
    expect(site.counted()).toMatchObject({ "refusals|pages|answer-rule": 1 });
    const { look } = await explained(site, "/a");
    expect(look?.last?.notStored).toEqual({ rule: "answer-rule", names: ["answer.1"] });
  });

  it.each<FieldTexts>([{}, cc("no-cache"), cc("max-age=0")])(
    "names itself for an answer without use (%j)",
    async (fields) => {
      const site = openWith([{ fields: { ...failed.fields, ...fields } }], rules);
      expect((await site.get("/a")).cacheStatus).toContain("answer-rule: answer.0");
    },
  );

  it("leaves the stored response in a refresh", async () => {
    const good = { fields: cc("max-age=10, stale-while-revalidate=60") };
    const site = openWith([good, failed, good], rules);
    await site.get("/a");
    site.clock.advance(11);
    expect((await site.get("/a")).text).toBe("page 1");
    expect(site.origin.count).toBe(2);
    site.clock.advance(2);
    expect((await site.get("/a")).text).toBe("page 1");
    expect((await site.get("/a")).text).toBe("page 3");
    expect(site.origin.count).toBe(3);
  });

  it("judges the head that a 304 has changed", async () => {
    const stored = { fields: cc("max-age=1", { etag: '"1"' }) };
    const changed = { status: 304, fields: { etag: '"1"', "x-error": "1" } };
    const site = openWith([stored, changed], rules);
    await site.get("/a");
    site.clock.advance(2);
    const { cacheStatus, text } = await site.get("/a");
    expect(text).toBe("page 1");
    expect(cacheStatus).toContain("fwd-status=304");
    const { look } = await explained(site, "/a");
    expect(look?.last?.notStored).toMatchObject({ rule: "answer-rule", names: ["answer.0"] });
    expect((await site.get("/a")).cacheStatus).toContain("fwd-status=304");
  });
});

describe("a rule with tags", () => {
  const rules: Rules = [{ when: { type: "image/*" }, tags: ["images"] }];
  const png = cc("max-age=1", { etag: '"1"', "content-type": "image/png" });
  const tagsOf = async (site: Site) => {
    const { look } = await explained(site, "/a");
    return look?.tiers[0]?.copy?.tags;
  };

  it("adds them to those of the answer and of the route", async () => {
    const fields = { ...png, "cache-tag": "own" };
    const site = openWith([{ fields }], rules, { tags: ["route"] });
    await site.get("/a");
    expect(await tagsOf(site)).toEqual(["images", "own", "route"]);
  });

  it("withdraws them after a 304 with which the head no longer fits", async () => {
    const changed = { status: 304, fields: { etag: '"1"', "content-type": "text/css" } };
    const site = openWith([{ fields: png }, changed], rules);
    await site.get("/a");
    site.clock.advance(2);
    await site.get("/a");
    expect(await tagsOf(site)).toEqual([]);
  });

  it("keeps them by a field that is not stored, also if a 304 or a HEAD lacks it", async () => {
    const byField: Rules = [{ when: { header: { "X-Ids": true } }, tags: ["named"] }];
    const fields = { etag: '"1"', "x-ids": "1", ...cc('max-age=10, private="x-ids"') };
    const site = openWith(
      [
        { fields },
        { fields: { etag: '"1"' } },
        { status: 304, fields },
        { status: 304 },
        { fields },
      ],
      byField,
    );
    await site.get("/a");
    site.clock.advance(11);
    await site.get("/a", { method: "HEAD" });
    expect([site.origin.count, await tagsOf(site)]).toEqual([2, ["named"]]);
    for (const how of ["fwd-status=304", "fwd-status=200"]) {
      expect((await site.get("/a")).cacheStatus).toContain(how);
      expect(await tagsOf(site)).toEqual(["named"]);
      site.clock.advance(11);
    }
  });
});

describe("a rule with strip", () => {
  const all = ["etag", "last-modified", "set-cookie"] as const;
  const rules: Rules = [{ when: { status: "2xx" }, strip: all }];
  const validators = { etag: '"1"', "last-modified": modified };
  const stripped = ({ fields }: { fields: Headers }) => all.map((name) => fields.get(name));
  const none = [null, null, null];

  it("removes the fields from stored answers, and from the client's", async () => {
    const fields = cc("max-age=60", { ...validators, "set-cookie": "session=1" });
    const site = openWith([{ fields }], rules);
    for (const _ of [1, 2]) expect(stripped(await site.get("/a"))).toEqual(none);
    expect(site.origin.count).toBe(1);
  });

  it("removes them from an answer that is not stored, which then stays private", async () => {
    const fields = { ...validators, "set-cookie": "session=1" };
    const site = openWith([{ fields: { ...fields, vary: "*" } }], rules);
    const seen = await site.get("/a", { headers: { "if-none-match": '"1"' } });
    expect([seen.status, ...stripped(seen)]).toEqual([200, ...none]);
    expect(seen.fields.get("cache-control")).toBe("private, max-age=0, must-revalidate");
  });

  it("removes them from a 304, and from the response that it freshens", async () => {
    const fields = cc("max-age=1", { "last-modified": modified });
    const changed = { status: 304, fields: { etag: '"1"', "set-cookie": "session=1" } };
    const site = openWith(
      [{ fields }, changed],
      [{ when: { status: 200 }, strip: ["etag", "set-cookie"] }],
    );
    await site.get("/a");
    site.clock.advance(2);
    const seen = await site.get("/a");
    expect(seen.cacheStatus).toContain("fwd-status=304");
    expect(stripped(seen)).toEqual([null, modified, null]);
    expect(stripped(await site.get("/a"))).toEqual([null, modified, null]);
    expect(site.origin.count).toBe(2);
  });

  it("keeps a cookie of the key, whose answer belongs to another key", async () => {
    const fields = cc("max-age=60", { "set-cookie": "currency=EUR" });
    const site = openWith([{ fields }], rules, { key: { cookies: ["currency"] } });
    const seen = await site.get("/a");
    expect(seen.fields.get("set-cookie")).toBe("currency=EUR");
    expect(seen.cacheStatus).toContain("detail=set-cookie");
  });

  it("does not act if the answer does not fit", async () => {
    const site = openWith([{ status: 404, fields: validators }], rules);
    expect(stripped(await site.get("/a"))).toEqual(['"1"', modified, null]);
  });
});

describe("no rule makes an answer public", () => {
  const rules: Rules = [{ when: { status: 200 }, fresh: minute, strip: ["set-cookie"] }];

  it.each([
    { headers: { cookie: "session=1" }, rule: "unknown-cookie: session" },
    { headers: { "x-api-key": "1" }, rule: "credential-field: x-api-key" },
  ])("for a client with $headers", async ({ headers, rule }) => {
    const site = openWith([{ fields: { "set-cookie": "session=2" } }], rules);
    const seen = await site.get("/a", { headers });
    expect(seen.cacheStatus).toContain(rule);
    expect(seen.fields.get("cache-control")).toBe("private, max-age=0, must-revalidate");
    await site.get("/a");
    expect((await site.get("/a", { headers })).cacheStatus).not.toContain("hit");
  });

  it("for a request with Authorization, on which no rule acts", async () => {
    const site = openWith([{ fields: { "set-cookie": "session=2" } }], rules);
    const seen = await site.get("/a", { headers: { authorization: "Basic YTpi" } });
    expect(seen.fields.get("set-cookie")).toBe("session=2");
    expect(seen.cacheStatus).toContain("fwd=bypass");
  });
});

it("explain names the rule that gives the lifetime", async () => {
  const site = openWith([{}], [{ when: { status: 200 }, fresh: minute }]);
  await site.get("/a");
  const { look } = await explained(site, "/a");
  expect(look?.tiers[0]?.copy).toMatchObject({ lifetimeSeconds: 60, lifetimeFrom: "answer" });
});

it("an answer to HEAD that repeats a stripped validator freshens the stored response", async () => {
  const fields = cc("max-age=60", { etag: '"1"', "last-modified": modified });
  const site = openWith([{ fields }], [{ when: { status: 200 }, strip: ["etag"] }]);
  await site.get("/a");
  site.clock.advance(61);
  await site.get("/a", { method: "HEAD" });
  expect(site.origin.last.method).toBe("HEAD");
  expect((await site.get("/a")).cacheStatus).toContain("hit; ttl=60");
});

it("a HEAD request gets the answer under the same rules, and stores nothing", async () => {
  const site = openWith(
    [{ fields: { etag: '"1"' } }],
    [{ when: { status: 200 }, strip: ["etag"] }],
  );
  const { fields, cacheStatus } = await site.get("/a", { method: "HEAD" });
  expect([fields.get("etag"), cacheStatus]).toEqual([null, expect.stringContaining("method")]);
});

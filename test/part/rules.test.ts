// Tests the phases of a rule that a site writes, and rules that try to do more than they may. `gate.test.ts` has
// those that check credentials.
// Needs parts: esi.
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Rule, RuleEdits } from "../../src/part/rule/rule.ts";
import { defineRule } from "../../src/part/rule/define-rule.ts";
import { invocationHere } from "../../src/remote/invocation.ts";
import { esi } from "../../src/parts/esi/esi.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { cc, page, type Script, unreachable } from "../../testing/fakes/origin-in-process.ts";
import { countsOf } from "../../testing/site/counts-of.ts";
import { explained, explainToken } from "../../testing/site/explained.ts";
import type { Site } from "../../testing/site/harness.ts";
import { openJournalled, send } from "../../testing/site/purge-sender.ts";

const kept = cc("max-age=60", { etag: '"same"' });

/** Opens a site with one route and these rules. */
function open(
  rules: readonly Rule[],
  origin: Script = () => page("page", kept),
  route: object = {},
) {
  const use = rules.map((rule) => defineRule(rule));
  const config = { routes: [{ name: "pages", match: "*", use, ...route }] };
  return openJournalled({ origin, config, env: { KEY: "constant" } }).site;
}

const boom = () => {
  throw new RangeError("s3cret");
};

/** Checks that a rule was counted by its name, and that the log has no text of the error. */
function expectFault(site: Site, name = "rule") {
  expect(countsOf(site, "partFaults")).toHaveProperty(`partFaults|${name}`);
  expect(JSON.stringify(site.lines)).not.toContain("s3cret");
}

describe("keyed", () => {
  const buckets: Rule = {
    name: "rule",
    keyed: { "x-bucket": ({ cookie }) => (cookie("ab") === "b" ? "b" : "a") },
    respond: (_, keyed) => ({ set: { "x-got": `${keyed["x-bucket"]}` } }),
  };
  const b = { headers: { cookie: "ab=b", "x-bucket": "forged" } };
  const echo: Script = ({ headers }) => page(headers.get("x-bucket") ?? "none", kept);
  const ignoring = { cookies: { ignore: ["ab"] } };

  it("adds a value to the key, which the origin gets, and makes answers private", async () => {
    const site = open([buckets], echo, ignoring);
    expect((await site.get("/")).text).toBe("a");
    expect((await site.get("/", b)).text).toBe("b");
    const again = await site.get("/", b);
    expect(again.cacheStatus).toContain("; hit");
    expect([again.text, again.fields.get("cache-control"), again.fields.get("x-got")]).toEqual([
      "b",
      "max-age=60, private",
      "b",
    ]);
    expect(site.origin.count).toBe(2);
    expect(site.origin.last.fields.get("cookie")).toBeNull();
  });

  it("gives the same value to a refresh, and to a request that bypasses the cache", async () => {
    const site = open([buckets], echo, { ...ignoring, staleWhileRevalidate: "1h" });
    await site.get("/", b);
    site.clock.advance(70);
    await site.get("/", b);
    expect(site.origin.last.fields.get("x-bucket")).toBe("b");
    await site.get("/", { ...b, method: "POST" });
    expect(site.origin.last.fields.get("x-bucket")).toBe("b");
  });

  it("computes a value once, so that the origin never gets another one than the key", async () => {
    let nth = 0;
    const site = open([{ ...buckets, keyed: { "x-bucket": () => `${(nth += 1)}` } }], echo);
    const { text, fields } = await site.get("/");
    expect([text, fields.get("x-got")]).toEqual(["1", "1"]);
    expect((await site.get("/")).text).toBe("2");
  });

  it.each([boom, () => "a\nb", () => " ", () => "ä", () => "x".repeat(257), () => 1 as never])(
    "bypasses the cache if a value is no value of a key (%#)",
    async (valueOf) => {
      const site = open([{ name: "rule", keyed: { "x-bucket": valueOf } }]);
      for (const _ of [1, 2]) {
        expect((await site.get("/")).cacheStatus).toContain(
          "fwd=bypass; fwd-status=200; detail=part-failed",
        );
      }
      expectFault(site);
    },
  );

  it.each([
    "cookie",
    "authorization",
    "host",
    "range",
    "x-forwarded-for",
    "cf-ray",
    "content-type",
    "X-B",
    "a b",
  ])("refuses the field %s", (field) => {
    expect(() => defineRule({ name: "rule", keyed: { [field]: () => "" } })).toThrow(
      "is not a field for this",
    );
  });

  it("refuses a field that is keyed twice", () => {
    expect(() => open([buckets], echo, { key: { headers: ["X-Bucket"] } })).toThrow(
      'keys "x-bucket" twice',
    );
  });
});

describe("admits", () => {
  it("answers by itself, which is not stored, and private", async () => {
    const headers = {
      location: "/de/",
      "cache-control": "public, max-age=60",
      "cdn-cache-control": "max-age=60",
    };
    const site = open([
      {
        name: "rule",
        admits: ({ path, headers: fields }) =>
          path === "/" && fields.get("accept-language") === "de"
            ? new Response("moved", { status: 302, headers })
            : undefined,
      },
    ]);
    const de = { headers: { "accept-language": "de" } };
    const { status, fields } = await site.get("/", de);
    expect([status, fields.get("location"), fields.get("cache-control")]).toEqual([
      302,
      "/de/",
      "max-age=60, private",
    ]);
    expect(fields.has("cdn-cache-control")).toBe(false);
    expect((await site.get("/", { ...de, method: "HEAD" })).text).toBe("");
    expect(site.origin.count).toBe(0);
    // A cache downstream must not give the page to clients that the rule redirects.
    expect((await site.get("/")).fields.get("cache-control")).toBe("max-age=60, private");
  });

  it("needs a new Response for each request, unless it has no body", async () => {
    const gone = new Response(null, { status: 410 });
    const denied = new Response("no", { status: 401 });
    const site = open([{ name: "rule", admits: ({ path }) => (path === "/gone" ? gone : denied) }]);
    const paths = ["/gone", "/gone", "/", "/"];
    const statuses = [];
    for (const path of paths) statuses.push((await site.get(path)).status);
    expect(statuses).toEqual([410, 410, 401, 500]);
    expect(site.log.join("\n")).toContain("Create the Response inside of admits.");
  });

  describe("with a stale page that suffices", () => {
    const crawlers: Rule = {
      name: "crawlers",
      admits: ({ headers }) => (headers.get("user-agent") === "bot" ? "stale" : undefined),
    };
    const bot = { headers: { "user-agent": "bot" } };
    const openStored = async (fields = kept, route: object = {}) => {
      const site = open([crawlers], () => page("page", { "cache-tag": "t", ...fields }), route);
      await site.get("/");
      return site;
    };

    it("answers with it, and starts no refresh", async () => {
      for (const route of [{}, { staleWhileRevalidate: "1h" }]) {
        const site = await openStored(kept, route);
        site.clock.advance(3_000);
        expect((await site.get("/", bot)).cacheStatus).toBe(
          "tidemark; hit; ttl=-2940; detail=edge",
        );
        expect(site.origin.count).toBe(1);
      }
    });

    it("refreshes no page that expires soon", async () => {
      const use = [defineRule(crawlers)];
      const config = { routes: [{ name: "pages", match: "*", use }] };
      const clock = new FakeClock();
      const origin = () => (clock.advance(5), page("page", kept));
      const { site } = openJournalled({ origin, config, clock, random: 1e-9 });
      await site.get("/");
      clock.advance(54);
      await site.get("/", bot);
      expect(site.origin.count).toBe(1);
      await site.get("/");
      expect(site.origin.count).toBe(2);
    });

    it("neither fills memory nor keeps a page there, and stores what it loads in all other tiers", async () => {
      const site = open([crawlers], () => page("page", kept));
      const detailOf = async (path: string, init = {}) =>
        /detail=(\w+)/.exec((await site.get(path, init)).cacheStatus)?.[1];
      await site.get("/of-bot", bot);
      expect([await detailOf("/of-bot", bot), await detailOf("/of-bot")]).toEqual(["edge", "edge"]);
      expect(await detailOf("/of-bot")).toBe("memory");
      expect(await detailOf("/of-bot", bot)).toBe("edge");
      expect(site.origin.count).toBe(1);
    });

    it("treats the crawler like any other client without a stored page", async () => {
      const site = open([crawlers]);
      expect((await site.get("/", bot)).cacheStatus).toContain("fwd=uri-miss");
    });

    it.each(["soft", "hard"])("never answers with one after a purge: %s", async (mode) => {
      const site = await openStored();
      expect((await send(site, { tags: ["t"], mode })).status).toBe(200);
      site.clock.advance(20);
      expect((await site.get("/", bot)).cacheStatus).toContain("fwd=stale");
    });

    it("never answers with one that must be validated, or an old error", async () => {
      const strict = await openStored(cc("max-age=60, must-revalidate", { etag: '"e"' }));
      strict.clock.advance(70);
      expect((await strict.get("/", bot)).cacheStatus).toContain("fwd=stale");
      const failed = open([crawlers], () => page("error", kept, 503), { negative: { 503: "10s" } });
      await failed.get("/");
      await failed.get("/");
      failed.clock.advance(70);
      expect((await failed.get("/", bot)).cacheStatus).not.toContain("; hit");
    });

    it("is named by explain", async () => {
      const use = [defineRule(crawlers)];
      const config = { routes: [{ name: "pages", match: "*", use }] };
      const { site } = openJournalled({
        origin: () => page("page", kept),
        config,
        env: { ADMIN_TOKEN: explainToken },
      });
      await site.get("/");
      site.clock.advance(70);
      const { verdict, next } = await explained(site, "https://www.example.com/", bot);
      expect(next).toBe("answer stale");
      expect(verdict).toMatchObject({ by: "stale-by-rule", values: { rule: "crawlers" } });
    });
  });

  it("asks the rules in order, until one answers", async () => {
    const named = (name: string): Rule => ({ name, admits: () => new Response(name) });
    const silent: Rule = { name: "silent", admits: async () => undefined };
    const site = open([silent, named("first"), named("second")]);
    expect((await site.get("/")).text).toBe("first");
  });
});

it("the calls of a rule that returns a promise count for one invocation, whatever its form", async () => {
  onTestFinished(() => void vi.unstubAllGlobals());
  vi.stubGlobal("WebSocketPair", Object);
  for (const isAsync of [true, false]) {
    const seen: object[] = [];
    const check = async () => {
      seen.push(invocationHere());
      await new Promise(setImmediate);
      seen.push(invocationHere());
      return undefined;
    };
    const site = open([{ name: "rule", admits: isAsync ? async () => check() : () => check() }]);
    await site.get("/");
    expect(seen[0]).toBe(seen[1]);
  }
});

it("ignores drops conditions of the client, and all of them if it throws", async () => {
  for (const ignores of [() => ["if-none-match", "range"] as const, boom]) {
    const site = open([{ name: "rule", ignores }]);
    await site.get("/");
    const headers = { "if-none-match": '"same"', range: "bytes=0-1" };
    expect((await site.get("/", { headers })).status).toBe(200);
  }
});

it("forward adds constants, and lets no client's field through under their name", async () => {
  const forward: Rule["forward"] = ({ secret }) => ({
    "x-key": secret("KEY"),
    authorization: "Basic YQ==",
  });
  const site = open([{ name: "rule", forward }]);
  for (const init of [{ headers: { x_key: "forged", "x-key": "forged" } }, { method: "POST" }]) {
    await site.get("/", init);
    const { fields } = site.origin.last;
    expect([fields.get("x-key"), fields.get("x_key"), fields.get("authorization")]).toEqual([
      "constant",
      null,
      "Basic YQ==",
    ]);
  }
});

it("forward that throws lets no client's field through under the names of its constants", async () => {
  const forward: Rule["forward"] = ({ secret }) => ({ "x-key": secret("UNSET") });
  const failing = open([{ name: "rule", forward }]);
  const headers = { x_key: "forged", "x-key": "forged", "x-other": "kept" };
  expect((await failing.get("/", { headers })).cacheStatus).toContain("detail=part-failed");
  const { fields } = failing.origin.last;
  const got = ["x-key", "x_key", "x-other"].map((name) => fields.get(name));
  expect(got).toEqual([null, null, "kept"]);
  expectFault(failing);
  const nameless = open([{ name: "rule", forward: boom }]);
  expect((await nameless.get("/", { headers })).status).toBe(500);
  expect(nameless.origin.count).toBe(0);
});

it.each(["upgrade", "Connection", "proxy-authenticate", "keep-alive"])(
  "forward cannot set %s, which concerns one connection",
  async (name) => {
    const site = open([{ name: "rule", forward: () => ({ [name]: "ours" }) }]);
    expect((await site.get("/")).cacheStatus).toContain("detail=part-failed");
    expect(site.origin.last.fields.get(name)).toBeNull();
    const field = name.toLowerCase();
    const why = `forward names ${field}, which Tidemark or the connection sets. Use a field of your own`;
    expect(site.log.join("\n")).toContain(why);
  },
);

it("fails: the origin is asked once more, a stale page answers, and the answer is not stored", async () => {
  const site = open(
    [{ name: "rule", fails: ({ headers }) => headers.has("x-maintenance") }],
    undefined,
    {
      staleIfError: "1h",
    },
  );
  await site.get("/");
  site.clock.advance(70);
  site.origin.script = () => page("back soon", cc("max-age=60", { "x-maintenance": "1" }));
  expect(await site.get("/")).toMatchObject({ status: 200, text: "page" });
  expect(site.origin.count).toBe(3);
  const { text, cacheStatus } = await site.get("/new");
  expect([text, cacheStatus]).toEqual([
    "back soon",
    expect.stringContaining('detail="rule-fails: rule"'),
  ]);
});

it("received adds tags, also after a 304, and removes none", async () => {
  const site = open(
    [
      {
        name: "rule",
        received: ({ headers }) => ({ tags: (headers.get("x-ids") ?? "").split(" ") }),
      },
    ],
    () => page("page", { ...kept, "x-ids": "one two", "cache-tag": "own" }),
  );
  for (const tag of ["one", "two", "own"]) {
    await site.get("/");
    expect((await site.get("/")).cacheStatus).toContain("; hit");
    await send(site, { tags: [tag] });
    expect((await site.get("/")).cacheStatus).toContain("fwd=stale");
  }
  site.origin.script = () => new Response(null, { status: 304, headers: cc("max-age=60") });
  site.clock.advance(70);
  await site.get("/");
  await send(site, { tags: ["one"] });
  site.origin.script = () => page("new", kept);
  expect((await site.get("/")).text).toBe("new");
});

it.each([boom, () => ({ tags: [1] as never }), () => ({ tags: 1 as never })])(
  "an answer whose tags are unknown is not stored (%#)",
  async (received) => {
    const site = open([{ name: "rule", received }]);
    expect((await site.get("/")).cacheStatus).toContain("detail=tags-failed");
    expectFault(site);
  },
);

it("refuses forbids storing, and explain names the rule", async () => {
  const use = [
    defineRule({ name: "other", refuses: () => false }),
    defineRule({ name: "drafts", refuses: ({ headers }) => headers.has("x-draft") }),
  ];
  const config = { routes: [{ name: "pages", match: "*", use }] };
  const origin = () => page("draft", { ...kept, "x-draft": "1" });
  const { site } = openJournalled({ origin, config, env: { ADMIN_TOKEN: explainToken } });
  expect((await site.get("/")).cacheStatus).toContain('detail="rule-refuses: drafts"');
  expect((await site.get("/")).cacheStatus).toContain("fwd=uri-miss");
  const { look } = await explained(site, "https://www.example.com/");
  expect(look?.last?.notStored).toEqual({ rule: "rule-refuses", names: ["drafts"] });
});

describe("respond", () => {
  const sent = (edits: RuleEdits) =>
    open([{ name: "rule", respond: () => edits }], () => page("page", { ...kept, server: "s" }));

  it("changes the fields of each answer that leaves, and stores none", async () => {
    const site = sent({ set: { "x-a": "1" }, remove: ["server"] });
    const conditional = { headers: { "if-none-match": '"same"' } };
    const statuses = [];
    for (const init of [{}, {}, conditional, { method: "HEAD" }, { method: "POST" }]) {
      const { status, fields } = await site.get("/", init);
      expect([fields.get("x-a"), fields.get("server")]).toEqual(["1", null]);
      statuses.push(status, fields.get("cache-control"));
    }
    expect(statuses.slice(4, 6)).toEqual([304, "max-age=60"]);
  });

  it("makes an answer with its cookie private", async () => {
    const { fields } = await sent({ cookies: ["ab=a; Path=/"] }).get("/");
    expect([fields.get("set-cookie"), fields.get("cache-control")]).toEqual([
      "ab=a; Path=/",
      "max-age=60, private",
    ]);
  });

  it.each<RuleEdits>([
    { set: { "cache-control": "public" } },
    { remove: ["Cache-Control"] },
    { remove: ["vary"] },
    { set: { "set-cookie": "a=b" } },
    { set: { "cdn-cache-control": "max-age=60" } },
    { set: { "content-length": "1" } },
    { set: { "Transfer-Encoding": "chunked" } },
    { set: { trailer: "x-a" } },
    { remove: ["connection"] },
    { set: { upgrade: "h2c" } },
    { remove: ["via"] },
    { remove: ["proxy-status"] },
    { set: { "x-accel-expires": "9" } },
    { set: { "Edge-Control": "max-age=9" } },
    { set: { "x-a": "a\r\nb" } },
    { set: { "a b": "c" } },
  ])("changes nothing by %o", async (edits) => {
    const site = sent({ ...edits, set: { "x-a": "1", ...edits.set } });
    const { fields } = await site.get("/");
    expect([fields.get("cache-control"), fields.get("server"), fields.has("x-a")]).toEqual([
      "max-age=60",
      "s",
      false,
    ]);
    expectFault(site);
  });
});

describe("filter", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const end: Rule["filter"] = () => new TransformStream({ flush: (to) => to.enqueue(bytes("!")) });

  it("composes with ESI, and is not stored", async () => {
    const use = [esi("html"), defineRule({ name: "rule", filter: end })];
    const config = {
      routes: [
        { name: "pages", match: "/p", use },
        { name: "parts", match: "*" },
      ],
    };
    const origin: Script = ({ url }) =>
      url.endsWith("/p") ? page('a <esi:include src="/f"/>', kept) : page("b", kept);
    const { site } = openJournalled({ origin, config });
    for (const _ of ["miss", "hit"]) expect((await site.get("/p")).text).toBe("a b!");
    expect((await site.get("/f")).text).toBe("b");
  });

  it("leaves a coded body, an error and a HEAD alone", async () => {
    const coded = open([{ name: "rule", filter: end }], () =>
      page("gz", { ...kept, "content-encoding": "gzip" }),
    );
    expect((await coded.get("/")).text).toBe("gz");
    const failing = open([{ name: "rule", filter: end }], () => page("no", {}, 404));
    expect((await failing.get("/")).text).toBe("no");
    const { text, fields } = await open([{ name: "rule", filter: end }]).get("/", {
      method: "HEAD",
    });
    expect([text, fields.get("etag")]).toEqual(["", null]);
  });

  it("that throws lets no body through", async () => {
    const site = open([{ name: "rule", filter: boom }]);
    expect((await site.get("/")).status).toBe(500);
    expectFault(site);
  });

  it("that breaks cuts the body", async () => {
    const broken = open([{ name: "rule", filter: () => new TransformStream({ transform: boom }) }]);
    await expect(broken.get("/")).rejects.toThrow("s3cret");
  });
});

it("a rule sees views that it cannot change, and no object of the core", async () => {
  const seen: object[] = [];
  const site = open([
    {
      name: "rule",
      admits: (request) => void seen.push(request, request.headers, request.params),
      keyed: { "x-b": (client) => void seen.push(client) },
      refuses: (answer) => (seen.push(answer, answer.headers), false),
    },
  ]);
  await site.get("/a?b=c");
  expect(seen.length).toBeGreaterThan(5);
  for (const view of seen) {
    expect(Object.isFrozen(view)).toBe(true);
    expect([view instanceof Headers, view instanceof Request, view instanceof Response]).toEqual([
      false,
      false,
      false,
    ]);
  }
  expect(seen[0]).toMatchObject({
    method: "GET",
    url: "https://www.example.com/a?b=c",
    path: "/a",
  });
});

it.each([
  [{ name: "Rule" }, 'its name is "Rule"'],
  [{ name: "rule", when: "*" }, '"when": no such option exists'],
  [{ name: "rule", checks: { headers: ["authorization"] } }, "no admits that does so"],
  [{ name: "rule", checks: {}, admits: (): string => "checked" }, "names no credential"],
  [{ name: "rule", checks: { query: ["a b"] }, admits: (): string => "checked" }, "blank or plus"],
  [{ name: "rule", match: "a/:id" }, 'match of the rule "rule" begins with "a"'],
  [{ name: "rule", match: ["/a", 3] }, 'match of the rule "rule" is not text'],
])("defineRule refuses %o", (rule, fault) => {
  expect(() => defineRule(rule as Rule)).toThrow(fault);
});

it("a rule refuses a route without the parameters that all its patterns have", () => {
  const rule: Rule = { name: "rule", match: ["/a/:id/:more", "/b/:id"], refuses: () => false };
  open([rule], undefined, { match: ["/:id", "c.example/:more/:id.html"] });
  expect(() => open([rule], undefined, { match: ["/:id", "/c/:more"] })).toThrow(
    "has rule, which reads the parameter :id: give it to each pattern in match",
  );
});

it("a rule of one name has the options of its route", async () => {
  const labelled = (label: string) =>
    defineRule({ name: "label", respond: () => ({ set: { "x-label": label } }) });
  const config = {
    routes: [
      { name: "a", match: "/a", use: [labelled("a")] },
      { name: "b", match: "/b", use: [labelled("b")] },
    ],
  };
  const { site } = openJournalled({ origin: unreachable, config });
  for (const label of ["a", "b"])
    expect((await site.get(`/${label}`)).fields.get("x-label")).toBe(label);
});

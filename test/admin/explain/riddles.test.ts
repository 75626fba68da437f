// Riddles: pages that are never a hit though their operator expects it, each for another reason. What
// explain tells of them, as JSON and as text, names that reason, so that a person knows what to mend.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { explained, explainToken, questionOf } from "../../../testing/site/explained.ts";
import { type AskInit, openSite, type Site } from "../../../testing/site/harness.ts";

interface Riddle {
  readonly id: string;
  readonly routes?: readonly object[];
  readonly config?: object;
  readonly env?: Readonly<Record<string, string>>;
  readonly origin: (request: Request, nth: number, clock: FakeClock) => Response;
  /** How the page is asked for, the nth time. */
  readonly client?: (nth: number) => AskInit & { readonly url?: string };
  /** What else goes on, before each request. */
  readonly before?: (site: Site) => Promise<unknown>;
  /** What the operator asks explain about; the page, without the fields of a client. */
  readonly question?: AskInit & { readonly url?: string };
  /** What its JSON has. */
  readonly told: object;
  /** What its text says: the reason, and what to mend. */
  readonly says: readonly RegExp[];
}

const url = "/articles/1";
const bearer = { authorization: `Bearer ${explainToken}` };
const fresh = () => page("page", cc("max-age=300"));
const saying = (cacheControl: string, more: Record<string, string> = {}) => () =>
  page("page", cc(cacheControl, more));
const order = (site: Site, path: string, body: object) =>
  site.get(path, { method: "POST", body: JSON.stringify(body), headers: bearer });
const notStored = (rule: string, names: readonly string[] = []) => ({
  look: { last: { notStored: { rule, names } } },
});

const riddles: readonly Riddle[] = [
  {
    id: "the framework says private of all pages",
    origin: saying("private, max-age=300"),
    told: notStored("private"),
    says: [/not stored, by private .*says private.*let the origin leave private out/],
  },
  {
    id: "each answer sets a session",
    origin: saying("max-age=300", { "set-cookie": "PHPSESSID=s3cretvalue; Path=/" }),
    told: notStored("set-cookie", ["PHPSESSID"]),
    says: [/by set-cookie: PHPSESSID .*sets a cookie.*cookies\.harmless.*setCookie: "strip"/],
  },
  {
    id: "clients have a cookie that the configuration does not know",
    origin: fresh,
    client: (nth) => ({ headers: { cookie: `consent=${nth}` } }),
    told: notStored("unknown-cookie", ["consent"]),
    says: [/by unknown-cookie: consent .*cookies\.harmless.*name the cookie/],
  },
  {
    id: "links have a parameter of their own each",
    origin: fresh,
    client: (nth) => ({ url: `${url}?mailing=${nth}` }),
    question: { url: `${url}?mailing=77` },
    told: {
      look: { nearest: { differences: [{ of: "query", sent: "?mailing=77" }] } },
      verdict: { mend: expect.stringContaining("key.query.strip") },
    },
    says: [/you sent \?mailing=77; stored is \?mailing=\d/, /key\.query\.strip/],
  },
  {
    id: "it varies by User-Agent",
    origin: saying("max-age=300", { vary: "User-Agent" }),
    client: (nth) => ({ headers: { "user-agent": `Browser ${nth}` } }),
    question: { headers: { "user-agent": "Browser 77" } },
    told: {
      look: {
        vary: { names: ["user-agent"] },
        nearest: { differences: [{ of: "vary", name: "user-agent", sent: "Browser 77" }] },
      },
    },
    says: [/varies by user-agent; \d variants/, /vary user-agent: you sent Browser 77/],
  },
  {
    id: "a route above it bypasses the cache",
    routes: [
      { name: "all", match: "/*", bypass: true },
      { name: "articles", match: "/articles/*", fresh: "5m" },
    ],
    origin: () => page("page"),
    told: {
      route: { name: "all", alsoFit: ["articles"] },
      verdict: { by: "route", clause: "bypass" },
    },
    says: [/route "all" \(\/\*\).*Further down, "articles" would fit.*first that fits/, /bypass: true/],
  },
  {
    id: "a server in front sends Authorization",
    origin: fresh,
    client: () => ({ headers: { authorization: "Basic Zm9vOmJhcg==" } }),
    told: { look: { lastPassed: { rule: "authorization", method: "GET" } } },
    says: [/went past the cache .* a GET: by authorization .*it has Authorization/],
  },
  {
    id: "something purges everything, every few seconds",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: () => page("page"),
    before: async (site) => {
      await order(site, "/_cache/purge", { prefixes: ["/"], reason: "stock import" });
      site.clock.advance(1);
    },
    told: {
      verdict: { by: "purged" },
      look: { purges: { newest: [{ reason: "stock import", decides: true }] } },
    },
    says: [/purge .* by \S+ names it \(prefixes \/\).*because: stock import\. This one decides/],
  },
  {
    id: "the body is too large for the one tier of its route",
    routes: [{ name: "articles", match: "/articles/*", tiers: ["memory"] }],
    origin: () => page("x".repeat(400_000), cc("max-age=300")),
    told: notStored("too-large"),
    says: [/by too-large .*larger than any tier of the route takes.*add the edge tier/],
  },
  {
    id: "it streams more than there is room for",
    routes: [{ name: "articles", match: "/articles/*", tiers: ["memory"] }],
    config: { limits: { bufferBytes: 100_000 } },
    origin: () => page("x".repeat(400_000), cc("max-age=300")),
    told: notStored("too-large"),
    says: [/by too-large .*larger than any tier/],
  },
  {
    id: "no-cache, and nothing to validate with",
    origin: saying("no-cache, max-age=300"),
    told: notStored("no-use"),
    says: [/by no-use .*says no-cache, and has no validator.*ETag/],
  },
  {
    id: "a cache before the origin has kept it for longer than it lives",
    origin: saying("max-age=3600", { age: "7200" }),
    told: { look: { last: { ageOnArrivalSeconds: 7200, lifetimeSeconds: 3600 } } },
    says: [/7200 s old when it came, and lives for 3600 s.*a cache before this one/, /age: 7200/],
  },
  {
    id: "the same, of a page that can be validated",
    origin: saying("max-age=3600", { age: "7200", etag: '"1"' }),
    told: { verdict: { by: "expired", mend: expect.stringContaining("Age") } },
    says: [/7200 s old.*\(7200 s when it came\)/, /a cache before this one/],
  },
  {
    id: "the origin's clock is wrong",
    origin: (_, __, clock) => page("page", { expires: clock.date(-3000), date: clock.date() }),
    told: { look: { last: { lifetimeFrom: "Expires", lifetimeSeconds: 0 } } },
    says: [/lifetime is 0 s, from Expires: it is not after Date, so a clock may be wrong/],
  },
  {
    id: "no SITE_HOST, and a host for each server in front",
    env: { SITE_HOST: "" },
    origin: fresh,
    client: (nth) => ({ url: `https://front-${nth}.example.com${url}` }),
    question: { url: `https://front-77.example.com${url}` },
    told: {
      look: { nearest: { differences: [{ of: "host", sent: "front-77.example.com" }] } },
      verdict: { mend: expect.stringContaining("SITE_HOST") },
    },
    says: [/host: you sent front-77\.example\.com; stored is front-\d\.example\.com/, /SITE_HOST/],
  },
  {
    id: "max-age=0 of the origin goes before the route's fresh",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: saying("max-age=0"),
    told: notStored("no-use"),
    says: [/0 s, from max-age in Cache-Control.*mode: "override".*fresh counts only where/],
  },
  {
    id: "the same, of a page that can be validated",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: saying("max-age=0", { etag: '"1"' }),
    told: { verdict: { by: "expired", mend: expect.stringContaining('mode: "override"') } },
    says: [/lifetime of 0 s \(max-age in Cache-Control\)/, /fresh counts only where/],
  },
  {
    id: "nobody gives it a lifetime",
    origin: () => page("page"),
    told: notStored("no-use"),
    says: [/neither the origin nor its route gives it a lifetime.*give the route fresh/],
  },
  {
    id: "a 404 without a lifetime",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: () => page("none", {}, 404),
    told: { look: { last: { status: 404, notStored: { rule: "no-use" } } } },
    says: [/a 404\. It was not stored.*give the route fresh or negative for 404/],
  },
  {
    id: "a redirect without a lifetime",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: () => new Response(null, { status: 302, headers: { location: "/elsewhere" } }),
    told: notStored("not-allowed-explicitly"),
    says: [/a 302\. It was not stored.*name the status in fresh or negative/],
  },
  {
    id: "the switch was left on",
    origin: fresh,
    before: (site) => order(site, "/_cache/switch", { everything: true, bypass: true }),
    told: { handling: "passed-by", verdict: { by: "switch" } },
    says: [/It is passed by, by switch .*the switch, or the variable BYPASS/],
  },
  {
    id: "its clients ask by POST",
    origin: fresh,
    client: () => ({ method: "POST", body: "{}" }),
    told: { look: { lastPassed: { rule: "method", method: "POST" } } },
    says: [/a POST: by method .*neither GET nor HEAD/],
  },
  {
    id: "it lives for a second, and is asked for every few",
    origin: saying("max-age=300, s-maxage=1"),
    before: async (site) => site.clock.advance(5),
    question: {},
    told: { look: { last: { lifetimeSeconds: 1, lifetimeFrom: "s-maxage in Cache-Control" } } },
    says: [/It was stored .*Its lifetime was 1 s \(s-maxage in Cache-Control\)/],
  },
  {
    id: "the origin breaks off",
    origin: saying("max-age=300", { "content-length": "900" }),
    told: notStored("cut-short"),
    says: [/by cut-short .*broke off.*Content-Length.*look at the origin/],
  },
];

async function planted(riddle: Riddle) {
  const clock = new FakeClock();
  const origin: Script = (request, nth) => riddle.origin(request, nth, clock);
  const config = { ...riddle.config, ...(riddle.routes && { routes: riddle.routes }) };
  const site = openSite({
    clock,
    origin,
    upstash: new FakeUpstash(clock),
    config: config as unknown as ConfigInput,
    env: { ADMIN_TOKEN: explainToken, SITE_HOST: "www.example.com", ...riddle.env },
  });
  const answers: string[] = [];
  for (let nth = 1; nth <= 3; nth += 1) {
    await riddle.before?.(site);
    const { url: own = url, ...init } = riddle.client?.(nth) ?? {};
    const response = await site.ask(own, init);
    answers.push(response.headers.get("cache-status") ?? "");
    // What breaks off fails its client.
    await response.text().catch(() => undefined);
    await site.settle();
  }
  await riddle.before?.(site);
  return { site, answers };
}

describe("explain names why a page is never a hit", () => {
  it.each(riddles.map((riddle, at) => ({ at, ...riddle })))("$at: $id", async (riddle) => {
    const { site, answers } = await planted(riddle);
    expect(answers.filter((status) => status.includes("; hit"))).toEqual([]);
    const { url: asked = url, ...init } = riddle.question ?? {};
    const explanation = await explained(site, asked, init);
    expect(explanation).toMatchObject(riddle.told);
    const query = `${questionOf(asked, init)}&format=text`;
    const { text } = await site.get(`/_cache/explain?${query}`, { headers: bearer });
    for (const said of riddle.says) expect(text).toMatch(said);
    expect(text + JSON.stringify(explanation)).not.toContain("s3cretvalue");
  });
});

describe("what explain remembers", () => {
  const open = (origin: Script, config: object = {}) =>
    openSite({ origin, config: config as unknown as ConfigInput, env: { ADMIN_TOKEN: explainToken } });
  const textOf = async (site: Site, asked: string) =>
    (await site.get(`/_cache/explain?format=text&url=${asked}`, { headers: bearer })).text;

  it("nothing of a page that was not asked for, and says what to do then", async () => {
    const text = await textOf(open(fresh), url);
    expect(text).toContain("remembers no answer for it. Ask for the page");
    expect(text).toContain("Tidemark-Debug");
  });

  it("nothing that is over: what is stored and answers goes before it", async () => {
    const site = open((_, nth) => page("page", cc(nth === 1 ? "private" : "max-age=60")));
    await site.get(url);
    await site.get(url);
    expect((await explained(site, url)).look?.last).toBeUndefined();
    expect(await textOf(site, url)).not.toContain("private");
  });

  it("a pass by Authorization beside a hit of others, a write beside one not", async () => {
    const site = open(fresh);
    await site.get(url);
    await site.get(url, { headers: { authorization: "Basic eDp5" } });
    const { look, next } = await explained(site, url);
    expect([next, look?.lastPassed?.rule]).toEqual(["answer", "authorization"]);
    await site.get("/b", { method: "POST" });
    await site.get("/b");
    expect((await explained(site, "/b")).look?.lastPassed).toBeUndefined();
  });

  it("why a 304 freshened nothing", async () => {
    const fields = { etag: '"1"' };
    const site = open((_, nth) =>
      nth === 1
        ? page("page", cc("max-age=1", fields))
        : new Response(null, { status: 304, headers: cc("private", fields) }),
    );
    await site.get(url);
    site.clock.advance(5);
    await site.get(url);
    expect((await explained(site, url)).look?.last?.notStored?.rule).toBe("private");
  });

  it("no answer to HEAD, which is never stored", async () => {
    const site = open(saying("private"));
    await site.get(url);
    await site.get(url, { method: "HEAD" });
    expect((await explained(site, url)).look?.last?.notStored?.rule).toBe("private");
  });
});

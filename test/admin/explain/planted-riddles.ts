// Sites with a page that is never a hit though its operator expects it, each for another reason; and
// what explain has to say of it.
import { expect } from "vitest";
import type { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { explainToken } from "../../../testing/site/explained.ts";
import type { AskInit, Site } from "../../../testing/site/harness.ts";

export interface Riddle {
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

export const url = "/articles/1";
export const bearer = { authorization: `Bearer ${explainToken}` };
export const fresh = () => page("page", cc("max-age=300"));
export const saying =
  (cacheControl: string, more: Record<string, string> = {}) =>
  () =>
    page("page", cc(cacheControl, more));
/** What goes on behind its answer waits for the clock. */
const order = (site: Site, path: string, body: object) =>
  site.ask(path, { method: "POST", body: JSON.stringify(body), headers: bearer });
const notStored = (rule: string, names: readonly string[] = []) => ({
  look: { last: { notStored: { rule, names } } },
});

export const riddles: readonly Riddle[] = [
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
    },
    says: [
      /you sent \?mailing=77; stored is \?mailing=\d.*name the parameter in key\.query\.strip/,
    ],
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
    says: [
      /route "all" \(\/\*\).*Further down, "articles" would fit.*first that fits/,
      /bypass: true.*put a route of its own before/,
    ],
  },
  {
    id: "a server in front sends Authorization",
    origin: fresh,
    client: () => ({ headers: { authorization: "Basic Zm9vOmJhcg==" } }),
    told: { look: { lastPassed: { rule: "authorization", method: "GET" } } },
    says: [/went past the cache .* a GET: by authorization .*it has Authorization.*leave it out/],
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
      look: {
        purges: {
          count: 4,
          newest: expect.arrayContaining([
            expect.objectContaining({ reason: "stock import", decides: true }),
          ]),
        },
      },
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
    id: "kept so by a cache before the origin, and can be validated",
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
    },
    says: [/host: you sent front-77\.example\.com; stored is front-\d\.example\.com.*SITE_HOST/],
  },
  {
    id: "max-age=0 of the origin goes before the route's fresh",
    routes: [{ name: "articles", match: "/articles/*", fresh: "5m" }],
    origin: saying("max-age=0"),
    told: notStored("no-use"),
    says: [/0 s, from max-age in Cache-Control.*mode: "override".*fresh counts only where/],
  },
  {
    id: "max-age=0 of the origin, with a validator, goes before fresh",
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
    before: (site) => order(site, "/_cache/switch", { bypass: true }),
    told: { handling: "passed-by", verdict: { by: "switch" } },
    says: [/It is passed by, by switch .*the switch, or the variable BYPASS.*post bypass: false/],
  },
  {
    id: "its clients ask by POST",
    origin: fresh,
    client: () => ({ method: "POST", body: "{}" }),
    told: { look: { lastPassed: { rule: "method", method: "POST" } } },
    says: [/a POST: by method .*neither GET nor HEAD.*ask by GET/],
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

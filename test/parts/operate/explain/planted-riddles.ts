// Sites with a page that is never a hit although its operator expects hits, each for another
// reason, and the expected explanations.
import { expect } from "vitest";
import type { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { cc, page } from "../../../../testing/fakes/origin-in-process.ts";
import { explainToken } from "../../../../testing/site/explained.ts";
import type { AskInit, Site } from "../../../../testing/site/harness.ts";

export interface Riddle {
  readonly id: string;
  readonly routes?: readonly object[];
  readonly config?: object;
  readonly env?: Readonly<Record<string, string>>;
  readonly origin: (request: Request, nth: number, clock: FakeClock) => Response;
  /** Returns the nth request for the page. */
  readonly client?: (nth: number) => AskInit & { readonly url?: string };
  /** Runs before each request. */
  readonly before?: (site: Site) => Promise<unknown>;
  /**
   * The request that the operator asks about. The default is the page without a client's fields.
   */
  readonly question?: AskInit & { readonly url?: string };
  /** Members that the JSON explanation must have. */
  readonly told: object;
  /** Patterns that the text must match: the reason and the hint. */
  readonly says: readonly RegExp[];
  /** Patterns that the text must not match. */
  readonly never?: readonly RegExp[];
}

export const url = "/articles/1";
export const bearer = { authorization: `Bearer ${explainToken}` };
export const fresh = () => page("page", cc("max-age=300"));
export const saying =
  (cacheControl: string, more: Record<string, string> = {}) =>
  () =>
    page("page", cc(cacheControl, more));
/** Sends an operator's request. Its background work waits for the clock. */
const order = (site: Site, path: string, body: object) =>
  site.ask(path, { method: "POST", body: JSON.stringify(body), headers: bearer });
export const notStored = (rule: string, names: readonly string[] = []) => ({
  look: { last: { notStored: { rule, names } } },
});

export const riddles: readonly Riddle[] = [
  {
    id: "the framework sends private for all pages",
    origin: saying("private, max-age=300"),
    told: notStored("private"),
    says: [
      /^Verdict: .*no stored response fits .*; the last answer for it was not stored, by private\.$/m,
      /not stored, by the rule private .*says private.*let the origin omit private/,
      /^The edge tier and the shared tier have nothing\. The request would not read them, because the last answer was not storable for any client/m,
    ],
    never: [/Tidemark added private/, /Its Cache-Status says stored/],
  },
  {
    id: "each response sets a session cookie",
    origin: saying("max-age=300", { "set-cookie": "PHPSESSID=s3cretvalue; Path=/" }),
    told: notStored("set-cookie", ["PHPSESSID"]),
    says: [
      /by the rule set-cookie: PHPSESSID .*let the origin set no cookie.*cookies: \{ harmless: \["PHPSESSID"\] \}.*setCookie: "strip"/,
      /Tidemark added private to its Cache-Control/,
      /The origin sent cache-control: max-age=300;/,
    ],
  },
  {
    id: "clients have a cookie that the configuration does not know",
    origin: fresh,
    client: (nth) => ({ headers: { cookie: `consent=${nth}` } }),
    told: notStored("unknown-cookie", ["consent"]),
    says: [
      /by the rule unknown-cookie: consent .*cookies: \{ harmless: \["consent"\] \}.*ignores cookies that are listed there.*usual way/,
      /cookies: \{ ignore: \["consent"\] \} does the same for one route/,
      /key: \{ cookies: \["consent"\] \} in the route: then each value has its own copy/,
    ],
  },
  {
    id: "clients send an API key",
    origin: fresh,
    client: (nth) => ({ headers: { "x-api-key": `key-${nth}` } }),
    told: notStored("credential-field", ["x-api-key"]),
    says: [
      /by the rule credential-field: x-api-key .*credentialFields: \{ except: \["x-api-key"\] \}/,
      /key: \{ headers: \["x-api-key"\] \} in the route: then each value has its own copy/,
      /let the origin send public or s-maxage, or name the field in Vary/,
    ],
    never: [/key-\d/],
  },
  {
    id: "each link has its own value of a parameter",
    origin: fresh,
    client: (nth) => ({ url: `${url}?mailing=${nth}` }),
    question: { url: `${url}?mailing=77` },
    told: {
      look: { nearest: { differences: [{ of: "query", sent: "?mailing=77" }] } },
    },
    says: [
      /you sent \?mailing=77; the stored key has \?mailing=\d.*write key: \{ query: \{ strip: \["mailing"\] \} \}/,
      /no stored response fits the request; the page is stored under another key/,
      /Memory has 3 responses for the same path under another key/,
    ],
    never: [/remembers no answer/],
  },
  {
    id: "each link has its own value of a parameter, and the question has no parameter",
    origin: fresh,
    client: (nth) => ({ url: `${url}?nl=${nth}` }),
    told: { look: { nearest: { differences: [{ of: "query", sent: "?" }] } } },
    says: [/you sent no parameters; the stored key has \?nl=\d\..*strip: \["nl"\]/],
  },
  {
    id: "the page varies by User-Agent",
    origin: saying("max-age=300", { vary: "User-Agent" }),
    client: (nth) => ({ headers: { "user-agent": `Browser ${nth}` } }),
    question: { headers: { "user-agent": "Browser 77" } },
    told: {
      look: {
        vary: { names: ["user-agent"] },
        nearest: { differences: [{ of: "vary", name: "user-agent", sent: "Browser 77" }] },
      },
    },
    says: [
      /vary by user-agent; \d variants/,
      /no stored response fits the request; another variant of the page is stored/,
      /The nearest is another variant of this URL: vary user-agent: you sent Browser 77/,
      /fewer values, or by none\. In a route, .* key\.device reduce/,
    ],
  },
  {
    id: "an earlier route bypasses the cache",
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
      /route "all" \(\/\*\).*The first match applies; "articles" would also match/,
      /bypass: true.*give the page its own route, before this one/,
    ],
  },
  {
    id: "a server in front sends Authorization",
    origin: fresh,
    client: () => ({ headers: { authorization: "Basic Zm9vOmJhcg==" } }),
    told: { look: { lastPassed: { rule: "authorization", method: "GET" } } },
    says: [
      /no stored response fits .*; a request for it bypassed the cache, by authorization/,
      /bypassed the cache .* a GET: by the rule authorization .*a request with Authorization bypasses the cache, unless a rule of the route checks it.*public or s-maxage does not change that.*omit Authorization.*Tidemark added private/,
    ],
    never: [/Before that, Tidemark reads the purge journal again/],
  },
  {
    id: "a sender purges all paths every second",
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
    says: [
      /purge .* by \S+ matches it \(prefixes \/\), because: stock import\. It was not known when the copy was requested, so it applies\. It decides/,
      /The copy was requested at 2030-01-01T12:00:03\.000Z\./,
      /a purge by admin covers it, because: stock import\. In the last 4 s, 4 purges have matched it.*name only what changed/,
    ],
  },
  {
    id: "the body is too large for the only tier of its route",
    routes: [{ name: "articles", match: "/articles/*", tiers: ["memory"] }],
    origin: () => page("x".repeat(1_200_000), cc("max-age=300")),
    told: notStored("too-large"),
    says: [
      /by the rule too-large .*its body of 1200000 bytes is too large .*\(memory\): 1048576 bytes is the limit of memory.*add "edge" to tiers/,
    ],
    never: [/raise limits/, /limits\.bufferBytes/, /Its Cache-Status says stored/],
  },
  {
    id: "the Content-Length is too large",
    routes: [{ name: "articles", match: "/articles/*", tiers: ["memory", "shared"] }],
    config: { limits: { bufferBytes: 300_000, sharedBodyBytes: 200_000 } },
    origin: saying("max-age=300", { "content-length": "400000" }),
    told: notStored("too-large"),
    says: [
      /200000 bytes is the limit of the shared tier \(limits\.sharedBodyBytes\); 300000 bytes is the limit of a body that Tidemark buffers \(limits\.bufferBytes\).*raise limits/,
    ],
    never: [/Its Cache-Status says stored/],
  },
  {
    id: "the body is larger than Tidemark may buffer",
    routes: [{ name: "articles", match: "/articles/*", tiers: ["memory"] }],
    config: { limits: { bufferBytes: 100_000 } },
    origin: () => page("x".repeat(400_000), cc("max-age=300")),
    told: notStored("too-large"),
    says: [
      /by the rule too-large .*its body is too large .*100000 bytes is the limit of a body that Tidemark buffers.*raise limits/,
    ],
  },
  {
    id: "the body does not fit into the memory for bodies in transit",
    config: { limits: { memoryBytes: 262_144 } },
    origin: () => page("x".repeat(400_000), cc("max-age=300")),
    told: notStored("memory-short"),
    says: [
      /by the rule memory-short .*memory for bodies in transit.*raise limits\.memoryBytes/,
      /Its Cache-Status says stored/,
    ],
  },
  {
    id: "SITE_HOST is not set, and each server in front sends another host",
    env: { SITE_HOST: "" },
    origin: fresh,
    client: (nth) => ({ url: `https://front-${nth}.example.com${url}` }),
    question: { url: `https://front-77.example.com${url}` },
    told: {
      look: { nearest: { differences: [{ of: "host", sent: "front-77.example.com" }] } },
    },
    says: [
      /host: you sent front-77\.example\.com; the stored key has front-\d\.example\.com.*SITE_HOST/,
    ],
  },
  {
    id: "the switch was left on",
    origin: fresh,
    before: (site) => order(site, "/_cache/switch", { bypass: true }),
    told: { handling: "passed-by", verdict: { by: "switch" } },
    says: [
      /It bypasses the cache, by the rule switch .*the switch, or the variable BYPASS.*tidemark switch off/,
    ],
  },
  {
    id: "clients use POST",
    origin: fresh,
    client: () => ({ method: "POST", body: "{}" }),
    told: { look: { lastPassed: { rule: "method", method: "POST" } } },
    says: [/a POST: by the rule method .*neither GET nor HEAD.*use GET/],
  },
  {
    id: "the body is shorter than its Content-Length",
    origin: saying("max-age=300", { "content-length": "900" }),
    told: notStored("cut-short"),
    says: [/by the rule cut-short .*broke off.*Content-Length.*look at the origin.*says stored/],
  },
];

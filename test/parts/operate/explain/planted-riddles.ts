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
  /** Patterns that the command's text must match. */
  readonly says?: readonly RegExp[];
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

const tooLarge = (bodyBytes: number | string, ...limits: readonly string[]) => ({
  look: { last: { notStored: { rule: "too-large", values: { bodyBytes, limits } } } },
});

export const riddles: readonly Riddle[] = [
  {
    id: "the framework sends private for all pages",
    origin: saying("private, max-age=300"),
    told: notStored("private"),
    says: [
      /the last answer for it was not stored, by private\.$/m,
      /not stored, by the rule private: it says private/,
      /^The edge tier and the shared tier have nothing\. The request would not read them, because the last answer was not storable for any client/m,
    ],
    never: [/Tidemark added private/, /Its Cache-Status says stored/],
  },
  {
    id: "each response sets a session cookie",
    origin: saying("max-age=300", { "set-cookie": "PHPSESSID=s3cretvalue; Path=/" }),
    told: notStored("set-cookie", ["PHPSESSID"]),
    says: [
      /by the rule set-cookie PHPSESSID: .*harmless: \["PHPSESSID"\]/,
      /Tidemark added private to its Cache-Control/,
      /The origin sent cache-control: max-age=300;/,
    ],
  },
  {
    id: "clients have a cookie that the configuration does not know",
    origin: fresh,
    client: (nth) => ({ headers: { cookie: `consent=${nth}` } }),
    told: notStored("unknown-cookie", ["consent"]),
    says: [/by the rule unknown-cookie consent: .*harmless: \["consent"\]/],
  },
  {
    id: "clients send an API key",
    origin: fresh,
    client: (nth) => ({ headers: { "x-api-key": `key-${nth}` } }),
    told: notStored("credential-field", ["x-api-key"]),
    says: [/by the rule credential-field x-api-key: .*except: \["x-api-key"\]/],
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
      /you sent \?mailing=77; the stored key has \?mailing=\d.*strip: \["mailing"\]/,
      /; the page is stored under another key\.$/m,
      /Memory has 3 responses for the same path under another key/,
    ],
    never: [/remembers no answer/],
  },
  {
    id: "each link has its own value of a parameter, and the question has no parameter",
    origin: fresh,
    client: (nth) => ({ url: `${url}?nl=${nth}` }),
    told: { look: { nearest: { case: "query", names: ["nl"] } } },
    says: [/you sent \?; the stored key has \?nl=\d\./],
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
      /vary by user-agent: \d known/,
      /; another variant of the page is stored\.$/m,
      /The nearest is another variant of this URL: vary user-agent: you sent Browser 77/,
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
      verdict: { by: "route" },
    },
    says: [
      /route "all" \(\/\*\).*The first match applies; "articles" would also match/,
      /give the page its own route, before this one/,
    ],
  },
  {
    id: "a server in front sends Authorization",
    origin: fresh,
    client: () => ({ headers: { authorization: "Basic Zm9vOmJhcg==" } }),
    told: { look: { lastPassed: { rule: "authorization", method: "GET" } } },
    says: [
      /; a request for it bypassed the cache, by authorization/,
      /bypassed the cache .* a GET: by the rule authorization: .*Tidemark added private/,
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
      /; it is of admin, because: stock import\. In the last 4 s, 4 purges have matched it/,
    ],
  },
  {
    id: "the body is too large for the only tier of its route",
    routes: [{ name: "articles", match: "/articles/*", tiers: ["memory"] }],
    origin: () => page("x".repeat(1_200_000), cc("max-age=300")),
    told: tooLarge(1_200_000, "memory: 1048576"),
    says: [/by the rule too-large: its body of 1200000 bytes .*"memory: 1048576"/],
    never: [/Its Cache-Status says stored/],
  },
  {
    id: "the Content-Length is too large",
    routes: [{ name: "articles", match: "/articles/*", tiers: ["memory", "shared"] }],
    config: { limits: { bufferBytes: 300_000, sharedBodyBytes: 200_000 } },
    origin: saying("max-age=300", { "content-length": "400000" }),
    told: tooLarge(400_000, "shared: 200000", "limits.bufferBytes: 300000"),

    never: [/Its Cache-Status says stored/],
  },
  {
    id: "the body is larger than Tidemark may buffer",
    routes: [{ name: "articles", match: "/articles/*", tiers: ["memory"] }],
    config: { limits: { bufferBytes: 100_000 } },
    origin: () => page("x".repeat(400_000), cc("max-age=300")),
    told: tooLarge("an unknown number of", "memory: 1048576", "limits.bufferBytes: 100000"),
  },
  {
    id: "the body does not fit into the memory for bodies in transit",
    config: { limits: { memoryBytes: 262_144 } },
    origin: () => page("x".repeat(400_000), cc("max-age=300")),
    told: notStored("memory-short"),
    says: [/Its Cache-Status says stored/],
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
    says: [/It bypasses the cache, by the rule switch: /],
  },
  {
    id: "clients use POST",
    origin: fresh,
    client: () => ({ method: "POST", body: "{}" }),
    told: { look: { lastPassed: { rule: "method", method: "POST" } } },
    says: [/a POST: by the rule method: /],
  },
  {
    id: "the body is shorter than its Content-Length",
    origin: saying("max-age=300", { "content-length": "900" }),
    told: notStored("cut-short"),
    says: [/says stored/],
  },
];

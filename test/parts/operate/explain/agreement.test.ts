// Tests that explain predicts the results of random requests to random sites. docs/explain.md names
// what explain cannot know.
import { expect, it } from "vitest";
import type { Explanation } from "../../../../src/protocol/explain-answer.ts";
import type { ConfigInput } from "../../../../src/config/schema.ts";
import { Draws } from "../../../../testing/draws.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../../testing/fakes/fake-upstash.ts";
import { both, explainToken } from "../../../../testing/site/explained.ts";
import { type AskInit, openColos, type Site } from "../../../../testing/site/harness.ts";
import { playsAll } from "../../../../testing/histories.ts";

/** A difference between an explanation and the result of its request. */
interface Disagreement {
  readonly id: string;
  readonly told: string;
  readonly came: string;
}

type Both = Awaited<ReturnType<typeof both>>;

/**
 * Excuses a difference that time or concurrency can cause between the explanation and the request.
 *
 * @returns the exception that permits the difference, or `undefined`
 */
function excuse({ explanation, seen, told }: Both): "doubt" | "origin" | undefined {
  // The journal is read once more before the request is judged.
  if (explanation.look?.isDoubtSettledFirst === true) return "doubt";
  // The origin is unreachable. If Tidemark had known that, the status would be 503.
  return told.startsWith("fwd=") && seen.status === 502 ? "origin" : undefined;
}

const env = { ADMIN_TOKEN: explainToken, SITE_HOST: "www.example.com" };

const newestPurge = ({ look }: Explanation) =>
  typeof look?.purges === "object" ? look.purges.newest[0]?.position : undefined;

const routes = [
  { name: "plain", match: "/plain/*" },
  { name: "bypass", match: "/bypass/*", bypass: true },
  { name: "fresh", match: "/fresh/*", fresh: "20s", staleWhileRevalidate: "10s" },
  { name: "keyed", match: "/keyed/*", fresh: "1m", key: { headers: ["x-a"], cookies: ["lang"] } },
  { name: "honour", match: "/honour/*", fresh: "1m", honourRequestDirectives: true },
  { name: "error", match: "/error/*", staleIfError: "1h", negative: { 404: "10s", 500: "5s" } },
  { name: "few", match: "/few/*", forward: ["accept-language"], fresh: "30s" },
  { name: "override", match: "/override/*", mode: "override", fresh: "15s" },
  { name: "edge", match: "/edge/*", tiers: ["edge"], fresh: "30s" },
  { name: "shared", match: "/shared/*", tiers: ["shared"], fresh: "30s" },
] as const;
const config = { routes, cookies: { harmless: ["theme"] } } as unknown as ConfigInput;

const controls = [
  "max-age=30",
  "max-age=300",
  "max-age=20, stale-while-revalidate=60",
  "s-maxage=10",
  "max-age=0",
  "no-cache",
  "private",
  "no-store",
  "max-age=5, must-revalidate",
  "max-age=10, stale-while-revalidate=20, stale-if-error=100",
  "public, max-age=60",
];

/** Returns an origin whose fields depend only on the URL. The status may also change at random. */
function originOf(draws: Draws, isDown: () => boolean) {
  const pages = new Map<string, Record<string, string>>();
  return (request: Request): Response => {
    if (isDown()) throw new TypeError("connect ECONNREFUSED");
    const { pathname, search } = new URL(request.url);
    const kept = pages.get(pathname + search) ?? {
      "cache-control": draws.oneOf(controls),
      "cache-tag": draws.oneOf(["a", "b", "a,b"]),
      ...(draws.isLucky(0.6) ? { etag: '"1"' } : {}),
      ...(draws.isLucky(0.3)
        ? { vary: draws.oneOf(["accept-language", "x-b", "*", "cookie"]) }
        : {}),
      ...(draws.isLucky(0.05) ? { "set-cookie": "session=1" } : {}),
    };
    pages.set(pathname + search, kept);
    const status =
      pathname.startsWith("/error/") && draws.isLucky(0.4) ? draws.oneOf([404, 500]) : 200;
    const isUnchanged = status === 200 && request.headers.get("if-none-match") === '"1"';
    return isUnchanged
      ? new Response(null, { status: 304, headers: kept })
      : new Response("page", { status, headers: kept });
  };
}

const requestControls = ["no-cache", "max-age=5", "only-if-cached", "max-stale=30", "min-fresh=10"];
const fieldChoices: readonly (readonly [share: number, name: string, values: readonly string[]])[] =
  [
    [0.15, "accept-language", ["de", "en", "DE, en"]],
    [0.1, "x-a", ["1", "2"]],
    [0.1, "x-b", ["1", "2"]],
    [0.15, "cookie", ["theme=1", "lang=de", "session=1", "_ga=1; lang=en"]],
    [0.08, "cache-control", requestControls],
    [0.1, "if-none-match", ['"1"', '"2"']],
    [0.05, "range", ["bytes=0-1"]],
    [0.01, "authorization", ["Basic eDp5"]],
    [0.01, "if-match", ['"1"']],
    [0.01, "accept", ["text/event-stream"]],
  ];

/** Returns a random request for one of two paths, so that most pages are requested again. */
function requestFrom(draws: Draws, names: readonly string[]): { url: string; init: AskInit } {
  const name = draws.oneOf(names);
  const queries = ["", "", "", "?a=1&b=1", "?b=1&a=1&utm_source=x"];
  const path = draws.isLucky(0.02) ? "/%2e%2e%2fx" : draws.oneOf(["1", "2"]);
  const url = `https://www.example.com/${name}/${path}${draws.oneOf(queries)}`;
  const lucky = fieldChoices.filter(([share]) => draws.isLucky(share));
  const headers = Object.fromEntries(
    lucky.map(([, field, values]) => [field, draws.oneOf(values)]),
  );
  const method = draws.isLucky(0.03) ? "POST" : draws.oneOf(["GET", "GET", "GET", "GET", "HEAD"]);
  return { url, init: { method, headers } };
}

/**
 * Sends random requests to two colos. Meanwhile time passes, tags are purged, and the origin fails
 * at times.
 */
async function history(seed: number, requests: number, kinds: string[]) {
  const draws = new Draws(seed);
  const clock = new FakeClock();
  let isDown = false;
  const origin = originOf(draws.fork(), () => isDown);
  const settings = { config, env, origin, clock };
  // An even seed has a database with a journal. An odd seed has only memory and the edge tier.
  const [one, other, sender] = openColos(
    3,
    seed % 2 === 0 ? { ...settings, upstash: new FakeUpstash(clock) } : settings,
  ) as [Site, Site, Site];
  const sites = [one, other];
  const names = draws.shuffled(routes.map(({ name }) => name)).slice(0, 2);
  const found: Disagreement[] = [];
  const purge = async () => {
    const tag = draws.oneOf(["a", "b"]);
    const body = JSON.stringify({ tags: [tag], mode: draws.oneOf(["hard", "soft"]) });
    const headers = { authorization: `Bearer ${explainToken}` };
    // Nothing waits for the background work of the purge, because that takes real time.
    await sender.ask("/_cache/purge", { method: "POST", body, headers });
  };
  for (let nth = 0; nth < requests; nth += 1) {
    const site = draws.oneOf(sites);
    if (draws.isLucky(0.02)) await purge();
    isDown = draws.isLucky(isDown ? 0.7 : 0.02);
    if (draws.isLucky(0.3)) clock.advance(draws.oneOf([1, 1, 3, 8]));
    const { url, init } = requestFrom(draws, names);
    const compared = await both(site, url, init);
    const { told, came } = compared;
    if (told === came) {
      kinds.push(came.replace(/ttl=-?\d+/, came.includes("ttl=-") ? "stale" : "fresh"));
      continue;
    }
    const excused = excuse(compared);
    if (excused !== undefined) {
      kinds.push(excused);
      continue;
    }
    // The request may have read a purge that explain did not know.
    const after = (await both(site, url, init)).explanation;
    if (newestPurge(after) !== newestPurge(compared.explanation)) {
      kinds.push("purge");
      continue;
    }
    found.push({
      id: `${seed}/${nth} ${init.method} ${url} ${JSON.stringify(init.headers)}`,
      told,
      came,
    });
  }
  return found;
}

/** Each of these results must occur at least ten times. */
const commonKinds = [
  "hit; fresh; detail=memory",
  "hit; stale; detail=memory",
  "hit; fresh; detail=edge",
  "hit; fresh; detail=shared",
  "fwd=uri-miss",
  "fwd=vary-miss",
  "fwd=stale",
  "fwd=stale; purged",
  "fwd=request",
  "fwd=bypass",
  "fwd=method",
  "refuse: only-if-cached",
];

/** A multiple of `requestsPerHistory`. TIDEMARK_EXPLAIN_REQUESTS=10000 takes a minute. */
const requestsInAll = Number(process.env["TIDEMARK_EXPLAIN_REQUESTS"] ?? (playsAll ? 2_400 : 400));
const requestsPerHistory = 100;
const histories = requestsInAll / requestsPerHistory;

it(
  `explain predicts the results of ${requestsInAll} random requests`,
  { timeout: 600_000 },
  async () => {
    const found: Disagreement[] = [];
    const kinds: string[] = [];
    for (let seed = 1; seed <= histories; seed += 1) {
      found.push(...(await history(seed, requestsPerHistory, kinds)));
    }
    expect(found.slice(0, 10)).toEqual([]);
    const counts = Object.groupBy(kinds, (kind) => kind);
    const countOf = (kind: string) => counts[kind]?.length ?? 0;
    expect(kinds.length).toBe(requestsInAll);
    expect(countOf("doubt") + countOf("origin") + countOf("purge")).toBeLessThan(
      requestsInAll / 10,
    );
    if (requestsInAll < 2_000) return;
    for (const kind of commonKinds) expect([kind, countOf(kind) >= 10]).toEqual([kind, true]);
  },
);

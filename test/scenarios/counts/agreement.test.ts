// Tests that the counts of requests agree with Cache-Status of the answers, over a random history.
import { expect, it } from "vitest";
import { addAll, type Sums } from "../../../src/observe/sums.ts";
import { Draws } from "../../../testing/draws.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { openColos, type Seen, Site } from "../../../testing/site/harness.ts";
import { shareOf } from "../../../testing/histories.ts";

const requestCount = 300;

const answers = {
  "/fresh": () => page("fresh", cc("max-age=5")),
  "/stale": () => page("stale", cc("max-age=2, stale-while-revalidate=4")),
  "/own": () => page("own", cc("private")),
  "/gone": () => page("gone", cc("max-age=5"), 404),
  "/validated": (request: Request) =>
    request.headers.has("if-none-match")
      ? new Response(null, { status: 304, headers: cc("max-age=1", { etag: '"1"' }) })
      : page("validated", cc("max-age=1", { etag: '"1"' })),
  "/spare": () => page("spare", cc("max-age=1, stale-if-error=60")),
  "/chunks": () => page("chunks", cc("max-age=3")),
};
const methods = ["GET", "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "HEAD", "POST"];
const everyKind = [
  "failed|none",
  "forwarded|origin",
  "hit|edge",
  "hit|memory",
  "hit|shared",
  "passed|origin",
  "stale-hit",
  "stored|origin",
  "validated",
];
const paths = Object.keys(answers) as (keyof typeof answers)[];

/**
 * Kinds of answers whose length is not counted: Tidemark's own, and those that the origin sends
 * without a length.
 */
const lengthUnknown = new Set(["failed|none", "forwarded|origin", "passed|origin"]);

/** Kinds of answers for which Cache-Status does not always name a tier. */
const withoutTier = /^(validated|stale-hit)\|.*/;

/** Returns the kind of an answer according to Cache-Status, with the labels of the counts. */
function kindOf({ cacheStatus, status }: Seen, method: string): string {
  if (cacheStatus === "") return "failed|none";
  if (cacheStatus.includes("detail=stale-if-error")) return "stale-hit";
  const hit = /; hit; ttl=(-?\d+); detail=(\w+)/.exec(cacheStatus);
  if (hit !== null) return Number(hit[1]) >= 0 ? `hit|${hit[2]}` : "stale-hit";
  if (method === "POST") return "passed|origin";
  if (cacheStatus.includes("; collapsed")) return "collapsed|memory";
  if (cacheStatus.includes("fwd-status=304") && status === 200) return "validated";
  return cacheStatus.includes("; stored") ? "stored|origin" : "forwarded|origin";
}

/** Two isolates in one colo and one in another, over one origin and one Redis. */
function openSites(origin: (request: Request) => Response) {
  const clock = new FakeClock();
  const options = { clock, origin, upstash: new FakeUpstash(clock) };
  const [first, far] = openColos(2, options);
  if (first === undefined || far === undefined) throw new Error("No colo was opened.");
  const near = new Site({ ...options, cache: first.cache }, first.origin);
  return { clock, sites: [first, near, far] };
}

const add = (counts: Map<string, number>, name: string, count = 1) =>
  counts.set(name, (counts.get(name) ?? 0) + count);

it.each([1, 2, 3].slice(0, shareOf(3)))(
  `counts ${requestCount} requests as Cache-Status describes them, with seed %i`,
  async (seed) => {
    const draws = new Draws(seed);
    let isDown = false;
    const { clock, sites } = openSites((request) => {
      if (isDown) throw new TypeError("No connection.");
      return answers[new URL(request.url).pathname as keyof typeof answers](request);
    });
    const [given, reasons] = [new Map<string, number>(), new Map<string, number>()];
    let sentBytes = 0;
    const taken: Sums = new Map();
    const take = () => {
      for (const site of sites) addAll(taken, Object.entries(site.counted()));
    };
    for (let nth = 0; nth < requestCount; nth += 1) {
      isDown = draws.isLucky(0.1);
      const method = draws.oneOf(methods);
      const url = `${draws.oneOf(paths)}?n=${draws.oneOf([1, 2])}`;
      const seen = await draws.oneOf(sites).get(url, { method });
      const kind = kindOf(seen, method);
      add(given, kind);
      if (!lengthUnknown.has(kind)) sentBytes += seen.text.length;
      const reason = /fwd=([\w-]+)/.exec(seen.cacheStatus)?.[1];
      if (reason !== undefined) add(reasons, reason);
      clock.advance(draws.between(0, 1));
      if (draws.isLucky(0.05)) take();
    }
    take();
    const counted = new Map<string, number>();
    let countedBytes = 0;
    for (const [series, count] of taken) {
      const [family, , ...rest] = series.split("|");
      if (family === "requests") add(counted, rest.join("|").replace(withoutTier, "$1"), count);
      if (family === "responseBytes") countedBytes += count;
    }
    expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(given));
    expect(countedBytes).toBe(sentBytes);
    for (const [reason, count] of reasons) {
      const forwards = taken.get(`forwards||${reason}`) ?? 0;
      expect(forwards).toBeGreaterThanOrEqual(count);
      // An error page has no Cache-Status.
      expect(forwards).toBeLessThanOrEqual(count + (given.get("failed|none") ?? 0));
    }
    expect([...counted.keys()]).toEqual(expect.arrayContaining(everyKind));
  },
);

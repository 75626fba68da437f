// Tests that findings and log lines about findings disclose no secrets, addresses and keys. They
// are planted in all inputs.
// Needs parts: hooks, nonce, outward, release.
import { upstashWords } from "../../../../src/remote/redis/redis-trouble.ts";
import type { OriginTrouble } from "../../../../src/platform/origin-health.ts";
import type { RemoteTrouble } from "../../../../src/remote/trouble.ts";
import { expect, it } from "vitest";
import { type FindingCode, findingCodes } from "../../../../src/protocol/finding.ts";
import { failedOutcomes } from "../../../../src/protocol/outward-states.ts";
import { findingsOf } from "../../../../src/parts/operate/health/findings.ts";
import { postedAgain } from "../../../../src/purge/journal/switch.ts";
import type { SiteState } from "../../../../src/parts/operate/health/site-state.ts";
import { findingsOfNonces } from "../../../../src/parts/nonce/nonce-findings.ts";
import { findingsOfBuilds } from "../../../../src/parts/release/build-findings.ts";
import { hookMapping } from "../../../../src/parts/hooks/hook-findings.ts";
import { outwardBehind } from "../../../../src/parts/outward/outward-findings.ts";
import type { Condition } from "../../../../src/observe/condition.ts";
import { Draws } from "../../../../testing/draws.ts";
import { cc, page, type Script } from "../../../../testing/fakes/origin-in-process.ts";
import type { Site } from "../../../../testing/site/harness.ts";
import { bearer, openJournalled, send } from "../../../../testing/site/purge-sender.ts";
import type { Health } from "./health-world.ts";
import { atMs, coloState, lookedAt, minuteMs, totalsOf } from "./looked-examples.ts";

/** A part of all texts from clients, the origin, the database and settings. */
const mark = "s3cret";
const address = "203.0.113.77";
const marked = `https://${mark}:${mark}@${address}/?${mark}=1`;
const forbidden = new RegExp(`${mark}|${address.replaceAll(".", "\\.")}|\\.invalid`, "i");

/** Members that no type has. Code that serializes a whole object would disclose them. */
const planted = { cause: new Error(marked), url: marked, key: marked, text: marked };

const originTroubles: readonly OriginTrouble[] = [
  "unreachable",
  "invalid-response",
  "fields-too-large",
  "timeout",
];

const redisKinds: readonly RemoteTrouble[] = [
  "token-refused",
  "forbidden",
  "unreachable",
  "not-open",
  "timeout",
  "busy",
  "full",
  "read-only",
  "plan-used-up",
  "wrong-type",
  "not-upstash",
  "too-large",
  "refused",
  "failed",
];

/** Returns a trouble that is not over, with the planted members. */
function trouble<Kind extends string>(kind: Kind): NonNullable<Condition<Kind>["trouble"]> {
  const counts = { [kind]: 2 } as Partial<Record<Kind, number>>;
  return { ...planted, kind, sinceAtMs: atMs - 9_000, lastAtMs: atMs, isOver: false, counts };
}

/** The entries of observations that no client chooses. */
const entriesOf: Partial<Record<FindingCode, readonly string[]>> = {
  "credential-field": ["*token"],
  "varies-silently": ["accept /news"],
  "validator-lies": ["/news"],
  "nonce-shared": ["/news"],
  "nonce-unreplaced": ["coding"],
  "cache-unpurged": ["", "Varnish"],
  "age-too-low": ["", "Varnish"],
  "left-release": ["a"],
  "part-failed": ["release"],
};

const notes = (code: FindingCode) => [
  { ...planted, route: "articles", entries: entriesOf[code] ?? [], sinceAtMs: atMs },
];
const ofBuilds = findingsOfBuilds({
  site: { notes: { recent: notes }, releases: { current: { id: "b", position: "1-0" } } },
});

const ofNonces = findingsOfNonces({ site: { notes: { recent: notes } } });

/** Returns a random state with many faults. */
function drawnLook(draws: Draws): SiteState {
  const client = (name: "shared tier" | "purge journal") => ({
    ...planted,
    name,
    trouble: draws.isLucky(0.5) ? trouble(draws.oneOf(redisKinds)) : undefined,
    troubleWithWrites: draws.isLucky(0.3) ? trouble(draws.oneOf(redisKinds)) : undefined,
    isBreakerOpen: draws.isLucky(0.5),
    refusesWrites: draws.isLucky(0.2),
    words: upstashWords,
  });
  const entry = { ...planted, position: `${atMs - 61_000}-0`, lost: marked, reason: marked };
  const bypass = draws.oneOf([true, false, ["articles"]]);
  const switched = { post: marked, replaces: marked, bypass };
  const entries = [
    { ...entry, by: marked },
    { ...entry, ...postedAgain, switched },
  ];
  const of = (count: number) => (draws.isLucky(0.5) ? count : 0);
  const windows = {
    2: [
      ["requests", ["articles", "stored", "origin"], 500],
      ["requests", [marked, "stored", "origin"], 500],
      ["refusals", [marked, "unknown-cookie"], of(1_000)],
      ["unverified", [marked], of(100)],
      ["originResponses", [marked, "failed"], of(300)],
      ["refusedSubrequests", [], of(1)],
      ["operatorRefusals", ["bearer", "wrong"], of(300)],
      ["operatorRefusals", [marked, marked], of(300)],
    ],
  } as const;
  const told = coloState({ lagMs: of(8_000), atMs: atMs - of(11 * minuteMs) });
  const room = { usedBytes: 1, maxBytes: 1, evictedKeys: 0, keys: 1, uptimeMs: of(500) };
  const backlog = { backlogMax: 10, everyMs: minuteMs, heardAtMs: atMs };
  const hook = { ...planted, trouble: trouble(draws.oneOf(["threw", "invalid"] as const)) };
  const report = {
    ...planted,
    kind: "report",
    cursor: marked,
    reset: undefined,
    waitingCount: 1,
    waitingSinceAtMs: atMs - of(30 * minuteMs),
    aheadMs: 0,
    failures: {
      ...planted,
      count: 1,
      outcome: draws.oneOf(failedOutcomes),
      status: 503,
      sinceAtMs: atMs,
      nextTryAtMs: atMs,
    },
    lastSuccessAtMs: undefined,
  } as const;
  return lookedAt({
    clients: [
      { ...client("shared tier"), database: "database" },
      {
        ...client("purge journal"),
        database: draws.oneOf(["journal's database", "Durable Object"]),
      },
    ],
    view: {
      sentAtMs: draws.oneOf([atMs, -Infinity]),
      failedAtMs: draws.isLucky(0.5) ? atMs : undefined,
      lag: undefined,
      entries: draws.isLucky(0.5) ? entries : [],
      switched: { ...planted, bypass, position: `${atMs - 1_000}-1` },
    },
    hints: draws.oneOf(["on", "off: The server refuses."]),
    openBreakers: draws.isLucky(0.5) ? ["default"] : [],
    originTroubles: new Map([["default", trouble(draws.oneOf(originTroubles))]]),
    notes,
    tiers: (["edge", "shared"] as const).map((name) => ({
      name,
      isBreakerOpen: draws.isLucky(0.5),
      trouble: {
        ...trouble(
          name === "shared" ? draws.oneOf(["timeout", "other-version", "busy"]) : "timeout",
        ),
        why: "It is slow",
      },
      bodies: {
        isBreakerOpen: draws.isLucky(0.5),
        trouble: { ...trouble("timeout"), why: "It is slow" },
      },
    })),
    data: {
      unpurged: { ...planted, keys: 2, trouble: trouble("journal") },
      loads: new Map([["articles", { ...trouble("TypeError"), sinceAtMs: atMs - 2 * minuteMs }]]),
      sets: new Map([
        [
          "views",
          {
            ...planted,
            deadLetterCount: of(3),
            clock: { leadMs: of(9 * minuteMs), sinceAtMs: atMs },
            backlog: { ...planted, ...backlog, keyCount: of(9), overdueMs: of(9 * minuteMs) },
            flushes: { ...trouble("TypeError"), sinceAtMs: atMs - 2 * minuteMs },
          },
        ],
      ]),
    },
    refusingAnonymous: new Map([["default", atMs]]),
    faults: [{ ...planted, what: "It is off.", why: "It is not set.", hint: "Set it." }],
    bypass: draws.oneOf([true, false, ["articles"]]),
    clock: { ...planted, aheadMs: draws.between(-9_000, 9_000), uncertainMs: 1 },
    rooms: [
      {
        ...planted,
        database: draws.oneOf(["database", "journal's database"]),
        holdsJournal: draws.isLucky(0.8),
        info: {
          ...planted,
          ...room,
          usedRatio: draws.oneOf([null, 0.95]),
          policy: draws.oneOf([null, "noeviction", "allkeys-lru", marked]),
        },
        evictedAtMs: draws.isLucky(0.5) ? atMs : undefined,
      },
    ],
    totals: totalsOf(windows, { colos: new Map([["HAM", { ...planted, ...told }]]) }),
    parts: [ofBuilds, ofNonces, { findings: (now) => hookMapping(new Map([["shop", hook]]), now) }],
    looks: [
      { findings: outwardBehind([["edge", report]], 11_000, atMs), notLookedAt: [], gauges: [] },
    ],
  });
}

it("no finding of any code discloses a planted text", () => {
  const draws = new Draws(1);
  const seen = new Set<string>();
  for (let nth = 0; nth < 500; nth += 1) {
    for (const finding of findingsOf(drawnLook(draws))) {
      seen.add(finding.code);
      expect(JSON.stringify(finding)).not.toMatch(forbidden);
    }
  }
  expect([...seen].toSorted()).toEqual([...findingCodes].toSorted());
});

/** Error messages of the database, each followed by a planted text. */
const refusals = [
  { status: 401, error: `WRONGPASS ${marked}` },
  { status: 403, error: `Forbidden ${marked}` },
  { status: 400, error: `OOM command not allowed ${marked}` },
  { status: 400, error: `READONLY You can't write ${marked}` },
  { status: 400, error: `ERR max requests limit exceeded. Limit: ${marked}` },
  { status: 400, error: `WRONGTYPE ${marked}` },
  { status: 400, error: `ERR ${marked}` },
  { status: 503, error: `LOADING ${marked}` },
];

/** Returns a random selection of variables, most of them with invalid values. */
function drawnEnv(draws: Draws): Record<string, unknown> {
  const settings: Record<string, readonly unknown[]> = {
    PURGE_SECRET: [mark, `whsec_${mark}${mark}${mark} ${mark}`],
    BYPASS: ["all", "of-no-route"],
    METRICS: [mark],
    ORIGIN_LIMITER: [mark],
    ORIGIN_API: [mark],
  };
  // An invalid URL makes the journal's database unusable, so only 10 % of the runs have it.
  const journal = draws.isLucky(0.1) ? { JOURNAL_REDIS_REST_URL: marked } : {};
  const set = Object.entries(settings).filter(() => draws.isLucky(0.4));
  return {
    ...journal,
    ...Object.fromEntries(set.map(([name, values]) => [name, draws.oneOf(values)])),
  };
}

const answered =
  (draws: Draws, failedShare: number): Script =>
  () => {
    if (draws.isLucky(failedShare)) throw new TypeError(`connect ECONNREFUSED ${marked}`);
    return page(mark, cc("max-age=1", { "set-cookie": mark }), draws.oneOf([200, 500]));
  };

/** Requests health without waiting for background work, such as the read after a purge. */
async function asked(site: Site, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  return (await site.ask("/_cache/health", { headers })).text();
}

async function used(site: Site, draws: Draws): Promise<void> {
  const headers = { cookie: `${mark}=${mark}`, "cf-connecting-ip": address };
  for (let nth = 0; nth < 8; nth += 1) {
    await site.get(`/${mark}/${Math.floor(draws.between(0, 99))}?${mark}=${mark}`, { headers });
  }
  await send(site, { tags: [mark], urls: ["https://www.example.com/" + mark], reason: marked });
}

/** The codes that these runs must produce. */
const metAtLeast: readonly FindingCode[] = [
  "redis-credentials",
  "redis-unreachable",
  "redis-busy",
  "redis-full",
  "redis-read-only",
  "redis-plan-used-up",
  "redis-refused",
  "journal-unreadable",
  "origin-down",
  "origin-unreachable",
  "configuration",
  "switch-thrown",
  "bypass-set",
];

it("the application's health and log lines about findings disclose no planted text", async () => {
  const draws = new Draws(2);
  const seen = new Set<string>();
  for (let nth = 0; nth < 100; nth += 1) {
    const { site, upstash } = openJournalled({
      env: { ORIGIN_URL: `https://${mark}.invalid`, ...drawnEnv(draws) },
      origin: answered(draws, draws.oneOf([0.1, 0.7, 1])),
    });
    if (draws.isLucky(0.3)) site.cache.mode = "throws";
    upstash.mode = draws.oneOf(["works", "down", "refuses", "refuses"]);
    upstash.refusal = draws.oneOf(refusals);
    await used(site, draws);
    if (draws.isLucky(0.3)) {
      const init = { method: "POST", body: '{"bypass":true}', headers: bearer };
      await site.ask("/_cache/switch", init);
    }
    const anybody = await asked(site);
    expect(anybody).toMatch(/^\{"status":"\w+"\}$/);
    const health = JSON.parse(await asked(site, bearer)) as Health;
    expect(JSON.stringify(health)).not.toMatch(forbidden);
    for (const { code } of health.findings) seen.add(code);
    const lines = site.lines.filter(({ event }) => event === "finding");
    expect(lines.length > 0).toBe(health.findings.some(({ code }) => code !== "configuration"));
    expect(JSON.stringify(lines)).not.toMatch(forbidden);
  }
  expect([...seen]).toEqual(expect.arrayContaining([...metAtLeast]));
});

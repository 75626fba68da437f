// Tests the checker on hand-made histories: the violations that it must find, and the reads that it
// must accept.
import { expect, it } from "vitest";
import { check } from "../../testing/consistency/checker/checker.ts";
import { historyOf, page, purge, read, written } from "./hand-made.ts";
import type { Allowance, History } from "../../testing/consistency/checker/operations.ts";

type Row = [id: string, parts: Partial<History>, expected?: string];

const purged = "purged-version";
const past = "soft-purged-version";

/** An accepted purge, and a read of the older version this long after its 200. */
const staleRead = (afterMs: number, parts: Partial<History> = {}): Partial<History> => ({
  purges: [purge()],
  journal: [written],
  reads: [read(10_050 + afterMs, 1)],
  ...parts,
});

const orders: readonly Row[] = [
  ...[
    { tags: ["all"] },
    { urls: ["http://site.test/a/1"] },
    { prefixes: ["/a/"] },
    { prefixes: ["http://site.test/a/"] },
    { everything: true },
  ].map((order): Row => {
    return [JSON.stringify(order), staleRead(1_001, { purges: [purge({ order })] }), purged];
  }),
  ...[
    { tags: ["another"] },
    { urls: ["http://site.test/a/2"] },
    { prefixes: ["/b/"] },
    { prefixes: ["http://elsewhere.test/a/"] },
  ].map((order): Row => {
    return [JSON.stringify(order), staleRead(5_000, { purges: [purge({ order })] })];
  }),
];

const version3At = (atMs: number) => [
  { path: page.path, version: 2, atMs: 9_000 },
  { path: page.path, version: 3, atMs },
];
/**
 * Version 3 was written before the purge was sent again. That purge got the entry at this position.
 */
const again = (position: string): Partial<History> => ({
  writes: version3At(10_090),
  purges: [
    purge(),
    purge({ invokedAtMs: 10_100, returnedAtMs: 10_110, outcome: { kind: "accepted", position } }),
  ],
  journal: [written, { ...written, atMs: 10_105, position: "6-0", n: "n6" }],
  reads: [read(11_650, 2)],
});

const lag = (lagMs: number, untilMs?: number) => ({
  replicaLags: [{ fromMs: 0, lagMs }, ...(untilMs ? [{ fromMs: untilMs, lagMs: 0 }] : [])],
});
const bound: readonly Row[] = [
  ["at the bound", staleRead(1_000)],
  ["past the bound", staleRead(1_001), purged],
  ["a replica lag within the allowance", staleRead(1_001, lag(200)), purged],
  ["a lag beyond the allowance, at the longer bound", staleRead(1_300, lag(500))],
  ["past the longer bound", staleRead(1_301, lag(500)), purged],
  ["a lag that ended before the purge", staleRead(1_001, lag(500, 9_000)), purged],
  ["the new version", staleRead(0, { reads: [read(20_000, 2)] })],
  [
    "a version written after the purge",
    { ...staleRead(0), writes: version3At(10_001), reads: [read(20_000, 2)] },
  ],
  ["a repeated purge that got its earlier entry", again("5-0")],
  ["a repeated purge that got another entry", again("6-0"), purged],
];

const refused = { purges: [purge({ outcome: { kind: "refused", why: "try-later" } })] };
const retry = { kind: "accepted", position: "9-0" } as const;
const retried = purge({ invokedAtMs: 15_000, returnedAtMs: 15_020, outcome: retry });
const backAfter = (parts: Parameters<typeof read>[2]) => ({
  ...refused,
  reads: [read(10_500, 2, parts), read(12_000, 1)],
});
const refusal: readonly Row[] = [
  ["a refused purge that was not written", staleRead(20_000, { ...refused, journal: [] })],
  ["a refused purge that was written", staleRead(20_000, refused)],
  ["a return to the version before the refused purge", staleRead(0, backAfter({})), "went-back"],
  ["the same return in another colo", staleRead(0, backAfter({ colo: "east" }))],
  ["the same return without the purge's entry", staleRead(0, { ...backAfter({}), journal: [] })],
  [
    "a retry, whose bound counts from its own 200",
    staleRead(0, {
      purges: [...refused.purges, retried],
      journal: [written, { ...written, position: "9-0", n: "n9", atMs: 15_010 }],
      reads: [read(16_020, 1), read(16_021, 1)],
    }),
    purged,
  ],
  ["a 200 without an entry", { purges: [purge()] }, "accepted-unwritten"],
  [
    "a 200 before its entry",
    { purges: [purge()], journal: [{ ...written, atMs: 10_060 }] },
    "accepted-unwritten",
  ],
];

const quiet = { fromMs: 50_000, untilMs: 60_000 };
const east = read(51_000, 2, { colo: "east" });
const miss = { cacheStatus: "tidemark; fwd=stale; fwd-status=200; stored" };
const inQuiet: readonly Row[] = [
  ["hits in every colo", { quiet, reads: [east, read(60_000, 2)] }],
  ["a late hit", { quiet, reads: [east, read(60_001, 2)] }, "no-hit-after-quiet"],
  ["a colo without hits", { quiet, reads: [east, read(52_000, 2, miss)] }, "no-hit-after-quiet"],
];

it.each<Row>([...orders, ...bound, ...refusal, ...inQuiet])(
  "judges a history: %s",
  (_, parts, expected) => {
    const { violations } = check(historyOf(parts));
    expect(violations.map(({ rule }) => rule)).toEqual(expected === undefined ? [] : [expected]);
  },
);

const softly = { purges: [purge({ order: { tags: ["one"], mode: "soft" } })], journal: [written] };
const staleIfError = { cacheStatus: "tidemark; fwd=stale; detail=stale-if-error" };
const stale = { cacheStatus: "tidemark; hit; ttl=-1; detail=memory" };
/** Stale answers of one colo, with time for a refresh between them. */
const unrefreshed = [20_000, 26_000, 32_000].map((atMs) => read(atMs, 1, stale));
const originErrors = [{ path: page.path, atMs: 25_000 }];
const hidden = {
  purges: [purge(), { ...softly.purges[0]!, id: "s", invokedAtMs: 10_060 }],
  journal: [written, { ...written, id: "s" }],
};

it.each<[id: string, allowance: Allowance, parts: Partial<History>, expected?: string]>([
  ["past the bound", "none", { reads: [read(11_051, 1)] }, past],
  ["at the bound", "none", { reads: [read(11_050, 1)] }],
  [
    "stale until it is refreshed",
    "while-revalidating",
    { reads: [read(11_051, 1, stale), read(11_100, 1, stale), read(11_500, 2)] },
  ],
  ["fresh", "while-revalidating", { reads: [read(11_051, 1)] }, past],
  ["never refreshed", "while-revalidating", { reads: unrefreshed }, past],
  [
    "never refreshed, because the origin failed",
    "while-revalidating",
    { reads: unrefreshed, originErrors },
  ],
  ["instead of an error", "if-error", { reads: [read(20_000, 1, staleIfError)] }],
  ["without an error", "if-error", { reads: [read(20_000, 1)] }, past],
  [
    "after an earlier hard purge",
    "while-revalidating",
    { ...hidden, reads: [read(11_100, 1)] },
    purged,
  ],
])("judges an answer after a soft purge: %s, %s", (_, allowance, parts, expected) => {
  const { violations } = check(historyOf({ ...softly, ...parts }, allowance));
  expect(violations.map(({ rule }) => rule)).toEqual(expected === undefined ? [] : [expected]);
});

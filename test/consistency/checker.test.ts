// The checker itself, on histories made by hand: what it must find, and what it must let pass.
import { expect, it } from "vitest";
import { check } from "../../testing/consistency/checker/checker.ts";
import { historyOf, page, purge, read, written } from "./hand-made.ts";
import type { Allowance, History } from "../../testing/consistency/checker/operations.ts";

interface Row {
  readonly id: string;
  readonly allowance?: Allowance;
  readonly parts: Partial<History>;
  readonly expected: readonly string[];
}

/** A purge that was accepted, and a read of the version before it so long after its 200. */
const staleRead = (afterMs: number, parts: Partial<History> = {}): Partial<History> => ({
  purges: [purge()],
  journal: [written],
  reads: [read(10_050 + afterMs, 1)],
  ...parts,
});

const covering = [
  { tags: ["all"] },
  { urls: ["http://site.test/a/1"] },
  { prefixes: ["/a/"] },
  { prefixes: ["http://site.test/a/"] },
  { everything: true },
].map((order) => ({
  id: `covered: ${JSON.stringify(order)}`,
  parts: staleRead(1_001, { purges: [purge({ order })] }),
  expected: ["purged-version"],
}));

const passing = [
  { tags: ["another"] },
  { urls: ["http://site.test/a/2"] },
  { prefixes: ["/b/"] },
  { prefixes: ["http://elsewhere.test/a/"] },
].map((order) => ({
  id: `not covered: ${JSON.stringify(order)}`,
  parts: staleRead(5_000, { purges: [purge({ order })] }),
  expected: [],
}));

/** Sent again at 10,100, when version 3 was written: answered by the entry of before, or by another. */
const again = (position: string): Partial<History> =>
  staleRead(1_600, {
    writes: [
      { path: page.path, version: 2, atMs: 9_000 },
      { path: page.path, version: 3, atMs: 10_090 },
    ],
    purges: [
      purge(),
      purge({
        invokedAtMs: 10_100,
        returnedAtMs: 10_110,
        outcome: { kind: "accepted", position },
      }),
    ],
    journal: [written, { ...written, atMs: 10_105, position: "6-0", n: "n6" }],
    reads: [read(11_650, 2)],
  });

const repeated: readonly Row[] = [
  { id: "answered by the entry of before", parts: again("5-0"), expected: [] },
  { id: "answered by an entry of its own", parts: again("6-0"), expected: ["purged-version"] },
];

const lagged = (lagMs: number) => [{ fromMs: 0, lagMs }];
const ofBound: readonly Row[] = [
  { id: "at the bound", parts: staleRead(1_000), expected: [] },
  { id: "past the bound", parts: staleRead(1_001), expected: ["purged-version"] },
  {
    id: "a replica lag within the allowance adds nothing",
    parts: staleRead(1_001, { replicaLags: lagged(200) }),
    expected: ["purged-version"],
  },
  {
    id: "one beyond it adds what is beyond",
    parts: staleRead(1_300, { replicaLags: lagged(500) }),
    expected: [],
  },
  {
    id: "and no more",
    parts: staleRead(1_301, { replicaLags: lagged(500) }),
    expected: ["purged-version"],
  },
  {
    id: "a lag that was over before the purge adds nothing",
    parts: staleRead(1_001, {
      replicaLags: [
        { fromMs: 0, lagMs: 500 },
        { fromMs: 9_000, lagMs: 0 },
      ],
    }),
    expected: ["purged-version"],
  },
  {
    id: "the new version",
    parts: staleRead(0, { reads: [read(20_000, 2)] }),
    expected: [],
  },
  {
    id: "a version that was written after the purge was sent",
    parts: staleRead(0, {
      writes: [
        { path: page.path, version: 2, atMs: 9_000 },
        { path: page.path, version: 3, atMs: 10_001 },
      ],
      reads: [read(20_000, 2)],
    }),
    expected: [],
  },
];

const refused = purge({ outcome: { kind: "refused", why: "try-later" } });
const retried = purge({
  invokedAtMs: 15_000,
  returnedAtMs: 15_020,
  outcome: { kind: "accepted", position: "9-0" },
});
const ofRefusal: readonly Row[] = [
  {
    id: "nothing is claimed of a refused purge",
    parts: staleRead(20_000, { purges: [refused] }),
    expected: [],
  },
  {
    id: "nor of one that was refused and written, for a colo that has shown nothing newer",
    parts: staleRead(20_000, { purges: [refused], journal: [written] }),
    expected: [],
  },
  {
    id: "a colo that has shown what came after it does not go back",
    parts: staleRead(0, { purges: [refused], reads: [read(10_500, 2), read(12_000, 1)] }),
    expected: ["went-back"],
  },
  {
    id: "but another may be behind",
    parts: staleRead(0, {
      purges: [refused],
      reads: [read(10_500, 2, { colo: "east" }), read(12_000, 1)],
    }),
    expected: [],
  },
  {
    id: "and it may go back if nothing was written",
    parts: staleRead(0, {
      purges: [refused],
      journal: [],
      reads: [read(10_500, 2), read(12_000, 1)],
    }),
    expected: [],
  },
  {
    id: "its accepted retry counts, from its own 200",
    parts: staleRead(0, {
      purges: [refused, retried],
      journal: [written, { ...written, position: "9-0", n: "n9", atMs: 15_010 }],
      reads: [read(16_020, 1), read(16_021, 1)],
    }),
    expected: ["purged-version"],
  },
  {
    id: "a 200 that nothing was written for",
    parts: { purges: [purge()] },
    expected: ["accepted-unwritten"],
  },
  {
    id: "a 200 before its entry was written",
    parts: { purges: [purge()], journal: [{ ...written, atMs: 10_060 }] },
    expected: ["accepted-unwritten"],
  },
];

const softly = { purges: [purge({ order: { tags: ["one"], mode: "soft" } })], journal: [written] };
const staleIfError = { cacheStatus: "tidemark; fwd=stale; detail=stale-if-error" };
/** Stale answers of one colo, each longer after the one before than a refresh may take. */
const stale = { cacheStatus: "tidemark; hit; ttl=-1; detail=memory" };
const unrefreshed = [20_000, 26_000, 32_000].map((atMs) => read(atMs, 1, stale));
const ofSoft: readonly Row[] = [
  {
    id: "soft, without an allowance",
    parts: { ...softly, reads: [read(11_051, 1)] },
    expected: ["soft-purged-version"],
  },
  {
    id: "soft, at the bound",
    parts: { ...softly, reads: [read(11_050, 1)] },
    expected: [],
  },
  {
    id: "soft, stale while it is refreshed",
    allowance: "while-revalidating",
    parts: { ...softly, reads: [read(11_051, 1, stale), read(11_100, 1, stale), read(11_500, 2)] },
    expected: [],
  },
  {
    id: "soft, and answered as fresh",
    allowance: "while-revalidating",
    parts: { ...softly, reads: [read(11_051, 1)] },
    expected: ["soft-purged-version"],
  },
  {
    id: "soft, never refreshed",
    allowance: "while-revalidating",
    parts: { ...softly, reads: unrefreshed },
    expected: ["soft-purged-version"],
  },
  {
    id: "soft, not refreshed because the origin failed",
    allowance: "while-revalidating",
    parts: {
      ...softly,
      reads: unrefreshed,
      originErrors: [{ path: page.path, atMs: 25_000 }],
    },
    expected: [],
  },
  {
    id: "soft, in place of an error",
    allowance: "if-error",
    parts: { ...softly, reads: [read(20_000, 1, staleIfError)] },
    expected: [],
  },
  {
    id: "soft, where only an error would allow it",
    allowance: "if-error",
    parts: { ...softly, reads: [read(20_000, 1)] },
    expected: ["soft-purged-version"],
  },
  {
    id: "a soft purge after a hard one hides it not",
    allowance: "while-revalidating",
    parts: {
      purges: [purge(), { ...softly.purges[0]!, id: "s", invokedAtMs: 10_060 }],
      journal: [written, { ...written, id: "s" }],
      reads: [read(11_100, 1)],
    },
    expected: ["purged-version"],
  },
];

const hitAt = (atMs: number, colo: string) => read(atMs, 2, { colo });
const quiet = { fromMs: 50_000, untilMs: 60_000 };
const miss = { cacheStatus: "tidemark; fwd=stale; fwd-status=200; stored" };
const ofQuiet: readonly Row[] = [
  {
    id: "hits return everywhere",
    parts: { quiet, reads: [hitAt(51_000, "east"), hitAt(60_000, "west")] },
    expected: [],
  },
  {
    id: "a hit after the time for it",
    parts: { quiet, reads: [hitAt(51_000, "east"), hitAt(60_001, "west")] },
    expected: ["no-hit-after-quiet"],
  },
  {
    id: "answers from the origin alone",
    parts: { quiet, reads: [hitAt(51_000, "east"), read(52_000, 2, { ...miss, colo: "west" })] },
    expected: ["no-hit-after-quiet"],
  },
];

it.each<Row>([
  ...covering,
  ...passing,
  ...repeated,
  ...ofBound,
  ...ofRefusal,
  ...ofSoft,
  ...ofQuiet,
])("$id", ({ parts, allowance, expected }) => {
  const { violations } = check(historyOf(parts, allowance));
  expect(violations.map(({ rule }) => rule)).toEqual(expected);
});

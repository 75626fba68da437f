// Tests the demands of the attack bench, which compare honest requests during an attack with a calm
// site.
import { expect, it } from "vitest";
import type { Attack } from "../../bench/attack/attack.ts";
import { calmOf, isAllowed, judged } from "../../bench/attack/demands.ts";
import { pageReport } from "../../bench/attack/report.ts";
import type { Row } from "../../bench/attack/row.ts";

const attack: Attack = {
  name: "one",
  said: "one attack",
  manner: "ask",
  rateShare: 1,
  asking: () => ({ path: "/" }),
};

interface Given {
  readonly tookMs?: readonly number[];
  readonly faults?: Row["honest"]["faults"];
  readonly commands?: Row["commands"];
  readonly originRequests?: number;
  readonly hasEnded?: boolean;
  readonly alsoHitShare?: number;
  readonly crowdSlowestMs?: readonly number[];
  readonly heldBytes?: number;
}

function calmRow(given: Given = {}): Row {
  const { tookMs = [10], faults, commands = {}, originRequests = 100 } = given;
  const { hasEnded = false, alsoHitShare = 1, heldBytes = 0 } = given;
  return {
    attack: undefined,
    honest: { tookMs, hitTookMs: tookMs, faults: faults ?? new Map(), lateMsMax: 0, alsoHitShare },
    assault: undefined,
    originRequests,
    commands,
    heldBytes,
    lateMsMax: 0,
    hasEnded,
  };
}

const attackedRow = (given: Given, by: Partial<Attack> = {}): Row => ({
  ...calmRow(given),
  attack: { ...attack, ...by },
  assault: {
    sentCount: 100,
    notSentCount: 0,
    statuses: new Map([[404, 100]]),
    crowdSlowestMs: given.crowdSlowestMs ?? [],
    lateMsMax: 0,
  },
});

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

it("`calmOf` joins calm rows: percentiles of all requests, and means of counts", () => {
  const rows = [
    calmRow({ tookMs: upTo(100), commands: { SET: 10 } }),
    calmRow({ tookMs: upTo(100).map((ms) => ms + 100), commands: { SET: 20, GET: 4 } }),
  ];
  const calm = calmOf(rows);
  expect(calm).toMatchObject({ p99Ms: 198, originRequests: 100 });
  expect(calm.commands).toEqual({ SET: 15, GET: 2 });
});

const calm = calmOf([calmRow({ commands: { SET: 50 } })]);

it.each([
  { id: "all-at-the-bounds", given: { tookMs: [20], commands: { SET: 300 } }, broken: [] },
  { id: "p99", given: { tookMs: [20.1] }, broken: ["p99"] },
  { id: "an-error", given: { faults: new Map([["status 502", 1]]) }, broken: ["errors"] },
  { id: "the-runtime", given: { hasEnded: true }, broken: ["the runtime ended"] },
  { id: "hits", given: { alsoHitShare: 0.89 }, broken: ["hits in the end"] },
  { id: "commands", given: { commands: { SET: 100, GET: 201 } }, broken: ["commands"] },
  {
    id: "crowds",
    given: { tookMs: [30], crowdSlowestMs: [6_000, 7_100, 8_000] },
    broken: ["crowds"],
  },
])("`judged` finds a broken demand: $id", ({ given, broken }) => {
  expect(judged(attackedRow(given), calm).broken).toEqual(broken);
});

it("`judged` applies an attack's own demands", () => {
  const demands = { p99RatioMax: 1.5, heldBytesMax: 64 };
  const broken = (given: Given) => judged(attackedRow(given, { demands }), calm).broken;
  expect(broken({ tookMs: [15], heldBytes: 64 })).toEqual([]);
  expect(broken({ tookMs: [15.1], heldBytes: 65 })).toEqual(["p99", "memory"]);
});

it("`judged` subtracts the calm requests and commands from those of an attack", () => {
  const row = attackedRow({ originRequests: 220, commands: { SET: 150, GETRANGE: 30, GET: 4 } });
  expect(judged(row, calm)).toMatchObject({ originBeyondCalm: 120, commandsEach: 1.34 });
});

it("`isAllowed` permits a broken demand in an attack that needs the rate limiter", () => {
  const row = attackedRow({ tookMs: [30] }, { limiterNeeded: "Each goes to the origin." });
  expect(isAllowed(row, judged(row, calm))).toBe(true);
  const other = attackedRow({ tookMs: [30] });
  expect(isAllowed(other, judged(other, calm))).toBe(false);
});

it("a calm row may have slow requests, but no errors", () => {
  expect(judged(calmRow({ tookMs: [50] }), calm).broken).toEqual([]);
  const faulty = calmRow({ faults: new Map([["wrong body", 2]]) });
  expect(isAllowed(faulty, judged(faulty, calm))).toBe(false);
});

it("`pageReport` has figures of attacks that miss a demand, and the number of the others", () => {
  const given = { tookMs: [30], originRequests: 220, commands: { SET: 49 } };
  const rows = [calmRow(), attackedRow(given), attackedRow({}, { said: "another" })];
  const pace = { seconds: 60, attackPerSecond: 100, honestPerSecond: 150 };
  const lines = pageReport(rows, calm, { machine: "2 cores", pace }).split("\n");
  expect(lines.filter((line) => line.startsWith("| ")).slice(1)).toEqual([
    "| one attack | 3.00 | 1.20 | -0.01 | p99 |",
  ]);
  expect(lines.at(-1)).toMatch(/^1 other attacks meet all demands/);
});

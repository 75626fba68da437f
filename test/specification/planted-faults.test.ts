// Plays traces of code with planted faults by the specification of the purge protocol. It rejects
// each fault at the faulty step, and names the rule. The same histories of the sound code are accepted.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { historyOf } from "../../testing/simulation/history.ts";
import { requestHistoryOf } from "../../testing/simulation/request-history.ts";
import { partsWithCopies } from "../../testing/simulation/simulated-copies.ts";
import { isSpinInstalled, type TraceVerdict, Verifier } from "../../testing/specification/spin.ts";
import { type FaultRow, rowsOfViews } from "./fault-rows.ts";
import { rowsOfRequests } from "./fault-rows-of-requests.ts";

const rows = [...rowsOfViews, ...rowsOfRequests];

/** The maximum number of histories until a fault shows, several times the usual number. */
const within = 100;
const seedsInTurn = 5;

async function recorded(row: FaultRow, seed: number, isPlanted: boolean): Promise<string[]> {
  const trace: string[] = [];
  const { siteParts, warmShare = 0, kind = "ordinary", copies, parts = {} } = row;
  const given = { kind, trace };
  if (siteParts !== undefined) {
    const planted = isPlanted ? siteParts : {};
    await requestHistoryOf(seed, { ...given, siteParts: planted, warmShare });
  } else if (copies !== undefined) {
    const { parts: sharing } = partsWithCopies(isPlanted ? { Copies: copies } : {});
    await historyOf(seed, { ...given, parts: sharing });
  } else {
    await historyOf(seed, { ...given, parts: isPlanted ? parts : {} });
  }
  return trace;
}

describe.runIf(isSpinInstalled)("the specification rejects traces of a planted fault", () => {
  let verifier: Verifier;
  beforeAll(async () => (verifier = await Verifier.compile("traces")));
  afterAll(async () => verifier.remove());

  /** Returns the first seed whose trace is rejected as the row says; `undefined` if there is none. */
  async function seedOf(row: FaultRow): Promise<number | undefined> {
    const { fromSeed = 0, step, refusal } = row;
    for (let first = fromSeed; first < fromSeed + within; first += seedsInTurn) {
      const seeds = Array.from({ length: seedsInTurn }, (_, at) => first + at);
      const traces: string[][] = [];
      for (const seed of seeds) traces.push(await recorded(row, seed, true));
      const verdicts = await verifier.play(traces);
      const isRightly = (verdict: TraceVerdict) =>
        verdict.kind === "rejected" && verdict.step === step && verdict.rules.includes(refusal);
      const at = verdicts.findIndex(isRightly);
      if (at >= 0) return seeds[at];
    }
    return undefined;
  }

  it.each(rows)("rule $rule: $fault, at $step, by $refusal", async (row) => {
    const seed = await seedOf(row);
    expect(seed).toBeDefined();
    const sound = await recorded(row, seed ?? 0, false);
    expect(await verifier.play([sound])).toEqual([{ kind: "accepted" }]);
  });

  it("names at least 20 faults, each once", () => {
    const names = rows.map(({ rule, fault }) => `${rule}: ${fault}`);
    expect(new Set(names).size).toBe(rows.length);
    expect(rows.length).toBeGreaterThan(20);
  });
});

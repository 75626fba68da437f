// Plays traces of code with planted faults by the specification of the purge protocol. It rejects
// each fault at the faulty step, and names the rule. The same histories of the sound code are accepted.
// test/proof/traces.test.ts has the faults in rules that the proof covers.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { historyOf } from "../../testing/simulation/history.ts";
import { isSpinInstalled, type TraceVerdict, Verifier } from "../../testing/specification/spin.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";
import { type Row, rows as plantedRows } from "../simulation/planted-rows.ts";

interface FaultRow extends Pick<Row, "rule" | "fault" | "parts"> {
  readonly kind?: WorldKind | undefined;
  /** The first seed, shortly before one that shows the fault. Default: 0. */
  readonly fromSeed?: number;
  /** The step of the rejected event. */
  readonly step: string;
  /** The condition that the event does not meet. */
  readonly refusal: string;
}

type Refused = [fault: string, step: string, refusal: string];
/** The faults of planted-rows.ts that leave a trace, with the step that is rejected and its condition. */
const refused: readonly Refused[] = [
  ["a repeated webhook is answered without a read-back", "wait", "22 due"],
  ["a repeated webhook is answered without a read-back", "answer_sender", "21 read"],
  ["no entry is read back", "confirm", "22 stands"],
  ["a lost entry that the lineages lack is not appended again", "confirm", "22 stands"],
];
const rows = refused.map(([fault, step, refusal]): FaultRow => {
  const row = plantedRows.find((one) => one.fault === fault);
  if (row === undefined) throw new Error(`No row of planted-rows.ts is named ${fault}.`);
  const { fromSeed: _, ...given } = row;
  return Object.assign(given, { step, refusal });
});

/** The maximum number of histories until a fault shows, several times the usual number. */
const within = 100;
const seedsInTurn = 5;

async function recorded(row: FaultRow, seed: number, isPlanted: boolean): Promise<string[]> {
  const trace: string[] = [];
  const { kind = "ordinary", parts = {} } = row;
  await historyOf(seed, { kind, trace, parts: isPlanted ? parts : {} });
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
});

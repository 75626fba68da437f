// Plays traces of the real code by the specification of the purge protocol: simulated histories of
// views. Each event of the journal must be a possible step. The proof plays all other events.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { historyOf } from "../../testing/simulation/history.ts";
import { requestHistoryOf } from "../../testing/simulation/request-history.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";
import { isSpinInstalled, Verifier } from "../../testing/specification/spin.ts";

async function recorded(kind: WorldKind, count: number): Promise<string[][]> {
  const traces: string[][] = [];
  for (let seed = 0; seed < count; seed += 1) {
    const trace: string[] = [];
    await historyOf(seed, { kind, trace });
    traces.push(trace);
  }
  return traces;
}

const views: readonly WorldKind[] = [
  "ordinary",
  "failing",
  "crossing",
  "diverging",
  "trimming",
  "resending",
  "overrun",
];
describe.runIf(isSpinInstalled)("the specification accepts traces of the code", () => {
  let verifier: Verifier;
  beforeAll(async () => (verifier = await Verifier.compile("traces")));
  afterAll(async () => verifier.remove());

  it.each(views)("of views: %s", async (kind) => {
    const traces = await recorded(kind, 24);
    const verdicts = await verifier.play(traces);
    expect(verdicts.filter((one) => one.kind === "rejected")).toEqual([]);
    // An empty trace would be accepted, too.
    const counts = traces.map(({ length }) => length);
    expect(Math.min(...counts)).toBeGreaterThan(20);
  });
});

describe("a trace", () => {
  it.each([
    { of: "views", run: historyOf },
    { of: "requests", run: requestHistoryOf },
  ])("changes no history of $of", async ({ run }) => {
    const told = async (trace: string[] | undefined) => {
      const lines: string[] = [];
      await run(11, { trace, tell: (line) => void lines.push(line) });
      return lines;
    };
    expect(await told([])).toEqual(await told(undefined));
  });
});

// Plays traces of the real code by the specification of the purge protocol: simulated histories of
// views, of views with copies, and of requests. Each event must be a possible step.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { historyOf } from "../../testing/simulation/history.ts";
import { requestHistoryOf } from "../../testing/simulation/request-history.ts";
import { partsWithCopies } from "../../testing/simulation/simulated-copies.ts";
import type { WorldKind } from "../../testing/simulation/simulated-weather.ts";
import { isSpinInstalled, Verifier } from "../../testing/specification/spin.ts";

type Recorder = (seed: number, trace: string[]) => Promise<unknown>;

const ofViews =
  (kind: WorldKind): Recorder =>
  (seed, trace) =>
    historyOf(seed, { kind, trace });

const ofCopies =
  (kind: WorldKind): Recorder =>
  (seed, trace) =>
    historyOf(seed, { kind, trace, parts: partsWithCopies().parts });

const ofRequests =
  (kind: WorldKind): Recorder =>
  (seed, trace) =>
    requestHistoryOf(seed, { kind, trace, warmShare: seed % 4 === 0 ? 0.5 : 0 });

async function recorded(record: Recorder, from: number, count: number): Promise<string[][]> {
  const traces: string[][] = [];
  for (let seed = from; seed < from + count; seed += 1) {
    const trace: string[] = [];
    await record(seed, trace);
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
  "turned-back",
  "resending",
  "overrun",
];
const requests: readonly WorldKind[] = [
  "ordinary",
  "crossing",
  "lying",
  "trimming",
  "turned-back",
  "cached",
];

const rows = [
  ...views.map((kind) => ({ of: "views", kind, record: ofViews(kind), count: 24 })),
  ...views.map((kind) => ({ of: "copies", kind, record: ofCopies(kind), count: 12 })),
  ...requests.map((kind) => ({ of: "requests", kind, record: ofRequests(kind), count: 6 })),
];

describe.runIf(isSpinInstalled)("the specification accepts traces of the code", () => {
  let verifier: Verifier;
  let playedCount = 0;
  beforeAll(async () => (verifier = await Verifier.compile("traces")));
  afterAll(async () => verifier.remove());

  it.each(rows)("$count of $of: $kind", async ({ record, count }) => {
    const traces = await recorded(record, 0, count);
    const verdicts = await verifier.play(traces);
    expect(verdicts.filter(({ kind }) => kind === "rejected")).toEqual([]);
    // An empty trace would be accepted, too.
    const counts = traces.map(({ length }) => length);
    expect(Math.min(...counts)).toBeGreaterThan(20);
    playedCount += count;
  });

  it("at least 300 in all", () => {
    expect(playedCount).toBeGreaterThanOrEqual(300);
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

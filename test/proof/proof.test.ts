// Proves the promise of the purge protocol for any number of isolates, colos, entries, responses and
// reads. Without one of its rules, the proof must fail.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { obligations, rules, textsOf } from "../../testing/proof/obligations.ts";
import { Solver } from "../../testing/proof/solver.ts";

let solver: Solver;
beforeAll(async () => (solver = await Solver.start()));
afterAll(async () => solver.stop());

/** Returns the names of goals by their verdicts. */
async function verdictsOf(one: (typeof obligations)[number]) {
  const { hypotheses, goals } = textsOf(one);
  const verdicts = await solver.verdicts(
    hypotheses,
    goals.map(({ text }) => text),
  );
  return goals.flatMap(({ name }, at) => verdicts[at] === "proved" ? [] : [`${verdicts[at]}: ${name}`]);
}

describe("the solver proves", () => {
  it.each(obligations)("$of", async (one) => {
    expect(await verdictsOf(one)).toEqual([]);
  });
  it("with rules", () => expect(rules.length).toBeGreaterThan(40));
});

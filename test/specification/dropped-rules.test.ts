// Drops each condition of the purge protocol's specification that the proof does not drop. The search
// must then find a state that breaks an invariant. So each invariant can fail, and each condition is
// necessary.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rules as ofProof } from "../../testing/proof/obligations.ts";
import { scopes, settingsOf } from "../../testing/specification/scopes.ts";
import { type Invariant, isSpinInstalled, Verifier } from "../../testing/specification/spin.ts";

interface Row {
  readonly rule: string;
  readonly scope: string;
  readonly breaks: Invariant;
}

const rows: readonly Row[] = [
  { rule: "20 stays", scope: "repeats", breaks: "bound" },
  { rule: "21 read", scope: "repeats", breaks: "forgot" },
  { rule: "22 due", scope: "losses", breaks: "bound" },
  { rule: "22 stands", scope: "trimming", breaks: "bound" },
  { rule: "22 trimmed", scope: "trimming", breaks: "bound" },
  { rule: "22 again", scope: "losses", breaks: "bound" },
];

/** Conditions without a counterexample. traces.test.ts shows most of them in the code. */
const withoutRow: Readonly<Record<string, string>> = {
  "22 gone": "only adds cost: a purge is appended twice",
};

describe.runIf(isSpinInstalled)("without one of its conditions, the protocol breaks", () => {
  let verifier: Verifier;
  beforeAll(async () => (verifier = await Verifier.compile("search")));
  afterAll(async () => verifier.remove());

  it.each(rows)("$breaks, without rule $rule", async (row) => {
    const { rule, scope: name, breaks } = row;
    const scope = scopes.find((each) => each.name === name);
    if (scope === undefined) throw new Error(`There is no scope ${name}.`);
    const { broken, steps } = await verifier.search(settingsOf(scope), rule);
    expect(broken).toBe(breaks);
    expect(steps.length).toBeGreaterThan(2);
  });
});

describe("each condition of the specification", () => {
  const text = readFileSync("testing/specification/rules.h", "utf8");
  const rules = [...text.matchAll(/X\(R\w+, "([^"]+)"\)/g)].map(([, name = ""]) => name);

  it("has a row here, a reason for having none, or a row in the test of the proof", () => {
    const named = [...rows.map(({ rule }) => rule), ...Object.keys(withoutRow)];
    expect(rules.filter((rule) => !named.includes(rule) && !ofProof.includes(rule))).toEqual([]);
  });
});

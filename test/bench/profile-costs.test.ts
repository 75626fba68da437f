// Tests how the time of a CPU profile is assigned to functions of the bundle.
import { expect, it } from "vitest";
import { costsOf } from "../../bench/profile/costs.ts";

const bundle = [
  "var first = 1;",
  "// node_modules/@scope/lib/dist/index.js",
  "function lib() {}",
  "// src/serve/a.ts",
  "function a() {}",
  "const b = () => a();",
].join("\n");

const frame = (functionName: string, lineNumber?: number) => ({
  functionName,
  url: lineNumber === undefined ? "" : "worker.js",
  lineNumber: lineNumber ?? -1,
});

const profile = {
  nodes: [
    { id: 1, callFrame: frame("(root)"), children: [2, 3, 4, 7] },
    { id: 2, callFrame: frame("(idle)") },
    { id: 3, callFrame: frame("lib", 2) },
    { id: 4, callFrame: frame("a", 4), children: [5, 6] },
    { id: 5, callFrame: frame("Response") },
    { id: 6, callFrame: frame("", 5) },
    { id: 7, callFrame: frame("") },
  ],
  samples: [2, 3, 4, 5, 6, 6, 7],
  timeDeltas: [30, 10, 10, 20, 10, 5, 15],
};

it("`costsOf` gives each function its own time, and lists the runtime's time separately", () => {
  const { functions, idleShare, sampleCount } = costsOf(profile, bundle);
  expect(sampleCount).toBe(7);
  expect(idleShare).toBe(0.3);
  const seen = functions.map(({ what, where, share }) => [what, where, Math.round(100 * share)]);
  expect(seen).toEqual([
    ["Response, for a", "runtime", 20],
    ["`const b = () => a();`", "src/serve/a.ts", 15],
    ["unnamed functions", "runtime", 15],
    ["lib", "@scope/lib", 10],
    ["a", "src/serve/a.ts", 10],
  ]);
});

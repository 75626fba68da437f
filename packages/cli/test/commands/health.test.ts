// Tests the output and the exit code of `tidemark health`.
import { expect, it } from "vitest";
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { operatorAt, operatorOf, operatorTold } from "../fakes/operator.ts";

const sick: OperatorAnswer<"health"> = {
  status: "unable",
  summary: "Found: 1 critical, 1 info.",
  scope: "This isolate.",
  at: "2026-11-01T00:00:00.000Z",
  version: "0.1.0",
  colo: "FRA",
  findings: [
    {
      code: "origin-down",
      level: "critical",
      about: 'origin "default"',
      what: "Misses fail.",
      since: "2026-10-31T23:59:00.000Z",
      cause: "It does not answer.",
      remedy: "Start it.",
      details: "503",
    },
    {
      code: "bypass-set",
      level: "info",
      what: "A route is bypassed.",
      since: null,
      cause: "BYPASS names it.",
      remedy: "Unset BYPASS.",
    },
  ],
  notLookedAt: ["clocks: Redis did not answer"],
};

const asked = async (told: unknown, status: number, args: readonly string[] = []) =>
  (await operatorTold(told, status)).runs(["health", ...args]);

it("health shows the findings of the real application, and exits with 3", async () => {
  const { user } = await operatorAt();
  const { code, out, notes } = await user.runs(["health"]);
  expect({ code, notes }).toEqual({ code: 3, notes: "" });
  expect(out).toMatch(/^degraded: Found: [^\n]+\n\n\w+ redis-[^]*\n {2}Cause: [^]*\n {2}Remedy: /);
});

it.each([
  ["ok", 200, 0],
  ["degraded", 200, 3],
  ["unable", 503, 3],
])(
  "for the status %s with HTTP status %i, health exits with %i, and shows the answer as JSON",
  async (status, http, code) => {
    expect((await asked({ ...sick, status }, http)).code).toBe(code);
    const asJson = await asked({ ...sick, status }, http, ["--json"]);
    expect(asJson.code).toBe(code);
    expect(JSON.parse(asJson.out)).toEqual({ ...sick, status });
  },
);

it("health shows each finding with its cause and remedy, and the omitted checks", async () => {
  const { out } = await asked(sick, 503);
  expect(out).toBe(`unable: Found: 1 critical, 1 info.

critical origin-down, origin "default", since 2026-10-31T23:59:00.000Z
  Misses fail.
  Cause: It does not answer.
  Remedy: Start it.
  Details: 503

info bypass-set
  A route is bypassed.
  Cause: BYPASS names it.
  Remedy: Unset BYPASS.

Not checked: clocks: Redis did not answer
Checked from FRA, version 0.1.0. This isolate.
`);
});

it("health names no colo of a site that has none", async () => {
  const { out } = await asked({ ...sick, colo: "" }, 503);
  expect(out).toContain("\nChecked version 0.1.0. This isolate.\n");
});

it("health exits with 1 for a Worker without operate, and shows its status in the error", async () => {
  const { code, out, notes } = await asked({ status: "degraded" }, 200);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(notes).toContain("which is degraded: its Worker was created without operate.");
});

it("health rejects a 503 from a server that is not Tidemark", async () => {
  const user = await operatorOf(async () => new Response("<h1>away</h1>", { status: 503 }));
  const { code, notes } = await user.runs(["health"]);
  expect(code).toBe(1);
  expect(notes).toContain("did not answer like Tidemark");
});

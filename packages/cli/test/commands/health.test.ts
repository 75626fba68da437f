// `tidemark health`: what is printed, and the exit code.
import { describe, expect, it } from "vitest";
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { FakeUser } from "../fakes/fake-world.ts";
import { openReached, operatorEnv } from "../fakes/site-as-fetch.ts";

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

const asked = async (told: unknown, status: number, args: readonly string[] = []) => {
  const user = await FakeUser.at({
    fetch: async () => Response.json(told, { status }),
    env: operatorEnv,
  });
  return user.runs(["health", ...args]);
};

it("tells what the site finds: here, a stand-in for the database that tells nothing of itself", async () => {
  const user = await FakeUser.at({ fetch: openReached().fetch, env: operatorEnv });
  const { code, out, notes } = await user.runs(["health"]);
  expect({ code, notes }).toEqual({ code: 3, notes: "" });
  expect(out).toMatch(/^degraded: Found: [^\n]+\n\n\w+ redis-[^]*\n {2}Cause: [^]*\n {2}Remedy: /);
});

const states = [
  { status: "ok", http: 200, code: 0 },
  { status: "degraded", http: 200, code: 3 },
  { status: "unable", http: 503, code: 3 },
] as const;

describe("the exit code", () => {
  it.each(states)("$status", async ({ status, http, code }) => {
    expect((await asked({ ...sick, status }, http)).code).toBe(code);
    const asJson = await asked({ ...sick, status }, http, ["--json"]);
    expect(asJson.code).toBe(code);
    expect(JSON.parse(asJson.out)).toEqual({ ...sick, status });
  });
});

it("tells each finding with cause and remedy, and what was not looked at", async () => {
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

it("says so where the site has no ADMIN_TOKEN, and tells its status alone", async () => {
  const { code, out, notes } = await asked({ status: "degraded" }, 200);
  expect({ code, out }).toEqual({ code: 1, out: "" });
  expect(notes).toContain("which is degraded: its Worker has no ADMIN_TOKEN");
});

it("does not take another 503 for an answer", async () => {
  const fetch = async () => new Response("<h1>away</h1>", { status: 503 });
  const user = await FakeUser.at({ fetch, env: operatorEnv });
  const { code, notes } = await user.runs(["health"]);
  expect(code).toBe(1);
  expect(notes).toContain("did not answer like Tidemark");
});

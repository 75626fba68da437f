// Tests the output and the exit code of `tidemark health`.
import { expect, it } from "vitest";
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { operatorAt, operatorOf, operatorTold } from "../fakes/operator.ts";

const sick: OperatorAnswer<"health"> = {
  status: "unable",
  at: "2026-11-01T00:00:00.000Z",
  version: "0.1.0",
  colo: "FRA",
  findings: [
    {
      code: "origin-unreachable",
      level: "critical",
      about: 'origin "default"',
      since: "2026-10-31T23:59:00.000Z",
      values: { failures: ["unreachable: 2"], lastAt: "2026-10-31T23:59:30.000Z" },
    },
    { code: "bypass-set", level: "info", since: null, values: { routes: ["news"], unknown: [] } },
    { code: "of-a-newer-site", level: "info", since: null, values: { count: 3 } },
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
    expect(JSON.parse(asJson.out)).toMatchObject({ ...sick, status });
  },
);

it("health shows each finding with its cause and remedy, and the omitted checks", async () => {
  const { out } = await asked(sick, 503);
  expect(out).toBe(`unable: Found: 1 critical, 2 info.

critical origin-unreachable, origin "default", since 2026-10-31T23:59:00.000Z
  The origin "default" could not be reached.
  Cause: Its server is down, or the network between Tidemark and the server is interrupted.
  Remedy: Check that its server runs, and that no firewall stops requests from Tidemark.
  Details: Failed requests since this isolate started: "unreachable: 2". The last failure was at 2026-10-31T23:59:30.000Z.

info bypass-set
  These routes go straight to the origin: "news". Tidemark looks up nothing and stores nothing for these requests.
  Cause: The variable BYPASS is set.
  Remedy: To use the cache again, unset BYPASS, and deploy.

info of-a-newer-site
  of-a-newer-site
  Cause: {"count":3}
  Remedy: Update the command: it does not know this finding.

Not checked: clocks: Redis did not answer
Checked from FRA, version 0.1.0: one isolate, its stores, and the counts of all isolates. Other isolates may have other troubles.
`);
});

it("health names no colo of a site that has none", async () => {
  const { out } = await asked({ ...sick, colo: "" }, 503);
  expect(out).toContain("\nChecked version 0.1.0: one isolate");
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

it("health shows the hit rates, with all other names in one line", async () => {
  const rate = { requests: 1200, hits: 1100, hitRate: 1100 / 1200 };
  const hitRates = {
    since: "2026-11-01T00:00:00.000Z",
    all: rate,
    routes: [{ name: "pages", ...rate }],
    prefixes: [
      { name: "/blog", ...rate },
      { name: "*", requests: 0, hits: 0, hitRate: null },
    ],
    namespaces: [],
  };
  const { out } = await asked({ ...sick, hitRates }, 503);
  expect(out).toContain(`
Hit rates since 2026-11-01T00:00:00.000Z, of the requests that were looked up:
                     requests  hit rate
site                     1200    91.6 %
route  pages             1200    91.6 %
path   /blog             1200    91.6 %
path   (all others)         0         -
`);
});

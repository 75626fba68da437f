// Tests `tidemark stats`: the counts of all isolates, and of one isolate.
import { describe, expect, it } from "vitest";
import type { OperatorAnswer } from "../../../../src/protocol/answers.ts";
import { operatorAt, operatorTold } from "../fakes/operator.ts";

const requests = (route: string, result: string, value: number) => ({
  name: "tidemark_requests_total",
  labels: { route, result, tier: "memory" },
  value,
});

const waits = (route: string, result: string, counts: readonly number[]) => ({
  name: "tidemark_response_seconds",
  labels: { route, result, tier: "shared" },
  counts,
  sum: 0,
});

const told: OperatorAnswer<"metrics"> = {
  startedAt: "2026-10-01T00:00:00.000Z",
  at: "2026-11-01T00:00:00.000Z",
  counters: [
    requests("news", "hit", 80),
    requests("news", "stale-hit", 10),
    requests("news", "stored", 10),
    requests("news", "passed", 5),
    requests("news", "limited", 2),
    requests("news", "failed", 3),
    requests("account", "passed", 400),
    { name: "tidemark_origin_responses_total", labels: { route: "news", class: "2xx" }, value: 14 },
    { name: "tidemark_origin_responses_total", labels: { route: "news", class: "5xx" }, value: 1 },
    { name: "tidemark_purges_total", labels: {}, value: 7 },
  ],
  gauges: [],
  boundsSeconds: [0.004, 0.2, 2],
  histograms: [
    waits("news", "hit", [100, 0, 0, 0]),
    waits("news", "stored", [0, 90, 0, 0]),
    waits("news", "failed", [0, 0, 0, 50]),
    waits("account", "passed", [0, 0, 0, 1]),
  ],
};

const cells = (text: string) => text.split("\n").map((line) => line.trim().split(/ {2,}/));

describe("the table of stats", () => {
  it("has a row for each route, the busiest first, and a total, within 96 columns", async () => {
    const user = await operatorTold(told);
    const { code, out, notes } = await user.runs(["stats"]);
    expect({ code, notes }).toEqual({ code: 0, notes: "" });
    const [since, ...rows] = cells(out);
    expect(since).toEqual(["All isolates, since 2026-10-01T00:00:00.000Z:"]);
    const above = ">2.0 s";
    expect(rows.slice(1, 4)).toEqual([
      ["account", "400", "-", "-", "400", "0", "0", "-", "-", above, above],
      ["news", "110", "87.3 %", "9.7 %", "5", "5", "15", "2.0 ms", "4.0 ms", "102 ms", "198 ms"],
      ["all", "510", "87.3 %", "9.7 %", "405", "5", "15", "2.0 ms", "4.0 ms", "103 ms", above],
    ]);
    expect(out.split("\n").filter((line) => line.length > 96)).toEqual([]);
  });

  it("is replaced by a note if no isolate has reported", async () => {
    const user = await operatorTold({ ...told, counters: [], histograms: [] });
    expect((await user.runs(["stats"])).notes).toBe("No isolate has reported yet.\n");
  });
});

it("stats --json prints shares and seconds, with null for a route without lookups", async () => {
  const user = await operatorTold(told);
  const { routes, all, since } = JSON.parse((await user.runs(["stats", "--json"])).out);
  expect(since).toBe(told.startedAt);
  expect(routes[0]).toMatchObject({ route: "account", requests: 400, hitShare: null });
  const news = { hits: 90, stale: 10, hitP50Seconds: 0.002, failed: 3, limited: 2 };
  expect(routes[1]).toMatchObject(news);
  expect(all).toMatchObject({ requests: 510, toOrigin: 15 });
});

describe("the command with the real application", () => {
  it("shows the counts of one isolate with stats --isolate", async () => {
    const { site, user } = await operatorAt();
    await site.get("/a");
    const { code, out } = await user.runs(["stats", "--isolate"]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ memory: { records: 0 } });
    expect(out.split("\n").length).toBeGreaterThan(20);
    const asJson = await user.runs(["stats", "--isolate", "--json"]);
    expect(JSON.parse(asJson.out)).toMatchObject({ memory: { records: 0 } });
  });

  it("shows the counts of all isolates", async () => {
    const { user, asked } = await operatorAt();
    expect((await user.runs(["stats"])).out).toMatch(/^all +0 /m);
    expect(asked).toEqual(["GET /_cache/metrics?format=json"]);
  });
});

// Tests simulations of small logs, whose results are computed by hand.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../../../src/config/config.ts";
import type { WrittenConfig } from "../../../../src/config/written.ts";
import * as rules from "../../../../src/http-rules.ts";
import type { LogEntry } from "../../src/simulate/formats.ts";
import { type Policy, Simulation } from "../../src/simulate/simulation.ts";

type Request = Partial<LogEntry> & { readonly at: number };

const base = Date.UTC(2026, 10, 1);

async function played(
  routes: WrittenConfig["routes"],
  requests: readonly Request[],
  more: Partial<Policy> = {},
) {
  const simulation = await Simulation.open({
    rules,
    config: defineConfig({ routes: routes ?? [] }),
    host: "www.example.com",
    coloCount: 1,
    isolateCount: 1,
    originMs: 100,
    freshSeconds: undefined,
    ...more,
  });
  for (const { at, ...entry } of requests) {
    simulation.play({
      atMs: base + 1_000 * at,
      method: "GET",
      host: undefined,
      target: "/a",
      status: 200,
      bytes: 1_000,
      client: "192.0.2.1",
      ...entry,
    });
  }
  return simulation;
}

/** Returns only the outcomes that occurred. */
function outcomesOf({ totals: { all } }: Simulation) {
  const some = Object.entries(all.outcomes).filter(([, count]) => count > 0);
  return { ...Object.fromEntries(some), ...(all.passed > 0 && { passed: all.passed }) };
}

const fresh = { name: "all", match: "*", fresh: "10s" } as const;

describe("a simulated log", () => {
  it.each([
    ["a hit within the lifetime", [{ at: 0 }, { at: 9 }], { stored: 1, hit: 1 }],
    ["a miss after it", [{ at: 0 }, { at: 9 }, { at: 10.2 }], { stored: 2, hit: 1 }],
    [
      "requests that wait for one forward",
      [{ at: 0 }, { at: 0.05 }, { at: 0.2 }],
      { stored: 1, collapsed: 1, hit: 1 },
    ],
    ["another URL", [{ at: 0 }, { at: 1, target: "/b" }], { stored: 2 }],
    [
      "a tracking parameter, which is stripped",
      [{ at: 0 }, { at: 1, target: "/a?utm_source=x" }],
      { stored: 1, hit: 1 },
    ],
    ["another host", [{ at: 0 }, { at: 1, host: "b.example" }], { stored: 2 }],
    [
      "HEAD, which is never stored",
      [{ at: 0, method: "HEAD" }, { at: 1 }, { at: 2, method: "HEAD" }],
      { forwarded: 1, stored: 1, hit: 1 },
    ],
    [
      "a POST, which removes the page",
      [{ at: 0 }, { at: 1, method: "POST" }, { at: 2 }],
      { stored: 2, passed: 1 },
    ],
    [
      "a failed POST, which removes nothing",
      [{ at: 0 }, { at: 1, method: "POST", status: 403 }, { at: 2 }],
      { stored: 1, hit: 1, passed: 1 },
    ],
    ["a credential", [{ at: 0, headers: new Headers({ authorization: "x" }) }], { passed: 1 }],
    [
      "an unknown cookie",
      [{ at: 0 }, { at: 1, headers: new Headers({ cookie: "session=1" }) }, { at: 2 }],
      { stored: 1, forwarded: 1, hit: 1 },
    ],
    [
      "an error, which is not stored",
      [
        { at: 0, status: 503 },
        { at: 1, status: 503 },
      ],
      { forwarded: 2 },
    ],
    [
      "an error after the lifetime, which replaces nothing",
      [{ at: 0 }, { at: 11, status: 503 }, { at: 12 }],
      { stored: 2, forwarded: 1 },
    ],
    [
      "a range, which is not stored, but a whole page answers",
      [{ at: 0, status: 206 }, { at: 1 }, { at: 2, status: 206 }],
      { forwarded: 1, stored: 1, hit: 1 },
    ],
    [
      "a 304, which counts as the whole page",
      [{ at: 0, status: 304, bytes: 0 }, { at: 1 }],
      { stored: 1, hit: 1 },
    ],
    [
      "a URL that is too long to store",
      [{ at: 0, target: `/${"x".repeat(5_000)}` }],
      { passed: 1 },
    ],
    ["a path of Tidemark's own", [{ at: 0, target: "/_cache/health" }], { passed: 1 }],
  ] as const)("has %s", async (_name, requests, outcomes) => {
    expect(outcomesOf(await played([fresh], requests))).toEqual(outcomes);
  });
});

describe("stale responses and bypasses of a simulated log", () => {
  it("has a stale hit and a refresh within staleWhileRevalidate, and a miss beyond", async () => {
    const route = { ...fresh, staleWhileRevalidate: "5s" } as const;
    const simulation = await played([route], [{ at: 0 }, { at: 11 }, { at: 12 }, { at: 40 }]);
    expect(outcomesOf(simulation)).toEqual({ stored: 2, "stale-hit": 1, hit: 1 });
    const { originRequests, refreshes, offload, hitRate } = simulation.totals.all;
    expect({ originRequests, refreshes, offload, hitRate }).toEqual({
      originRequests: 3,
      refreshes: 1,
      offload: 0.25,
      hitRate: 0.5,
    });
  });

  it("has a stale hit in place of a server error within staleIfError", async () => {
    const route = { ...fresh, staleIfError: "1h" } as const;
    const simulation = await played(
      [route],
      [{ at: 0 }, { at: 20, status: 500 }, { at: 21, status: 404 }],
    );
    expect(outcomesOf(simulation)).toEqual({ stored: 1, "stale-hit": 1, forwarded: 1 });
  });

  it("counts a bypassing route apart from the hit rate, but not from the offload", async () => {
    const bypass = { name: "cart", match: "/cart", bypass: true } as const;
    const requests = [{ at: 0 }, { at: 1 }, { at: 2, target: "/cart" }, { at: 3, target: "/cart" }];
    const { all, byRoute } = (await played([bypass, fresh], requests)).totals;
    expect([all.hitRate, all.offload]).toEqual([0.5, 0.25]);
    expect([byRoute.get("cart")?.passed, byRoute.get("all")?.hits]).toEqual([2, 1]);
  });
});

describe("the tiers of a simulated log", () => {
  it("finds in the edge and shared tiers what another isolate or colo has stored", async () => {
    const colos = [
      { at: 0, colo: "A" },
      { at: 1, colo: "B" },
    ];
    const alone = { ...fresh, tiers: ["memory"] } as const;
    expect(outcomesOf(await played([fresh], colos))).toEqual({ stored: 1, hit: 1 });
    expect(outcomesOf(await played([{ ...fresh, tiers: ["memory", "edge"] }], colos))).toEqual({
      stored: 2,
    });
    const isolates = { isolateCount: 2 };
    const same = [{ at: 0 }, { at: 1 }];
    expect(outcomesOf(await played([alone], same, isolates))).toEqual({ stored: 2 });
    expect(outcomesOf(await played([fresh], same, isolates))).toEqual({ stored: 1, hit: 1 });
  });

  it("backfills memory and edge with a response of the shared tier", async () => {
    const requests = ["A", "B", "B", "B"].map((colo, at) => ({ at, colo }));
    const { replay } = await played([fresh], requests);
    expect(replay.shared).toMatchObject({ reads: 2, found: 1, writes: 1 });
  });

  it("does not read the shared tier for a session", async () => {
    const headers = new Headers({ cookie: "session=1" });
    expect((await played([fresh], [{ at: 0, headers }])).replay.shared.reads).toBe(0);
  });

  it("stores in the shared tier at the second request, if the route says so", async () => {
    const route = { ...fresh, admission: "second-ask" } as const;
    const requests = [
      { at: 0, colo: "A" },
      { at: 1, colo: "B" },
      { at: 2, colo: "B" },
      { at: 3, colo: "C" },
    ];
    const simulation = await played([route], requests);
    expect(outcomesOf(simulation)).toEqual({ stored: 2, hit: 2 });
    expect(simulation.replay.shared).toMatchObject({ writes: 1, rows: 2 });
  });

  it("evicts from a full memory, as the real memory tier does", async () => {
    const requests = Array.from({ length: 40 }, (_, nth) => ({
      at: nth / 10,
      target: `/${nth % 20}`,
      bytes: 200_000,
    }));
    const routes = [{ ...fresh, tiers: ["memory"] } as const];
    const config = defineConfig({ routes, limits: { memoryBytes: 2_097_152 } });
    expect((await played(routes, requests)).totals.all.hits).toBe(20);
    expect((await played(routes, requests, { config })).totals.all.hits).toBeLessThan(10);
  });
});

describe("a simulated log that lacks or has more", () => {
  it("assumes --fresh where neither route nor log has a lifetime, and else stores nothing", async () => {
    const requests = [{ at: 0 }, { at: 1 }];
    const without = await played([], requests);
    expect(outcomesOf(without)).toEqual({ forwarded: 2 });
    expect(without.assumed).toMatchObject({
      noLifetime: 2,
      fresh: 0,
      host: 2,
      cookies: 2,
      colo: 2,
    });
    const assumed = await played([], requests, { freshSeconds: 5 });
    expect(outcomesOf(assumed)).toEqual({ stored: 1, hit: 1 });
    expect(assumed.assumed).toMatchObject({ noLifetime: 0, fresh: 1, originMs: 1 });
  });

  it("says that an origin's own lifetime may precede the route's", async () => {
    const requests = [{ at: 0 }, { at: 20 }];
    expect((await played([fresh], requests)).assumed.routeFresh).toBe(2);
    expect((await played([{ ...fresh, mode: "override" }], requests)).assumed.routeFresh).toBe(0);
  });

  it("says that errors without a lifetime are not stored, with or without --fresh", async () => {
    const requests = [{ at: 0, status: 404 }];
    expect((await played([], requests, { freshSeconds: 5 })).assumed.noLifetime).toBe(1);
  });

  it("has at most 400 colos", async () => {
    const requests = Array.from({ length: 500 }, (_, nth) => ({ at: nth, colo: `C${nth}` }));
    expect((await played([fresh], requests)).replay.coloCount).toBe(400);
  });

  it("has the most origin requests in a second and in a minute, and the pages that missed", async () => {
    const ats = [0, 0.1, 0.2, 30, 61];
    const requests = ats.map((at, nth) => ({ at, target: `/${Math.min(nth, 3)}` }));
    const { totals } = await played([{ ...fresh, fresh: "1s" }], requests);
    expect([totals.originASecond.most, totals.originAMinute.most]).toEqual([3, 4]);
    expect(totals.mostMissed(1)).toEqual([["/3", 2]]);
  });
});

describe("a simulation of Tidemark's own log", () => {
  it("takes keys, lifetimes and purges from it", async () => {
    const own: rules.LoggedFacts = {
      route: "all",
      key: "k",
      hasUnknownCookie: false,
      purgedAtMs: undefined,
      freshSeconds: undefined,
    };
    const logged = (at: number, more: Partial<rules.LoggedFacts> = {}) => ({
      at,
      target: undefined,
      logged: { ...own, ...more },
    });
    const route = { name: "all", match: "*" } as const;
    const requests = [
      logged(0, { freshSeconds: 60 }),
      logged(1, { key: "other", freshSeconds: 0 }),
      logged(10),
      logged(20, { purgedAtMs: base + 19_000 }),
      logged(21),
      logged(90),
      logged(91, { hasUnknownCookie: true }),
    ];
    // Stored at 0, 20 and 90. The other key's response has no lifetime, and a session's request is a miss.
    expect(outcomesOf(await played([route], requests))).toEqual({
      stored: 3,
      hit: 2,
      forwarded: 2,
    });
  });

  it("applies a purge to what was requested before it was accepted", async () => {
    const own = { route: "all", key: "k", hasUnknownCookie: false, freshSeconds: 60 };
    const logged = (at: number, purgedAt: number | undefined, colo: string) => ({
      at,
      target: undefined,
      colo,
      logged: { ...own, purgedAtMs: purgedAt && base + 1_000 * purgedAt },
    });
    const route = { name: "all", match: "*" } as const;
    const twice = [logged(0, undefined, "A"), logged(5, 4, "A"), logged(6, 4, "B")];
    expect(outcomesOf(await played([route], twice))).toEqual({ stored: 2, hit: 1 });
  });
});

describe("the bill and the bypasses of a simulation of Tidemark's own log", () => {
  it("counts rows of objects as they are billed: a validated page has one in 15 minutes", async () => {
    const own = { route: "all", key: "k", hasUnknownCookie: false, purgedAtMs: undefined };
    const logged = (at: number, status: number) => ({
      at,
      target: undefined,
      status,
      isValidated: status === 304,
      logged: { ...own, freshSeconds: 60 },
    });
    const validations = Array.from({ length: 20 }, (_, nth) => logged(61 * (nth + 1), 304));
    const { replay, totals } = await played(
      [fresh],
      [logged(0, 200), ...validations, logged(2_000, 200)],
    );
    // The last page is still on its way. The others are a new row, its deletion, and one validation.
    expect(replay.shared).toMatchObject({ writes: 21, rows: 3 });
    expect(totals.all).toMatchObject({ originRequests: 22, originBytes: 2_000 });
  });

  it("bypasses what the configuration bypasses, even if the log has a key", async () => {
    const own = { route: "account", key: "k", hasUnknownCookie: false, purgedAtMs: undefined };
    const entry = { at: 0, target: undefined, logged: { ...own, freshSeconds: 60 } };
    const account = { name: "account", match: "/account/*", bypass: true } as const;
    expect(outcomesOf(await played([account, fresh], [entry]))).toEqual({ passed: 1 });
  });
});

describe("a simulation of very many pages", () => {
  it("evicts from the edge and shared tiers, and counts it", async () => {
    const requests = Array.from({ length: 30 }, (_, at) => ({ at, target: `/${at}` }));
    const route = { ...fresh, fresh: "1h" } as const;
    expect((await played([route], requests, { recordsMax: 30 })).replay.evictedCount).toBe(0);
    // The last page is still on its way.
    expect((await played([route], requests, { recordsMax: 20 })).replay.evictedCount).toBe(18);
  });
});

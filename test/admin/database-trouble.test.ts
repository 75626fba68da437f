// Tests a database that refuses commands or is down. The log, the stats and responses to purges
// report it, and pages are still served.
import { describe, expect, it } from "vitest";
import { idle, type Site } from "../../testing/site/harness.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { bearer, openJournalled, send } from "../../testing/site/purge-sender.ts";

interface Told {
  readonly error: { readonly why: string; readonly hint: string };
}

const wrongToken = { status: 401, error: "WRONGPASS invalid or missing auth token" };

function opened(refusal = wrongToken) {
  const world = openJournalled({ origin: (_, nth) => page(`page ${nth}`, cc("max-age=60")) });
  world.upstash.mode = "refuses";
  world.upstash.refusal = refusal;
  return world;
}

const statsOf = async (site: Site) => {
  const seen = await site.ask("/_cache/stats", { headers: bearer });
  return (await seen.json()) as { redis: unknown; journal: unknown };
};

describe("a wrong token for the database", () => {
  it("is logged once for each client of the database, and pages are served", async () => {
    const { site } = opened();
    for (let nth = 0; nth < 20; nth += 1) {
      expect((await site.get(`/${nth}`)).status).toBe(200);
      site.clock.advance(7);
    }
    const line = "Upstash refused the token (401): check UPSTASH_REDIS_REST_TOKEN.";
    const breakerOpen = "The database has an open circuit breaker: only background probes use it.";
    const told = (part: string) => site.log.filter((each) => each.startsWith(part));
    expect(told("Purge journal")).toEqual([
      `Purge journal: ${line}`,
      `Purge journal: ${breakerOpen}`,
    ]);
    expect(told("Shared tier")).toEqual([`Shared tier: ${line}`, `Shared tier: ${breakerOpen}`]);
    expect(site.log).toHaveLength(4);
  });

  it("is in the stats of the journal and the shared tier, with its start and counts", async () => {
    const { site } = opened();
    const startedAtMs = site.clock.atMs;
    for (let nth = 0; nth < 3; nth += 1) {
      await site.get(`/${nth}`);
      site.clock.advance(10);
    }
    const { redis, journal } = await statsOf(site);
    const trouble = {
      kind: "token-refused",
      why: "Upstash refused the token (401)",
      sinceAtMs: startedAtMs,
      lastAtMs: startedAtMs + 20_000,
      isOver: false,
    };
    // A page whose lookup failed is not stored there. The third failure opens the breaker of the database.
    expect(redis).toMatchObject({
      breakerOpen: true,
      refusesWrites: false,
      trouble: { ...trouble, counts: { "token-refused": 3 } },
      troubleWithWrites: "none",
    });
    // The request for stats has also asked for the length of the journal.
    const lastAtMs = startedAtMs + 30_000;
    expect(journal).toMatchObject({
      kept: "unavailable",
      trouble: { ...trouble, lastAtMs },
      troubleWithWrites: "none",
    });
  });

  it("is over once the database accepts the token, which is logged", async () => {
    const { site, upstash } = opened();
    for (let nth = 0; nth < 3; nth += 1) await site.get(`/${nth}`);
    upstash.mode = "works";
    site.clock.advance(60);
    await site.get("/a");
    await site.get("/b");
    const after = site.log.filter((line) => / after | was open for /.test(line));
    expect(after.toSorted()).toEqual([
      "Purge journal: The database works again after 60 s.",
      "Purge journal: The database works again: its circuit breaker was open for 60 s.",
      "Shared tier: The database works again after 60 s.",
      "Shared tier: The database works again: its circuit breaker was open for 60 s.",
    ]);
    expect(await statsOf(site)).toMatchObject({
      redis: { breakerOpen: false, trouble: { kind: "token-refused", isOver: true } },
      journal: { breakerOpen: false, trouble: { kind: "token-refused", isOver: true } },
    });
  });
});

it("refused writes to the journal are over after its next transaction", async () => {
  const { site, upstash } = opened({ status: 400, error: "OOM command not allowed" });
  await send(site, { tags: ["red"] });
  upstash.mode = "works";
  for (let nth = 0; nth < 30; nth += 1) {
    site.clock.advance(20);
    await site.get(`/${nth}`);
    await idle();
  }
  expect(await statsOf(site)).toMatchObject({
    journal: { troubleWithWrites: { kind: "full", isOver: true } },
  });
});

it("stats report no trouble for a working database", async () => {
  const { site } = openJournalled();
  await site.get("/a");
  const none = { trouble: "none", troubleWithWrites: "none" };
  expect(await statsOf(site)).toMatchObject({ redis: none, journal: none });
  expect(site.log).toEqual([]);
});

const rows = [
  {
    ...wrongToken,
    commandsPerRead: 1,
    why: "Upstash refused the token (401).",
    hint: "First check UPSTASH_REDIS_REST_TOKEN. Then ",
  },
  {
    status: 400,
    error: "OOM command not allowed when used memory > 'maxmemory'.",
    // The second command deletes the ballast. It is also refused, so the read is not retried.
    commandsPerRead: 2,
    why: "The database is full.",
    hint: "First make room in the database. Then ",
  },
  {
    status: 400,
    error: "ERR max requests limit exceeded. Limit: 500000, Usage: 500000.",
    commandsPerRead: 1,
    why: "The plan of the database is used up.",
    hint: "First raise the limits of its plan. Then ",
  },
];

describe.each(rows)("a journal with the error: $why", (row) => {
  it("makes a purge fail with the reason and a remedy", async () => {
    const { site } = opened(row);
    const seen = await send(site, { tags: ["red"] });
    expect(seen.status).toBe(503);
    expect((JSON.parse(seen.text) as Told).error).toEqual({
      code: "unavailable",
      what: "The purge was not accepted.",
      why: row.why,
      hint: `${row.hint}send it again with the same id.`,
    });
  });

  it("makes reads of the journal fail with the same reason, even while its breaker is open", async () => {
    const { site, upstash } = opened(row);
    const asked = async () => {
      const { status, text } = await site.get("/_cache/journal", { headers: bearer });
      const { why, hint } = (JSON.parse(text) as Told).error;
      return [status, why, hint];
    };
    const told = [503, row.why, `${row.hint}send the request again.`];
    for (let nth = 0; nth < 3; nth += 1) expect(await asked()).toEqual(told);
    expect([await asked(), upstash.refusedCount]).toEqual([told, 3 * row.commandsPerRead]);
  });
});

it("the response to a purge that did not reach the journal advises to repeat it", async () => {
  const { site, upstash } = openJournalled();
  upstash.journalMode = "down";
  const { error } = JSON.parse((await send(site, { tags: ["red"] })).text) as Told;
  expect([error.why, error.hint]).toEqual([
    "The database cannot be reached.",
    "Wait a moment, then send it again with the same id.",
  ]);
});

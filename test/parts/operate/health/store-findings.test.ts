// Tests findings on the database: its failures, its clock and its memory.
import type { RemoteTrouble } from "../../../../src/remote/trouble.ts";
import { describe, expect, it } from "vitest";
import type { Finding, FindingCode } from "../../../../src/protocol/finding.ts";
import { findingsOf } from "../../../../src/parts/operate/health/findings.ts";
import { EvictionWatch } from "../../../../src/parts/operate/health/site-state.ts";
import type { SiteState, RoomState } from "../../../../src/parts/operate/health/site-state.ts";
import { journalWords, upstashWords } from "../../../../src/remote/redis/redis-trouble.ts";
import { atMs, lookedAt } from "./looked-examples.ts";

const codesOf = (more: Partial<SiteState>) => findingsOf(lookedAt(more)).map(({ code }) => code);

describe("a failure of the database", () => {
  const trouble = (kind: RemoteTrouble, lastAtMs: number) => ({
    kind,
    sinceAtMs: atMs - 5_000,
    lastAtMs,
    isOver: false,
    counts: {},
  });
  const well = {
    trouble: undefined,
    troubleWithWrites: undefined,
    isBreakerOpen: false,
    refusesWrites: false,
    words: upstashWords,
  };
  const database = "database" as const;
  const journal = { ...well, name: "purge journal" as const, database };
  const shared = { ...well, name: "shared tier" as const, database };

  it.each<[kind: RemoteTrouble, code: FindingCode, level: Finding["level"]]>([
    ["token-refused", "redis-credentials", "critical"],
    ["forbidden", "redis-credentials", "critical"],
    ["unreachable", "redis-unreachable", "warning"],
    ["not-open", "redis-unreachable", "warning"],
    ["timeout", "redis-slow", "warning"],
    ["busy", "redis-busy", "warning"],
    ["full", "redis-full", "critical"],
    ["read-only", "redis-read-only", "critical"],
    ["not-permitted", "redis-read-only", "critical"],
    ["unknown-command", "redis-refused", "critical"],
    ["subscribed", "redis-unreachable", "critical"],
    ["plan-used-up", "redis-plan-used-up", "critical"],
    ["wrong-type", "redis-refused", "critical"],
    ["not-upstash", "redis-refused", "critical"],
    ["too-large", "redis-refused", "critical"],
    ["refused", "redis-refused", "critical"],
    ["failed", "redis-refused", "critical"],
  ])("causes a finding by its kind: %s, %s, %s", (kind, code, level) => {
    const clients = [{ ...shared, trouble: trouble(kind, atMs) }, journal];
    expect(findingsOf(lookedAt({ clients }))).toMatchObject([{ code, level }]);
  });

  it("of the journal's object has a code of its own", () => {
    const stored = { ...journal, database: "Durable Object" as const };
    const clients = [shared, { ...stored, trouble: trouble("busy", atMs) }];
    const values = { clients: "the purge journal", database: "Durable Object" };
    const finding = { code: "object-unavailable", case: "store-passing", level: "warning", values };
    expect(findingsOf(lookedAt({ clients }))).toMatchObject([finding]);
  });

  it("of the metrics' object is a warning, because pages and purges do not need it", () => {
    const object = {
      ...well,
      name: "reports of counts",
      database: "metrics' Durable Object",
    } as const;
    const silent = { ...object, trouble: trouble("timeout", atMs), isBreakerOpen: true };
    const finding = { code: "object-unavailable", case: "store-fails", level: "warning" };
    expect(findingsOf(lookedAt({ clients: [silent] }))).toMatchObject([finding]);
  });

  it("causes a warning if it is a single time-out", () => {
    const clients = [{ ...shared, trouble: trouble("timeout", atMs) }, journal];
    const last = new Date(atMs).toISOString();
    expect(findingsOf(lookedAt({ clients }))).toEqual([
      {
        code: "redis-slow",
        case: "store-passing",
        level: "warning",
        since: new Date(atMs - 5_000).toISOString(),
        values: {
          clients: "the shared tier",
          use: "use",
          database: "database",
          why: "The database does not answer in time",
          hint: expect.any(String) as string,
          failures: [`shared tier at ${last}`],
        },
      },
    ]);
  });

  it("causes one finding for both clients, which is critical if one client has an open breaker", () => {
    const clients = [
      { ...shared, trouble: trouble("timeout", atMs) },
      { ...journal, trouble: trouble("timeout", atMs), isBreakerOpen: true },
    ];
    expect(findingsOf(lookedAt({ clients }))).toMatchObject([
      {
        level: "critical",
        case: "store-fails",
        values: { clients: "the shared tier and the purge journal" },
      },
    ]);
  });

  it("causes one finding for each of two databases, with its own variables", () => {
    const refused = trouble("token-refused", atMs);
    const clients = [
      { ...shared, trouble: refused },
      {
        ...journal,
        trouble: refused,
        database: "journal's database" as const,
        words: journalWords,
      },
    ];
    expect(findingsOf(lookedAt({ clients }))).toMatchObject([
      {
        case: "store-fails",
        values: { use: "use", database: "database", hint: "check UPSTASH_REDIS_REST_TOKEN" },
      },
      {
        values: { database: "journal's database", hint: "check JOURNAL_REDIS_REST_TOKEN" },
      },
    ]);
  });

  it("causes one finding for uses and writes of one kind", () => {
    const refused = trouble("refused", atMs);
    const clients = [{ ...shared, trouble: refused, troubleWithWrites: refused }];
    expect(findingsOf(lookedAt({ clients })).map(({ values }) => values?.["use"])).toEqual(["use"]);
  });

  it("causes no finding once it is over, and a separate finding for writes", () => {
    const over = { ...trouble("timeout", atMs), isOver: true };
    const clients = [
      { ...shared, trouble: over, troubleWithWrites: trouble("full", atMs) },
      { ...journal, troubleWithWrites: { ...trouble("full", atMs), isOver: true } },
    ];
    expect(findingsOf(lookedAt({ clients }))).toMatchObject([
      {
        code: "redis-full",
        level: "critical",
        values: { clients: "the shared tier", use: "write to" },
      },
    ]);
  });
});

describe("the database's clock", () => {
  it.each([
    { id: "A ahead", aheadMs: 1_000, uncertainMs: 0, found: false },
    { id: "more than A ahead", aheadMs: 1_001, uncertainMs: 0, found: true },
    { id: "more than A behind", aheadMs: -1_001, uncertainMs: 0, found: true },
    { id: "A and the uncertainty ahead", aheadMs: 1_400, uncertainMs: 400, found: false },
    { id: "more than A and the uncertainty ahead", aheadMs: 1_401, uncertainMs: 400, found: true },
  ])("causes a finding if it differs by more than A: $id", ({ aheadMs, uncertainMs, found }) => {
    expect(codesOf({ clock: { aheadMs, uncertainMs } })).toEqual(found ? ["clocks-apart"] : []);
  });
});

describe("the database's memory", () => {
  const room = (
    usedRatio: number | null,
    policy: string | null,
    more: Partial<RoomState> = {},
  ) => ({
    rooms: [
      {
        database: "database" as const,
        holdsJournal: true,
        evictedAtMs: undefined,
        info: { usedBytes: 1, maxBytes: 1, usedRatio, policy, evictedKeys: 0, keys: 1 },
        ...more,
      },
    ],
  });
  const ofRecords = { holdsJournal: false };
  const ofJournal = { database: "journal's database" as const };

  it.each<[id: string, more: Partial<SiteState>, codes: string[]]>([
    ["85 %", room(0.85, "noeviction"), ["redis-nearly-full"]],
    ["less than 85 %", room(0.849, "noeviction"), []],
    ["99.9 %", room(0.999, "noeviction"), ["redis-nearly-full"]],
    ["100 %", room(1, "noeviction"), ["redis-full"]],
    ["an unknown policy", room(0.9, null), ["redis-nearly-full"]],
    ["an unknown policy, only records", room(0.9, null, ofRecords), ["redis-nearly-full"]],
    ["an unknown policy, only the journal", room(0.9, null, ofJournal), ["redis-nearly-full"]],
    ["a policy that spares the journal", room(0.9, "volatile-ttl"), []],
    ["a policy that may evict the journal", room(0.5, "allkeys-lru"), ["redis-evicting"]],
    [
      "a policy of Upstash that may evict the journal",
      room(0.5, "optimistic-volatile"),
      ["redis-evicting"],
    ],
    [
      "a policy that may evict the journal in its own database",
      room(0.5, "allkeys-lru", ofJournal),
      ["redis-evicting"],
    ],
    ["a policy that may evict only records", room(0.9, "allkeys-lru", ofRecords), []],
    ["a policy that would evict, without a limit", room(null, "allkeys-lru"), []],
    ["no limit", room(null, "noeviction"), ["redis-size-unknown"]],
    ["no limit, only records", room(null, "noeviction", ofRecords), []],
    ["no limit, only the journal", room(null, "noeviction", ofJournal), []],
    [
      "no limit, and an eviction",
      room(null, "allkeys-lru", { evictedAtMs: atMs }),
      ["redis-evicting"],
    ],
    ["an eviction before the policy changed", room(0.1, "noeviction", { evictedAtMs: atMs }), []],
  ])("causes findings by its used share and policy: %s", (_id, more, codes) => {
    expect(codesOf(more)).toEqual(codes);
  });

  it("causes a finding that omits a policy that is not a name", () => {
    const said = JSON.stringify(findingsOf(lookedAt(room(0.9, "http://secret:word@host"))));
    expect(said).toContain('"policy":"unknown"');
    expect(said).not.toContain("secret");
  });

  it("counts as evicting if the count of evicted keys rises between two checks", () => {
    const watch = new EvictionWatch();
    expect([watch.seen(5, 1), watch.seen(5, 2), watch.seen(6, 3), watch.seen(6, 4)]).toEqual([
      undefined,
      undefined,
      3,
      3,
    ]);
    expect([watch.seen(1, 5), watch.seen(null, 6), watch.seen(1, 7)]).toEqual([3, 3, 3]);
    expect(watch.seen(2, 8)).toBe(8);
  });
});

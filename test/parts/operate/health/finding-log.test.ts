// Tests log lines about findings: one when a finding begins, and one when it ends. A check that
// examines less than an earlier check does not end a finding.
import { describe, expect, it } from "vitest";
import { type Finding, findingCodes, type FindingCode } from "../../../../src/protocol/finding.ts";
import { FindingLog } from "../../../../src/parts/operate/health/finding-log.ts";
import type { SiteState } from "../../../../src/parts/operate/health/site-state.ts";
import type { LogLine } from "../../../../src/observe/log-line.ts";
import { FakeClock } from "../../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../../testing/fakes/fake-upstash.ts";
import { cc, page, unreachable } from "../../../../testing/fakes/origin-in-process.ts";
import { openSite } from "../../../../testing/site/harness.ts";
import { adminToken } from "../../../../testing/site/purge-sender.ts";
import { atMs, lookedAt, totalsOf } from "./looked-examples.ts";

const info = { usedBytes: 1, maxBytes: 1, usedRatio: 1, policy: null, evictedKeys: 0, keys: 1 };
const room = { database: "database", holdsJournal: true, info, evictedAtMs: undefined } as const;
const afar: Partial<SiteState> = {
  clock: { aheadMs: 0, uncertainMs: 0 },
  rooms: [room],
  totals: totalsOf({}),
  looks: [],
};

function finding(code: FindingCode, more: Partial<Finding> = {}): Finding {
  return { code, level: "warning", since: null, ...more };
}

/** Returns a log. `look` reports the findings of a check, `seconds` after the first check. */
function opened() {
  const lines: LogLine[] = [];
  const log = new FindingLog((line) => void lines.push(line));
  const look = (seconds: number, findings: readonly Finding[], more: Partial<SiteState> = {}) =>
    log.looked(findings, lookedAt({ ...more, atMs: atMs + seconds * 1_000 }));
  const told = () => lines.map(({ code, state }) => `${String(code)} ${String(state)}`);
  return { lines, look, told };
}

it("a finding has one log line when it begins, and one when it ends", () => {
  const { lines, look } = opened();
  for (const seconds of [0, 1, 90]) look(seconds, [finding("redis-full")]);
  look(100, []);
  look(200, []);
  const of = { event: "finding", code: "redis-full", kind: "warning" };
  expect(lines).toEqual([
    {
      ...of,
      level: "warn",
      state: "began",
      message: "There is the finding redis-full. tidemark health says what to do.",
    },
    {
      ...of,
      level: "info",
      state: "ended",
      lastedSeconds: 100,
      message: "The finding redis-full is over after 100 s.",
    },
  ]);
});

it("findings on different routes have their own log lines", () => {
  const { lines, look } = opened();
  const [a, b] = ["a", "b"].map((name) => finding("origin-errors", { about: `route "${name}"` }));
  look(0, [a!, b!, b!], afar);
  look(70, [b!], afar);
  expect(lines.map(({ about, state }) => `${String(about)} ${String(state)}`)).toEqual([
    'route "a" began',
    'route "b" began',
    'route "a" ended',
  ]);
  expect(lines[2]?.message).toBe('The finding origin-errors of route "a" is over after 70 s.');
});

it("a finding has another log line when it becomes critical, and info is logged as info", () => {
  const { lines, look } = opened();
  look(0, [finding("redis-slow"), finding("switch-thrown", { level: "info" })]);
  look(5, [
    finding("redis-slow", { level: "critical" }),
    finding("switch-thrown", { level: "info" }),
  ]);
  expect(lines.map(({ code, kind, level }) => [code, kind, level])).toEqual([
    ["redis-slow", "warning", "warn"],
    ["switch-thrown", "info", "info"],
    ["redis-slow", "critical", "warn"],
  ]);
});

it("the log names only the worst of several findings with the same code", () => {
  const { lines, look } = opened();
  const worst = finding("redis-full", { level: "critical" });
  for (const seconds of [0, 70]) look(seconds, [worst, finding("redis-full")]);
  expect(lines.map(({ kind }) => kind)).toEqual(["critical"]);
});

it("the log omits findings on the configuration, which are logged when an isolate starts", () => {
  const { lines, look } = opened();
  look(0, [finding("configuration")]);
  look(61, []);
  expect(lines).toEqual([]);
});

describe("a check that examines only the state of its isolate", () => {
  const ofTotals = [
    "origin-errors",
    "unknown-cookies",
    "reports-missing",
    "journal-lag",
    "subrequests-spent",
  ];
  it.each([
    ...ofTotals.map((code) => ({ code, sight: "totals" as const })),
    { code: "clocks-apart", sight: "clock" as const },
    { code: "redis-full", sight: "rooms" as const },
    { code: "redis-nearly-full", sight: "rooms" as const },
    { code: "redis-size-unknown", sight: "rooms" as const },
    { code: "redis-evicting", sight: "rooms" as const },
    { code: "journal-restarted", sight: "rooms" as const },
    { code: "outward-behind", sight: "looks" as const },
  ])("does not end $code, but a check that also examines $sight does", ({ code, sight }) => {
    const { look, told } = opened();
    look(0, [finding(code as FindingCode)], afar);
    look(70, []);
    look(80, [], { ...afar, [sight]: undefined });
    expect(told()).toEqual([`${code} began`]);
    look(90, [], { [sight]: afar[sight] });
    expect(told()).toEqual([`${code} began`, `${code} ended`]);
  });

  it("ends findings on the state of its isolate", () => {
    const ofHere = findingCodes.filter((code) =>
      /^(redis-(?!full|nearly|evict|size)|journal-(?!lag|restarted)|origin-(?!err)|tier|switch|bypass)/.test(
        code,
      ),
    );
    expect(ofHere).toHaveLength(17);
    const { look, told } = opened();
    for (const code of ofHere) look(0, [finding(code)], afar);
    look(70, []);
    expect(told().filter((line) => line.endsWith("ended"))).toHaveLength(ofHere.length);
  });

  it("ends a finding that only such checks found", () => {
    const { look, told } = opened();
    look(0, [finding("journal-lag")]);
    look(70, []);
    expect(told()).toEqual(["journal-lag began", "journal-lag ended"]);
  });

  it("ends a finding that such a check found after a complete check had ended it", () => {
    const { look, told } = opened();
    look(0, [finding("journal-lag")], afar);
    look(70, [], afar);
    look(140, [finding("journal-lag")]);
    look(210, []);
    expect(told()).toEqual(["began", "ended", "began", "ended"].map((is) => `journal-lag ${is}`));
  });

  it("does not change the level of a finding", () => {
    const { lines, look } = opened();
    look(0, [finding("journal-lag", { level: "critical" })], afar);
    look(70, [finding("journal-lag")]);
    look(80, []);
    expect(lines).toHaveLength(1);
    look(90, [], afar);
    expect(lines[1]).toMatchObject({ state: "ended", kind: "critical" });
  });
});

describe("constant requests for health", () => {
  const paths = ["/_cache/health", "/_cache/health?again"];
  it("cause at most two log lines, even if the origin fails and recovers each time", async () => {
    const clock = new FakeClock();
    let isThere = true;
    const origin = () => (isThere ? page("page", cc("no-store")) : unreachable());
    const upstash = new FakeUpstash(clock);
    const site = openSite({ clock, upstash, origin, env: { ADMIN_TOKEN: adminToken } });
    for (let nth = 0; nth < 300; nth += 1) {
      isThere = nth % 2 === 1;
      await site.get(`/${nth}`);
      for (const path of paths) await site.get(path);
      clock.advance(0.1);
    }
    const lines = site.lines.filter(({ event }) => event === "finding");
    expect(lines.map(({ code, state }) => [code, state])).toEqual([
      ["origin-unreachable", "began"],
      ["origin-unreachable", "ended"],
    ]);
  });
});

// Tests that each event writes a limited number of lines, and that the log counts omitted lines.
import { beforeEach, describe, expect, it } from "vitest";
import { BoundedLog } from "../../src/observe/log-line.ts";
import type { LogEvent, LogLine } from "../../src/observe/log-line.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";

let clock: FakeClock;
let written: LogLine[];
let log: BoundedLog;

beforeEach(() => {
  clock = new FakeClock();
  written = [];
  const write = (line: LogLine) => void written.push(line);
  log = new BoundedLog({ write, nowAtMs: clock.nowAtMs, version: "1.2.3" });
});

function say(event: LogEvent, times: number): void {
  for (let nth = 0; nth < times; nth += 1) {
    log.write({ event, level: "warn", message: `${event} ${nth}`, nth });
  }
}

it("writes the time, version and colo of a line before the line's own members", () => {
  log.colo = "HAM";
  say("loop", 1);
  expect(Object.entries(written[0] ?? {})).toEqual([
    ["ts", new Date(clock.atMs).toISOString()],
    ["level", "warn"],
    ["event", "loop"],
    ["message", "loop 0"],
    ["version", "1.2.3"],
    ["colo", "HAM"],
    ["nth", 0],
  ]);
});

describe("within one minute,", () => {
  it.each([
    { event: "loop", max: 60 },
    { event: "purge", max: 600 },
    { event: "request", max: 600 },
  ] as const)("$max lines of $event are written, and then one line about omitted lines", (row) => {
    const { event, max } = row;
    say(event, max);
    expect(written.map((line) => line.event)).toEqual(Array(max).fill(event));
    say(event, 100);
    expect(written).toHaveLength(max + 1);
    expect(written.at(-1)).toMatchObject({ event: "left-out", of: event, lines: null });
  });

  it("lines of another event are still written", () => {
    say("loop", 1_000);
    say("origin", 1);
    expect(written.at(-1)).toMatchObject({ event: "origin" });
  });
});

describe("after the minute,", () => {
  it("a line with the number of omitted lines precedes the next line of any event", () => {
    say("loop", 100);
    clock.advance(59);
    say("origin", 1);
    expect(written.filter(({ event }) => event === "left-out")).toHaveLength(1);
    clock.advance(1);
    say("origin", 1);
    expect(written.slice(-2)).toMatchObject([
      { event: "left-out", of: "loop", lines: 40 },
      { event: "origin" },
    ]);
  });

  it("as many lines are written again, even if the clock was set back", () => {
    say("loop", 100);
    clock.advance(-3_600);
    say("loop", 60);
    expect(written.at(-1)).toMatchObject({ event: "loop", nth: 59 });
  });

  it("no line is written about events within their limit", () => {
    say("loop", 60);
    clock.advance(60);
    say("loop", 1);
    expect(written.every(({ event }) => event === "loop")).toBe(true);
  });
});

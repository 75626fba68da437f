// Checks the examples of docs/logs.md and the list of events, and tests the log of a part.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { logEvents, type LogLine, logOf } from "../../src/observe/log-line.ts";

it("a page describes each event, and the examples of docs/logs.md are complete lines", () => {
  const text = readFileSync("docs/logs.md", "utf8");
  const list = readFileSync("docs/reference/log-events.md", "utf8");
  const named = [...list.matchAll(/^- `([\w-]+)`: ./gm)].map(([, name]) => name);
  expect(named).toEqual(logEvents);
  const examples = [...text.matchAll(/^\{"ts".*\}$/gm)].map(
    ([line]) => JSON.parse(line) as LogLine,
  );
  expect(examples.length).toBeGreaterThan(1);
  for (const example of examples) {
    expect(Object.keys(example).slice(0, 5)).toEqual([
      "ts",
      "level",
      "event",
      "message",
      "version",
    ]);
    expect(logEvents).toContain(example.event);
  }
});

it("the log of a part puts the part's name before each message and into a field", () => {
  const lines: LogLine[] = [];
  logOf("edge-tier", (line) => lines.push(line))({
    event: "cache-api",
    level: "warn",
    message: "It is late.",
  });
  expect(lines).toEqual([
    { event: "cache-api", level: "warn", message: "Edge tier: It is late.", part: "edge-tier" },
  ]);
});

// The page on the log names each event that there is, and no other.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { logEvents, type LogLine, logOf } from "../../src/observe/log-line.ts";

it("docs/logs.md has a row for each event, and each example is of one of them", () => {
  const text = readFileSync("docs/logs.md", "utf8");
  const [, after = ""] = text.split("| `event` | is written |");
  const [table = ""] = after.split("\n\n", 1);
  const named = [...table.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, name]) => name);
  expect(named).toEqual(logEvents);
  const examples = [...text.matchAll(/^\{"ts".*\}$/gm)].map(
    ([line]) => JSON.parse(line) as LogLine,
  );
  expect(examples.length).toBeGreaterThan(8);
  for (const { event } of examples) expect(logEvents).toContain(event);
});

it("the log of a part has its name before each message, and as a field", () => {
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

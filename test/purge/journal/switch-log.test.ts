// The log lines of the switch, also for many and long names of routes.
import { expect, it } from "vitest";
import type { LogLine } from "../../../src/observe/log-line.ts";
import { SwitchLog } from "../../../src/purge/journal/switch-log.ts";
import type { Bypass } from "../../../src/purge/journal/switch-state.ts";

function openLog() {
  const lines: LogLine[] = [];
  return { lines, log: new SwitchLog((line) => void lines.push(line)) };
}

const stateOf = (bypass: Bypass) => ({ post: "p", position: "1-0", n: "n", bypass });

const ten = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
const changes: readonly { bypass: Bypass; words: string; field: string }[] = [
  { bypass: true, words: "every route bypasses the cache", field: "everything" },
  { bypass: false, words: "nothing is bypassed", field: "nothing" },
  { bypass: ["a", "b"], words: "these routes bypass the cache: a, b", field: "a b" },
  {
    bypass: ten,
    words: "these routes bypass the cache: a, b, c, d, e, f, g, h, i, j",
    field: "a b c d e f g h i j",
  },
];

it.each(changes)("logs a post that this isolate accepted: $words", ({ bypass, words, field }) => {
  const { lines, log } = openLog();
  log.posted(stateOf(bypass), { by: "ops", reason: "origin down" });
  // The isolate's next read does not log the same state again.
  log.learnt(stateOf(bypass));
  expect(lines).toEqual([
    {
      event: "switch",
      level: "warn",
      message: `This isolate accepted a post of the switch: ${words}.`,
      how: "posted",
      bypass: field,
      position: "1-0",
      by: "ops",
      reason: "origin down",
    },
  ]);
});

it.each(changes)("logs a change that this isolate read: $words", ({ bypass, words, field }) => {
  const { lines, log } = openLog();
  log.learnt(stateOf(["before"]));
  log.learnt(stateOf(bypass));
  log.learnt(stateOf(bypass));
  expect(lines.slice(1)).toEqual([
    {
      event: "switch",
      level: "warn",
      message: `This isolate follows the switch: ${words}.`,
      how: "learnt",
      bypass: field,
      position: "1-0",
    },
  ]);
});

it("logs ten of 500 route names, and the number of the others", () => {
  const { lines, log } = openLog();
  const bypass = Array.from({ length: 500 }, (_, at) => `${at}${"x".repeat(1_000)}`);
  log.learnt(stateOf(bypass));
  const [line] = lines;
  expect(JSON.stringify(line).length).toBeLessThan(2_000);
  expect(line?.message).toMatch(
    /^This isolate follows the switch: these routes .*, and 490 more\.$/,
  );
});

// The log lines of the switch, also for many and long names of routes.
import { expect, it } from "vitest";
import type { LogLine } from "../../../src/observe/log-line.ts";
import { SwitchLog } from "../../../src/purge/journal/switch-log.ts";

it("logs ten of 500 route names, and the number of the others", () => {
  const lines: LogLine[] = [];
  const log = new SwitchLog((line) => void lines.push(line));
  const bypass = Array.from({ length: 500 }, (_, at) => `${at}${"x".repeat(1_000)}`);
  log.learnt({ post: "p", position: "1-0", n: "n", bypass });
  const [line] = lines;
  expect(JSON.stringify(line).length).toBeLessThan(2_000);
  expect(line?.message).toMatch(
    /^This isolate follows the switch: these routes .*, and 490 more\.$/,
  );
  log.learnt({ post: "q", position: "2-0", n: "m", bypass: ["a", "b"] });
  expect(lines[1]).toMatchObject({
    message: "This isolate follows the switch: these routes bypass the cache: a, b.",
    bypass: "a b",
  });
});

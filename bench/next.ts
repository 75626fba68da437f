// Tests cache handlers of Next.js with random histories of reads and purges over two processes and
// one Redis, during faults.
//   npm ci --prefix bench/next/app
//   npm run bench -- next [--handlers a,b] [--histories 1000] [--seed 1]
//     [--together 50]
// Exits with 1 if a read shows a version from before a purge, later than N after the purge. See
// docs/comparison.md.
import { parseArgs } from "node:util";
import { numberOf, report, unknown } from "./load/run-options.ts";
import { type HandlerName, handlerNames, handlers } from "./next/handlers.ts";
import { historiesTable, firstViolation, violationsBy } from "./next/report.ts";
import { runHistories, type RunResult } from "./next/run.ts";

const options = {
  handlers: { type: "string", default: handlerNames.join(",") },
  histories: { type: "string", default: "1000" },
  together: { type: "string", default: "50" },
  seed: { type: "string", default: "1" },
} as const;

await report(async () => {
  const { values } = parseArgs({ options });
  const chosen = values.handlers.split(",").map((name) => {
    const handler = handlerNames.find((one) => one === name);
    if (handler === undefined) throw unknown("--handlers", name, handlerNames);
    return handler;
  });
  const results: RunResult[] = [];
  for (const handler of chosen) {
    const result = await runHistories(settingsOf(handler, values));
    results.push(result);
    process.stdout.write(firstViolation(result));
  }
  const violationCount = results.reduce((sum, one) => sum + violationsBy(one, "handler").length, 0);
  return { table: historiesTable(results), violationCount };
});

function settingsOf(
  handler: HandlerName,
  values: ReturnType<typeof parseArgs<{ options: typeof options }>>["values"],
) {
  return {
    handler,
    caches: handlers[handler].caches,
    historyCount: numberOf("--histories", values.histories),
    togetherCount: numberOf("--together", values.together),
    seed: numberOf("--seed", values.seed),
    bounds: { withinMs: 1_000, refreshMs: 4_000 },
  };
}

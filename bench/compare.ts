// Compares how caches obey purges: plays the same random histories against each, and judges their
// reads.
//   npm run bench -- compare [--systems a,b] [--histories 400] [--seed 1]
//     [--together 100] [--tell 10]
// `--tell 10` configures Tidemark to need 10 s longer than it is judged by, so that the checker must
// find late purges. Exits with 1 if a system that promises the bound violates it. See
// docs/comparison.md.
import { parseArgs } from "node:util";
import { digestOf, plansOf } from "./compare/plans.ts";
import { brokenCount, figuresTable, storyOf, verdictTable } from "./compare/report.ts";
import { runHistories, type RunResult } from "./compare/run.ts";
import { systemNames, systems } from "./compare/systems.ts";
import { numberOf, report, unknown } from "./load/run-options.ts";

const options = {
  systems: { type: "string", default: systemNames.join(",") },
  histories: { type: "string", default: "400" },
  together: { type: "string", default: "100" },
  seed: { type: "string", default: "1" },
  tell: { type: "string", default: "0" },
} as const;

await report(async () => {
  const { values } = parseArgs({ options });
  const chosen = values.systems.split(",").map((name) => {
    const system = systemNames.find((one) => one === name);
    if (system === undefined) throw unknown("--systems", name, systemNames);
    return system;
  });
  const settings = {
    historyCount: numberOf("--histories", values.histories),
    togetherCount: numberOf("--together", values.together),
    seed: numberOf("--seed", values.seed),
    bounds: { withinMs: 2_000, refreshMs: 8_000 },
    lateMs: numberOf("--tell", values.tell) * 1_000,
  };
  const results: RunResult[] = [];
  for (const name of chosen) {
    const { modes } = systems[name];
    const plans = digestOf(plansOf(settings.seed, settings.historyCount, modes));
    process.stdout.write(`${name}: plays histories ${plans}, with ${modes.join(" and ")} purges\n`);
    const result = await runHistories(systems[name], settings);
    results.push(result);
    process.stdout.write(`\n${storyOf(result)}\n`);
  }
  const violationCount = results
    .filter(({ adapter }) => adapter.promise.excuses.length === 0)
    .reduce((sum, result) => sum + brokenCount(result), 0);
  return { table: `${verdictTable(results)}\n${figuresTable(results)}`, violationCount };
});

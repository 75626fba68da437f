// Tests the promise about purges under faults, with several colos and a real Redis, for a given
// time. Checks all reads, and exits with 1 on a violation.
//   npm run bench -- consistency --minutes 10 [--lag-seconds 1] [--seed 1] [--colos 3] [--faults a,b]
//     [--fault <a planted one>]
// With --object, Durable Objects have the journal and the records, and there is no Redis.
import { parseArgs } from "node:util";
import { type FaultName, faultNames, revealing } from "../testing/consistency/nemesis.ts";
import { isPlantedFault, plantedFaults } from "../testing/consistency/planted-faults.ts";
import { quietMsOf } from "../testing/consistency/promise.ts";
import { run, type RunSettings } from "../testing/consistency/run.ts";
import { tableOf } from "../testing/consistency/table.ts";
import { lagMsOf, numberOf, report, unknown } from "./load/run-options.ts";

/** The faults of a site without Redis. Its Worker delays, loses and repeats calls to the objects itself. */
const faultsOfObjects: readonly FaultName[] = [
  "object-restarted",
  "objects-full",
  "colo-restarted",
  "origin-failing",
  "origin-slow",
];

const checkEveryMs = 1_000;

function settingsFrom(args: readonly string[]): RunSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "1" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      colos: { type: "string", default: "3" },
      faults: { type: "string" },
      fault: { type: "string" },
      object: { type: "boolean", default: false },
      "lag-seconds": { type: "string", default: "1" },
    },
  });
  const { fault } = values;
  // Over objects, there is no journal in Redis to change.
  const plantable = Object.entries(plantedFaults).flatMap(([name, change]) =>
    values.object && "journal" in change ? [] : [name],
  );
  if (fault !== undefined && !(isPlantedFault(fault) && plantable.includes(fault))) {
    throw unknown("--fault", fault, plantable);
  }
  const all = values.object ? faultsOfObjects : faultNames;
  const usual = fault === undefined ? all : revealing[fault];
  const faults = values.faults?.split(",").filter((name) => name !== "") ?? usual;
  for (const name of faults) {
    if (!faultNames.includes(name as FaultName)) throw unknown("--faults", name, faultNames);
  }
  const maxLagMs = lagMsOf(values["lag-seconds"]);
  return {
    maxLagMs,
    seed: numberOf("--seed", values.seed),
    activeMs: numberOf("--minutes", values.minutes) * 60_000,
    coloCount: numberOf("--colos", values.colos),
    pagesPerKind: 5,
    readersPerColo: 32,
    thinkMsMax: 60,
    writerCount: 8,
    writePauseMsMax: 2.4 * maxLagMs,
    faults: faults as FaultName[],
    restMsMax: Math.max(values.object ? 8_000 : 0, 2.5 * maxLagMs),
    quietMs: quietMsOf(maxLagMs),
    readsPerRound: 1,
    overObject: values.object,
    checkEveryMs: fault === undefined ? 0 : checkEveryMs,
    ...(fault === undefined ? {} : { fault }),
  };
}

await report(async () => {
  const result = await run(settingsFrom(process.argv.slice(2)));
  return { table: tableOf(result), violationCount: result.findings.violations.length };
});

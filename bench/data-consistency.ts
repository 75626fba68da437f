// Tests that purged data of an application is not returned, even during faults. Uses several colos,
// a Node process and one Redis. Checks all reads, and exits with 1 on a violation.
//   npm run bench -- data-consistency --minutes 5 [--seed 1] [--colos 3] [--faults a,b]
//     [--fault <name of a planted fault>]
import { parseArgs } from "node:util";
import {
  type DataFaultName,
  dataFaultNames,
  revealingData,
} from "../testing/consistency/data/data-faults.ts";
import { tableOfData } from "../testing/consistency/data/data-table.ts";
import {
  isPlantedInData,
  plantedDataFaults,
} from "../testing/consistency/data/planted-data-faults.ts";
import { type DataRunSettings, runData } from "../testing/consistency/data/run-data.ts";
import { numberOf, report, unknown } from "./load/run-options.ts";

const checkEveryMs = 1_000;

function settingsFrom(args: readonly string[]): DataRunSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "1" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      colos: { type: "string", default: "3" },
      faults: { type: "string" },
      fault: { type: "string" },
    },
  });
  const { fault } = values;
  if (fault !== undefined && !isPlantedInData(fault)) {
    throw unknown("--fault", fault, Object.keys(plantedDataFaults));
  }
  const usual = fault === undefined ? dataFaultNames : revealingData[fault];
  const faults = values.faults?.split(",").filter((name) => name !== "") ?? usual;
  for (const name of faults) {
    if (!dataFaultNames.includes(name as DataFaultName)) {
      throw unknown("--faults", name, dataFaultNames);
    }
  }
  return {
    seed: numberOf("--seed", values.seed),
    activeMs: numberOf("--minutes", values.minutes) * 60_000,
    coloCount: numberOf("--colos", values.colos),
    clientCount: 100,
    thinkMsMax: 300,
    changeShare: 0.03,
    faults: faults as DataFaultName[],
    restMsMax: 6_000,
    quietMs: 35_000,
    checkEveryMs: fault === undefined ? 0 : checkEveryMs,
    ...(fault === undefined ? {} : { fault }),
  };
}

await report(async () => {
  const result = await runData(settingsFrom(process.argv.slice(2)));
  return { table: tableOfData(result), violationCount: result.findings.violations.length };
});

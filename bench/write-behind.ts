// Tests write-behind counters under faults, with several colos, a Node process, a real Redis and
// D1. Checks that each add counts as it was reported to its caller. Exits with 1 on a violation.
//   npm run bench -- write-behind --adds 1000000 [--seconds 240] [--seed 1] [--faults a,b] [--fault <a planted one>]
import { parseArgs } from "node:util";
import {
  isPlantedBehind,
  plantedBehindFaults,
} from "../testing/write-behind/proof/planted-behind-faults.ts";
import { proofFaultNames } from "../testing/write-behind/proof/proof-faults.ts";
import { tableOfProof } from "../testing/write-behind/proof/proof-table.ts";
import { type ProofSettings, runProof } from "../testing/write-behind/proof/run-proof.ts";
import { numberOf, report, unknown } from "./load/run-options.ts";

function settingsFrom(args: readonly string[]): ProofSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      adds: { type: "string", default: "1000000" },
      seconds: { type: "string", default: "240" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      colos: { type: "string", default: "3" },
      keys: { type: "string", default: "2000" },
      faults: { type: "string", default: proofFaultNames.join(",") },
      fault: { type: "string" },
    },
  });
  const { fault } = values;
  if (fault !== undefined && !isPlantedBehind(fault)) {
    throw unknown("--fault", fault, Object.keys(plantedBehindFaults));
  }
  const faults = values.faults.split(",").filter((name) => name !== "");
  for (const name of faults) {
    if (!proofFaultNames.includes(name)) throw unknown("--faults", name, proofFaultNames);
  }
  return {
    seed: numberOf("--seed", values.seed),
    addCount: numberOf("--adds", values.adds),
    activeMs: numberOf("--seconds", values.seconds) * 1_000,
    coloCount: numberOf("--colos", values.colos),
    keyCount: numberOf("--keys", values.keys),
    addsPerCall: 500,
    faults,
    restMsMax: 30_000,
    batches: { errorShare: 0.1, slowShare: 0.15, heldShare: 0.03 },
    ...(fault === undefined ? {} : { fault }),
  };
}

await report(async () => {
  const result = await runProof(settingsFrom(process.argv.slice(2)));
  return { table: tableOfProof(result), violationCount: result.violations.length };
});

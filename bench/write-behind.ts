// Counters under every fault: colos, a process of Node, a real Redis and D1; and whether each add counts as was told.
// Ends with 1 on a violation.
//   npm run bench:write-behind -- --adds 1000000 [--seconds 240] [--seed 1] [--faults a,b] [--fault <a planted one>]
import { parseArgs } from "node:util";
import { OperatorError } from "../src/operator-error.ts";
import {
  isPlantedBehind,
  plantedBehindFaults,
} from "../testing/write-behind/proof/planted-behind-faults.ts";
import { proofFaultNames } from "../testing/write-behind/proof/proof-faults.ts";
import { tableOfProof } from "../testing/write-behind/proof/proof-table.ts";
import { type ProofSettings, runProof } from "../testing/write-behind/proof/run-proof.ts";

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

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (text !== "" && number >= 0) return number;
  throw unknown(option, text, ["a number"]);
}

function unknown(option: string, value: string, known: readonly string[]): OperatorError {
  return new OperatorError({
    what: "The run did not start.",
    why: `${option} is ${JSON.stringify(value)}.`,
    mend: `Write one of: ${known.join(", ")}.`,
  });
}

async function main(): Promise<void> {
  const result = await runProof(settingsFrom(process.argv.slice(2)));
  process.stdout.write(`${tableOfProof(result)}\n`);
  process.exitCode = result.violations.length > 0 ? 1 : 0;
}

try {
  await main();
} catch (cause) {
  if (!(cause instanceof OperatorError)) throw cause;
  process.stderr.write(`${cause.message}\n`);
  process.exitCode = 2;
}

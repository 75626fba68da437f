// `npm run conformance`: puts the built Worker through the public suite of HTTP caches, and compares
// the results with those that docs/conformance.md states. Ends with 1 if they differ.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { OperatorError } from "../../src/operator-error.ts";
import { bundleApp, handingOn } from "../../testing/worker/bundle-app.ts";
import { startWorld } from "../../testing/worker/world.ts";
import { passedOf, statedResults, withResults } from "./document.ts";
import { type Results, runSuite, startSuiteOrigin, suiteTests } from "./suite.ts";

const documentPath = fileURLToPath(new URL("../../docs/conformance.md", import.meta.url));

const help = `The public suite of HTTP caches against the built Worker.

  npm run conformance -- [options]

  --runs N         run it N times, each with a Worker of its own (1)
  --tiers A,B      with these tiers only: memory, edge, shared (all)
  --colos N        with N colos, asking the last of them (1)
  --as-shipped     with nothing set, and nothing compared
  --hono           with a Hono application as the origin, which asks the suite's
  --write          put the results into docs/conformance.md
  --help           show this
`;

/** What the caches that we compare ourselves with do by default, and no more. */
const general = "heuristics: true, honourRequestDirectives: true, cacheInFront: true";
/** Errors that the suite wants stored, for as long as its origin says. */
const errors = "400 405 414 499 500 501 502 503 504 599".split(" ");
const negative = `negative: { ${errors.map((status) => `${status}: "origin"`).join(", ")} }`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: "string", default: "1" },
      tiers: { type: "string" },
      colos: { type: "string", default: "1" },
      "as-shipped": { type: "boolean", default: false },
      hono: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const [runs, colos] = [atLeastOne("--runs", values.runs), atLeastOne("--colos", values.colos)];
  const document = await readFile(documentPath, "utf8");
  const isAsShipped = values["as-shipped"];
  const config = isAsShipped ? "{}" : configWith(values.tiers);
  for (let run = 1; run <= runs; run += 1) {
    const results = await resultsOf(config, { colos, isHono: values.hono });
    process.stdout.write(`run ${run}: ${tally(results)}\n`);
    if (isAsShipped) continue;
    if (values.write) return writeFile(documentPath, withResults(document, results));
    const differences = compared(document, results);
    process.stdout.write(differences.map((difference) => `  ${difference}\n`).join(""));
    if (differences.length > 0) process.exitCode = 1;
  }
}

function atLeastOne(option: string, text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new OperatorError({
    what: `${option} cannot be used.`,
    why: `${JSON.stringify(text)} is no whole number from 1 to 99.`,
    mend: `Write ${option} 2, for example.`,
  });
}

interface Setup {
  readonly colos: number;
  readonly isHono: boolean;
}

async function resultsOf(config: string, { colos, isHono }: Setup): Promise<Results> {
  const origin = await startSuiteOrigin();
  try {
    const worker = isHono ? { worker: await bundleApp(handingOn, config) } : { config };
    const world = await startWorld({ originUrl: origin.url, ...worker, colos });
    try {
      return await runSuite(world.colos.at(-1)?.url ?? "");
    } finally {
      await world.stop();
    }
  } finally {
    await origin.stop();
  }
}

function configWith(tiers = "memory,edge,shared"): string {
  const listed = JSON.stringify(tiers.split(","));
  return `{ ${general}, routes: [{ name: "all", match: "*", ${negative}, tiers: ${listed} }] }`;
}

function compared(document: string, results: Results): string[] {
  const stated = statedResults(document);
  const differences = suiteTests.flatMap(({ id, kind }) => {
    const was = stated.get(id) === "passed";
    const now = results.get(id);
    if (was === (now === "passed")) return [];
    return [`${kind} ${id}: ${was ? `lost: ${now}` : "passes now; put it down with --write"}`];
  });
  const isCurrent = differences.length > 0 || withResults(document, results) === document;
  return isCurrent ? differences : ["docs/conformance.md is not what --write makes of this"];
}

function tally(results: Results): string {
  return (["required", "optimal", "check"] as const)
    .map((wanted) => {
      const all = suiteTests.filter(({ kind }) => kind === wanted);
      return `${passedOf(results, all).length} of ${all.length} ${wanted}`;
    })
    .join(", ");
}

try {
  await main();
} catch (cause) {
  if (!(cause instanceof Error)) throw cause;
  process.stderr.write(`${cause.name === "OperatorError" ? cause.message : cause.stack}\n`);
  process.exitCode = 1;
}

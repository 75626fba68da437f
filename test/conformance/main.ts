// `npm run conformance`: runs the public suite of HTTP caches against the built Worker, and
// compares the results with failed-tests.json and docs/internals/conformance.md. Ends with 1 if they differ.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { OperatorError } from "../../src/base/operator-error.ts";
import { bundleApp, handingOn } from "../../testing/worker/bundle-app.ts";
import { startWorld } from "../../testing/worker/world.ts";
import { asShipped, configured } from "./configurations.ts";
import { type Run, tally, withRun } from "./document.ts";
import { knownFailures, writeFailures } from "./failed-tests.ts";
import { type Edition, reasonsFor } from "./misses.ts";
import { clonedSuite, releasedSuite, type Results, type Suite } from "./suite.ts";

const documentPath = fileURLToPath(new URL("../../docs/internals/conformance.md", import.meta.url));

const help = `Runs the public suite of HTTP caches against the built Worker.

  npm run conformance -- [options]

  --suite DIR      also run the suite of DIR, a clone of github.com/http-tests/cache-tests
  --runs N         run N times, each with a Worker of its own (1)
  --tiers A,B      use these tiers only: memory, edge, shared (all)
  --colos N        start N colos and test the last one (1)
  --as-shipped     leave every option at its default
  --stores NAME    redis, or cloudflare: Durable Objects, without Redis (redis)
  --hono           use a Hono application as the origin, which forwards to the suite's
  --write          write the results into failed-tests.json and docs/internals/conformance.md
  --help           show this
`;

interface Setup {
  readonly config: string;
  readonly isAsShipped: boolean;
  readonly colos: number;
  readonly isHono: boolean;
  readonly isWithoutRedis: boolean;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      suite: { type: "string" },
      runs: { type: "string", default: "1" },
      tiers: { type: "string", default: "memory,edge,shared" },
      colos: { type: "string", default: "1" },
      "as-shipped": { type: "boolean", default: false },
      stores: { type: "string", default: "redis" },
      hono: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return void process.stdout.write(help);
  const [runs, colos] = [atLeastOne("--runs", values.runs), atLeastOne("--colos", values.colos)];
  const suites: [Edition, Suite][] = [["release", await releasedSuite()]];
  if (values.suite !== undefined) suites.push(["head", await clonedSuite(values.suite)]);
  const isAsShipped = values["as-shipped"];
  const config = isAsShipped ? asShipped : configured(values.tiers);
  const isWithoutRedis = values.stores === "cloudflare";
  const setup = { config, isAsShipped, colos, isHono: values.hono, isWithoutRedis };
  for (let count = 1; count <= runs; count += 1) {
    for (const [edition, suite] of suites) {
      const { tests, published } = suite;
      const results = await resultsOf(suite, setup);
      const run: Run = { edition, isAsShipped, tests, published, results };
      process.stdout.write(`run ${count}, ${edition}: ${tally(run)}\n`);
      await (values.write ? written(run) : compared(run));
    }
  }
}

function atLeastOne(option: string, text: string): number {
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw new OperatorError({
    what: `${option} cannot be used.`,
    why: `${JSON.stringify(text)} is not a whole number from 1 to 99.`,
    hint: `Write ${option} 2, for example.`,
  });
}

async function resultsOf(
  suite: Suite,
  { config, colos, isHono, isWithoutRedis }: Setup,
): Promise<Results> {
  const origin = await suite.startOrigin();
  try {
    const worker = isHono
      ? { worker: await bundleApp(handingOn, { config, isWithoutRedis }) }
      : { config };
    const world = await startWorld({ originUrl: origin.url, ...worker, colos, isWithoutRedis });
    try {
      const url = world.colos.at(-1)?.url ?? "";
      await warmUp(url);
      return await suite.run(url);
    } finally {
      await world.stop();
    }
  } finally {
    await origin.stop();
  }
}

/**
 * Has the runtime compile a miss, and connect, before the suite sends 100 requests at once: its
 * shortest lifetime is 2 s.
 */
async function warmUp(url: string): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    const paths = Array.from({ length: 40 }, (_, index) => `${url}/warm-up/${round}/${index}`);
    await Promise.all(paths.map(async (path) => (await fetch(path)).arrayBuffer()));
  }
}

async function written(run: Run): Promise<void> {
  const needless = Object.keys(reasonsFor(run.edition)).filter(
    (id) => run.results.get(id) === "passed",
  );
  if (!run.isAsShipped && needless.length > 0) {
    throw new Error(`misses.ts explains tests that are passed: ${needless.join()}.`);
  }
  const document = withRun(await readFile(documentPath, "utf8"), run);
  await writeFile(documentPath, document);
  await writeFailures(run);
}

/** Prints each difference. Makes the process end with 1 if there are differences. */
async function compared(run: Run): Promise<void> {
  const document = await readFile(documentPath, "utf8");
  const known = await knownFailures(run);
  const differences = run.tests.flatMap(({ id, kind }) => {
    const was = !known.has(id);
    const now = run.results.get(id);
    if (was === (now === "passed")) return [];
    return [`${kind} ${id}: ${was ? `lost: ${now}` : "passes now; state it with --write"}`];
  });
  if (differences.length === 0 && withRun(document, run) !== document) {
    differences.push(
      "docs/internals/conformance.md differs from the document that --write would write",
    );
  }
  process.stdout.write(differences.map((difference) => `  ${difference}\n`).join(""));
  if (differences.length > 0) process.exitCode = 1;
}

try {
  await main();
} catch (cause) {
  if (!(cause instanceof Error)) throw cause;
  process.stderr.write(`${cause.name === "OperatorError" ? cause.message : cause.stack}\n`);
  process.exitCode = 1;
}

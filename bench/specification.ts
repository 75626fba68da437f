// Searches all states of the purge protocol's specification (docs/specification.md), and prints how
// many there are.
//
//   npm run bench -- specification
//   npm run bench -- specification --large
//   npm run bench -- specification --scope losses --without "22 again"
import { parseArgs } from "node:util";
import { OperatorError } from "../src/base/operator-error.ts";
import { type Scope, scopes, settingsOf } from "../testing/specification/scopes.ts";
import { isSpinInstalled, Verifier } from "../testing/specification/spin.ts";

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      large: { type: "boolean", default: false },
      scope: { type: "string" },
      without: { type: "string" },
    },
  });
  const { large, scope, without } = values;
  const searched = scopes.filter(({ name }) => scope === undefined || name === scope);
  if (!isSpinInstalled || searched.length === 0) {
    throw new OperatorError({
      what: "The specification was not searched.",
      why: isSpinInstalled ? `There is no scope ${scope}.` : "spin or gcc is not on PATH.",
      hint: isSpinInstalled
        ? `Name one of: ${scopes.map(({ name }) => name).join(", ")}.`
        : "Install both (Debian: apt-get install spin gcc libc6-dev).",
    });
  }
  const verifier = await Verifier.compile("search", { isCompact: large });
  try {
    for (const each of searched) await search(verifier, each, { large, without });
  } finally {
    await verifier.remove();
  }
}

async function search(
  verifier: Verifier,
  scope: Scope,
  { large, without }: { readonly large: boolean; readonly without: string | undefined },
): Promise<void> {
  const result = await verifier.search(settingsOf(scope, large), without);
  const { statesCount, seconds, broken, steps } = result;
  const verdict = broken === undefined ? "all invariants hold" : `breaks ${broken}`;
  const row = `${scope.name.padEnd(20)} ${statesCount.toLocaleString("en").padStart(12)} states`;
  process.stdout.write(`${row} ${seconds.toFixed(1).padStart(7)} s  ${verdict}\n`);
  if (broken === undefined) return;
  process.stdout.write(`${steps.join("\n")}\n`);
  process.exitCode = 1;
}

await main().catch((cause: unknown) => {
  if (!(cause instanceof OperatorError)) throw cause;
  process.stderr.write(`${cause.message}\n`);
  process.exitCode = 1;
});

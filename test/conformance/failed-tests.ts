// The ids of the tests that Tidemark does not pass, by run, in failed-tests.json.
import { readFile, writeFile } from "node:fs/promises";
import { partOf, type Run } from "./document.ts";

const file = new URL("failed-tests.json", import.meta.url);

const failures = async (): Promise<Record<string, readonly string[]>> =>
  JSON.parse(await readFile(file, "utf8"));

/** Returns the ids that the last run with `--write` has recorded. */
export async function knownFailures(run: Run): Promise<ReadonlySet<string>> {
  return new Set((await failures())[partOf(run)]);
}

export async function writeFailures(run: Run): Promise<void> {
  const ids = run.tests.map(({ id }) => id).filter((id) => run.results.get(id) !== "passed");
  const all = { ...(await failures()), [partOf(run)]: ids };
  await writeFile(file, `${JSON.stringify(all, null, 2)}\n`);
}

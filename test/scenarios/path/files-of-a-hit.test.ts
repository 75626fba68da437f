// Tests the lists in docs/request-paths.md of the files that run for each kind of request.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const filesMax = 21;

const script = fileURLToPath(new URL("files-run.ts", import.meta.url));

interface Run {
  readonly status: number;
  readonly told: string | null;
  readonly files: readonly string[];
}

/** Runs the script in its own process, because the test runner adds code to each module. */
function runs(...given: readonly "journal"[]) {
  const node = ["--disable-warning=ExperimentalWarning", script, ...given];
  const printed = execFileSync(process.execPath, node, { encoding: "utf8" });
  return JSON.parse(printed) as Record<"hit" | "miss" | "purge", Run>;
}

/** Returns the files of a list in docs/request-paths.md. */
function documented(heading: string): string[] {
  const [, after = ""] = readFileSync("docs/request-paths.md", "utf8").split(`\n## ${heading}\n`);
  const [list = ""] = after.split(/\n#/, 1);
  return [...list.matchAll(/^\d+\. `(src\/[\w./-]+)`/gm)].map(([, path = ""]) => path);
}

const alone = runs();
const withJournal = runs("journal");

it(`a hit in memory runs code in no more than ${filesMax} files`, () => {
  expect(alone.hit.told).toBe("tidemark; hit; ttl=60; detail=memory");
  expect(alone.hit.files.length).toBeLessThanOrEqual(filesMax);
});

it("a hit in memory runs code in exactly the documented files", () => {
  expect(documented("A hit in memory").toSorted()).toEqual(alone.hit.files.toSorted());
});

it("a hit on a site with a journal also runs code in src/purge/, and in no other folder", () => {
  const more = withJournal.hit.files.filter((file) => !alone.hit.files.includes(file));
  expect(more).toContain("src/purge/view/journal-view.ts");
  expect(more.filter((file) => !file.startsWith("src/purge/"))).toEqual([]);
});

it.each([
  { heading: "A miss", kind: "miss", status: 200, told: "fwd=uri-miss" },
  { heading: "A purge", kind: "purge", status: 200, told: "" },
] as const)("each documented file runs: $heading", ({ heading, kind, status, told }) => {
  const ran = withJournal[kind];
  expect(ran.status).toBe(status);
  expect(ran.told ?? "").toContain(told);
  const named = documented(heading);
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((file) => !ran.files.includes(file))).toEqual([]);
});

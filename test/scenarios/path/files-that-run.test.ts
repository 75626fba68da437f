// Tests the files that run for each kind of request and call: the steps in the READMEs of three rooms,
// and the files that these use, in files/. `npx vitest run --update=all FILE` updates files/.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const script = fileURLToPath(new URL("files-run.ts", import.meta.url));
const rooms = ["pages", "purge", "data"];
const page = rooms.map((room) => readFileSync(`src/${room}/README.md`, "utf8")).join("\n");

interface Run {
  readonly told: string;
  readonly files: readonly string[];
}

// A process of its own, because the test runner adds code to each module.
const node = ["--disable-warning=ExperimentalWarning", script];
const runs = JSON.parse(execFileSync(process.execPath, node, { encoding: "utf8" })) as Readonly<
  Record<string, Run>
>;

/** Returns the files of the steps of a section. */
function steps(heading: string): string[] {
  const [, after = ""] = page.split(`\n## ${heading}\n`);
  const [section = ""] = after.split(/\n## /, 1);
  return [...section.matchAll(/^\d+\. (?:\*\*)?`(src\/[\w./-]+)`/gm)].map(([, path = ""]) => path);
}

it.each([
  { heading: "A hit in memory", kind: "hit", told: "200 tidemark; hit; ttl=60; detail=memory" },
  { heading: "A miss", kind: "miss", told: "fwd=uri-miss", after: ["hit"] },
  { heading: "A purge", kind: "purge", told: "200" },
  {
    heading: "The next reader in another isolate",
    kind: "next-reader",
    told: "fwd=stale; fwd-status=200; stored; detail=purged",
    after: ["hit", "miss"],
  },
  { heading: "A value in memory", kind: "value-in-memory", told: "stored" },
  {
    heading: "A value in Redis",
    kind: "value-in-redis",
    told: "stored",
    after: ["value-in-memory"],
  },
  {
    heading: "A value that is loaded",
    kind: "value-loaded",
    told: "loaded",
    after: ["value-in-memory", "value-in-redis"],
  },
])("exactly these files run: $heading", async ({ heading, kind, told, after = [] }) => {
  const ran = runs[kind];
  expect(ran?.told).toContain(told);
  const known = after.flatMap((earlier) => runs[earlier]?.files ?? []);
  const more = ran?.files.filter((file) => !known.includes(file)) ?? [];
  expect(steps(heading).filter((step) => !more.includes(step))).toEqual([]);
  const others = more.filter((file) => !steps(heading).includes(file)).toSorted();
  await expect(`${others.join("\n")}\n`).toMatchFileSnapshot(`files/${kind}.txt`);
});

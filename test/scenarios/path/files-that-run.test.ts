// Tests the lists in docs/request-paths.md of the files that run for each kind of request and call.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const script = fileURLToPath(new URL("files-run.ts", import.meta.url));
const page = readFileSync("docs/request-paths.md", "utf8");

interface Run {
  readonly told: string;
  readonly files: readonly string[];
}

// A process of its own, because the test runner adds code to each module.
const node = ["--disable-warning=ExperimentalWarning", script];
const runs = JSON.parse(execFileSync(process.execPath, node, { encoding: "utf8" })) as Readonly<
  Record<string, Run>
>;

/** Returns the files of a section: of its steps, and of the lists by folder below them. */
function documented(heading: string): string[] {
  const [, after = ""] = page.split(`\n## ${heading}\n`);
  const [section = ""] = after.split(/\n## /, 1);
  const steps = [...section.matchAll(/^\d+\. `(src\/[\w./-]+)`/gm)].map(([, path = ""]) => path);
  const folders = section.matchAll(/^- `(src\/[\w./-]*)`: ((?:`[\w./-]+\.ts`[,.\s]*)+)/gm);
  const others = [...folders].flatMap(([, folder = "", files = ""]) =>
    [...files.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => folder + file),
  );
  return [...steps, ...others];
}

it.each([
  { heading: "A hit in memory", kind: "hit", told: "200 tidemark; hit; ttl=60; detail=memory" },
  { heading: "A miss", kind: "miss", told: "fwd=uri-miss", after: ["A hit in memory"] },
  { heading: "A purge", kind: "purge", told: "200" },
  {
    heading: "The next reader in another colo",
    kind: "nextReader",
    told: "fwd=stale; fwd-status=200; stored; detail=purged",
    after: ["A hit in memory", "A miss"],
  },
  { heading: "A value in memory", kind: "valueInMemory", told: "stored" },
  {
    heading: "A value in Redis",
    kind: "valueInRedis",
    told: "stored",
    after: ["A value in memory"],
  },
  {
    heading: "A value that is loaded",
    kind: "valueLoaded",
    told: "loaded",
    after: ["A value in memory", "A value in Redis"],
  },
])("exactly the documented files run: $heading", ({ heading, kind, told, after = [] }) => {
  const ran = runs[kind];
  expect(ran?.told).toContain(told);
  const known = after.flatMap(documented);
  const more = ran?.files.filter((file) => !known.includes(file)) ?? [];
  expect(documented(heading).toSorted()).toEqual(more.toSorted());
});

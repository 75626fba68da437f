// Tests the files that run for each kind of request and call: the steps in the READMEs of three folders,
// and the files that these use, in files/. `npx vitest run --update=all FILE` updates files/.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { filesThatRun } from "../../../local/bundle-contents.ts";

const folders = ["pages", "purge", "data"];
const page = folders.map((folder) => readFileSync(`src/${folder}/README.md`, "utf8")).join("\n");

const runs = filesThatRun();

/** Returns the files of the steps of a section. */
function steps(heading: string): string[] {
  const [, after = ""] = page.split(`\n## ${heading}\n`);
  const [section = ""] = after.split(/\n## /, 1);
  return [...section.matchAll(/^\d+\. (?:\*\*)?`(src\/[\w./-]+)`/gm)].map(([, path = ""]) => path);
}

it.each([
  { heading: "A hit in memory", kind: "hit", answer: "200 tidemark; hit; ttl=60; detail=memory" },
  { heading: "A miss", kind: "miss", answer: "fwd=uri-miss", after: ["hit"] },
  { heading: "A purge", kind: "purge", answer: "200" },
  {
    heading: "The next reader in another isolate",
    kind: "next-reader",
    answer: "fwd=stale; fwd-status=200; stored; detail=purged",
    after: ["hit", "miss"],
  },
  { heading: "A value in memory", kind: "value-in-memory", answer: "stored" },
  {
    heading: "A value in Redis",
    kind: "value-in-redis",
    answer: "stored",
    after: ["value-in-memory"],
  },
  {
    heading: "A value that is loaded",
    kind: "value-loaded",
    answer: "loaded",
    after: ["value-in-memory", "value-in-redis"],
  },
])("exactly these files run: $heading", async ({ heading, kind, answer, after = [] }) => {
  const ran = runs[kind];
  expect(ran?.answer).toContain(answer);
  const known = after.flatMap((earlier) => runs[earlier]?.files ?? []);
  const more = ran?.files.filter((file) => !known.includes(file)) ?? [];
  expect(steps(heading).filter((step) => !more.includes(step))).toEqual([]);
  const others = more.filter((file) => !steps(heading).includes(file)).toSorted();
  await expect(`${others.join("\n")}\n`).toMatchFileSnapshot(`files/${kind}.txt`);
});

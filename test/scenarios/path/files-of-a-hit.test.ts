// In how many files a hit in memory runs code, and that the documents name those files.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const filesMax = 20;

const script = fileURLToPath(new URL("one-hit.ts", import.meta.url));

/** In an isolate that has no other requests. A test runner's own code would count with it. */
function filesOfHit(...given: readonly "journal"[]): string[] {
  const node = ["--disable-warning=ExperimentalWarning", script, ...given];
  const printed = execFileSync(process.execPath, node, { encoding: "utf8" });
  const told = JSON.parse(printed) as { cacheStatus: string; files: string[] };
  expect(told.cacheStatus).toBe("tidemark; hit; ttl=60; detail=memory");
  return told.files.toSorted();
}

/** The files that a list of docs/architecture.md names, under its heading. */
function documented(heading: string): string[] {
  const [, after = ""] = readFileSync("docs/architecture.md", "utf8").split(`\n#### ${heading}\n`);
  const [list = ""] = after.split(/\n#/, 1);
  return [...list.matchAll(/^\d+\. `(src\/[\w./-]+)`/gm)].map(([, path = ""]) => path);
}

describe("a hit in memory", () => {
  const files = filesOfHit();

  it(`runs code in no more than ${filesMax} files`, () => {
    expect(files.length).toBeLessThanOrEqual(filesMax);
  });

  it("runs code in those files that the documents name", () => {
    expect(documented("A hit in memory").toSorted()).toEqual(files);
  });

  it("runs code of the purge view beside them, where there is a journal", () => {
    const more = filesOfHit("journal").filter((file) => !files.includes(file));
    expect(more.length).toBeGreaterThan(0);
    expect(more.filter((file) => !file.startsWith("src/purge/"))).toEqual([]);
  });
});

describe("the documents name the files of", () => {
  it.each(["A miss", "A validation", "A purge"])("%s", (heading) => {
    expect(documented(heading).length).toBeGreaterThan(3);
  });
});

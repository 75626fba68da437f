import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { costlySuites, coveredByAll, leftOut } from "../costly-suites.ts";

const suitesOf = (rows: typeof costlySuites) => rows.flatMap(({ suites }) => suites);
const all = suitesOf(costlySuites);

describe("the suites that .ci/run may leave out", () => {
  it("are files that exist, and cover paths that exist", () => {
    const paths = [...all, ...costlySuites.flatMap(({ covers }) => covers), ...coveredByAll];
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });

  it.each([
    { changed: "a file that none covers", paths: ["SECURITY.md"], left: all },
    { changed: "the lock file", paths: ["SECURITY.md", "package-lock.json"], left: [] },
    { changed: "a path with a covered path as its beginning", paths: ["docs.md"], left: all },
  ])("are left out as they should be if the change is $changed", ({ paths, left }) => {
    expect(suitesOf(leftOut(paths))).toEqual(left);
  });

  it.each([
    ["testing/monitoring/prometheus-server.ts", "test/monitoring/alert-cases.test.ts"],
    ["test/parts/outward/outward-history.ts", "test/parts/outward/history.test.ts"],
    ["testing/write-behind/sink-worlds.ts", "test/write-behind/sinks/contract.test.ts"],
  ])("do not include the suite of a helper that changes: %s", (helper, suite) => {
    expect(suitesOf(leftOut([helper]))).not.toContain(suite);
  });

  it.each(costlySuites)("include $suites unless the change touches them", ({ suites, covers }) => {
    for (const path of [...suites, ...covers, `${covers[0]}/deep/file.ts`]) {
      expect(suitesOf(leftOut([path]))).not.toEqual(expect.arrayContaining([suites[0]]));
    }
  });
});

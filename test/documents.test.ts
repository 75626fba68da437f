// Checks that links and paths in the documents exist, and that docs/cache-status.md explains each
// reason.
import { existsSync, globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";

const documents = globSync(["*.md", "docs/**/*.md", "src/**/*.md", "templates/*/*.md"]).sort();

const textOf = (path: string) => readFileSync(path, "utf8");

/** Returns the anchors that GitHub gives to the headings. */
const anchorsOf = (path: string) =>
  [...textOf(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\-_ ]/gu, "")
      .replaceAll(" ", "-"),
  );

/** Returns the broken links within the repository. */
function brokenLinks(document: string): string[] {
  const links = [...textOf(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path = "", anchor = ""] = link.split("#");
      const target = path === "" ? document : posix.join(posix.dirname(document), path);
      if (!existsSync(target)) return true;
      return anchor !== "" && target.endsWith(".md") && !anchorsOf(target).includes(anchor);
    });
}

/** The current documents. The change log also names removed files. */
const current = documents.filter((path) => path !== "CHANGELOG.md");

describe("the documents", () => {
  it.each(documents)("have no broken link: %s", (document) => {
    expect(brokenLinks(document)).toEqual([]);
  });

  it.each(current)("name existing files of src/: %s", (document) => {
    const paths = [...textOf(document).matchAll(/`(src\/[\w./-]+)`/g)].map(([, path = ""]) => path);
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });
});

/** Returns the members of a union of strings in a source file. */
function reasonsOf(path: string, union: string): string[] {
  const [text = ""] = new RegExp(`export type ${union} =[^;]*;`).exec(textOf(path)) ?? [];
  return [...text.matchAll(/[|=] "([\w-]+)"/g)].map(([, reason = ""]) => reason);
}

describe("docs/cache-status.md explains each reason", () => {
  /** A reason that no client sees, because it belongs to a refresh in the background. */
  const behindAnswers = ["refresh-failed"];

  it.each([
    { path: "src/rules/storable.ts", union: "RefusalRule" },
    { path: "src/proxy/storing/refusal.ts", union: "StoreRefusal" },
    { path: "src/proxy/request/plan.ts", union: "PassRule" },
    { path: "src/rules/cache-status.ts", union: "ForwardReason" },
  ])("of $union", ({ path, union }) => {
    const reasons = reasonsOf(path, union);
    const named = (reason: string) =>
      new RegExp(`\`${reason}[\`:]`).test(textOf("docs/cache-status.md"));
    expect(reasons.length).toBeGreaterThan(5);
    expect(reasons.filter((one) => !named(one) && !behindAnswers.includes(one))).toEqual([]);
  });
});

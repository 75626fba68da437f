// Checks that links and paths in the documents exist, that the table of contents has each page once,
// that the documents explain each reason, and that the generated references are current.
import { existsSync, globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { addressOf, anchorOf, contentsPath, groupsOf } from "../../docs-site/contents.ts";
import { command, references } from "../../docs-site/reference/pages.ts";

/** The pages of the site. */
const pages = globSync(["*.md", "docs/**/*.md", "src/purger/*.md", "examples/*/*.md"]).sort();
/** READMEs of packages, of a new site, and of the folders of src/ are not on the site. */
const elsewhere = ["packages/*/*.md", "templates/*/*.md", "src/*/*.md"];
const documents = [...new Set([...pages, ...globSync(elsewhere).sort()])];

const textOf = (path: string) => readFileSync(path, "utf8");

const anchorsOf = (path: string) =>
  [...textOf(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    anchorOf(heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")),
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

  it.each(current)("name existing files: %s", (document) => {
    const named = /`((?:src|test|testing|local|bench|packages)\/[\w./-]+)`/g;
    const paths = [...textOf(document).matchAll(named)].map(([, path = ""]) => path);
    const places = [".", posix.dirname(document), "templates/site"];
    const exists = (path: string) => places.some((place) => existsSync(posix.join(place, path)));
    const written = paths.filter((path) => !/NAME|\/dist\//.test(path));
    expect(written.filter((path) => !exists(path))).toEqual([]);
  });
});

describe("the table of contents", () => {
  const groups = groupsOf(textOf(contentsPath));
  const listed = groups.flatMap((group) => group.pages);

  it("has four groups, and the decisions within the last", () => {
    const headings = groups.map(({ heading }) => heading);
    expect(headings).toEqual(["Learn", "Guides", "Reference", "Internals", "Decisions"]);
  });

  it("has each page once", () => {
    const paths = [...listed.map(({ path }) => path), contentsPath].sort();
    expect(paths).toEqual(pages);
    expect(new Set(paths.map(addressOf)).size).toBe(pages.length);
  });

  it("says of each page but the decisions what it is about", () => {
    const pagesOfGroups = groups.slice(0, -1).flatMap((group) => group.pages);
    expect(pagesOfGroups.filter(({ summary }) => summary.length < 10)).toEqual([]);
  });
});

it("no page that is written by hand has over 2,500 words", () => {
  const words = (path: string) => textOf(path).split(/\s+/).filter(Boolean).length;
  const written = pages.filter((path) => !path.startsWith("docs/reference/"));
  expect(written.filter((path) => words(path) > 2_500)).toEqual([]);
});

describe("the generated references", () => {
  it.each(references)("are current: $path", ({ path, from, render }) => {
    const isCurrent = existsSync(path) && textOf(path) === render();
    expect(isCurrent, `${path} differs from ${from}. Run: ${command}`).toBe(true);
  });

  it("are all pages of docs/reference/", () => {
    const paths = references.map(({ path }) => path);
    expect(globSync("docs/reference/*").sort()).toEqual(paths.toSorted());
  });
});

/** Returns the members of a union of strings in a source file. */
function reasonsOf(path: string, union: string): string[] {
  const [text = ""] = new RegExp(`export type ${union} =[^;]*;`).exec(textOf(path)) ?? [];
  return [...text.matchAll(/[|=] "([\w-]+)"/g)].map(([, reason = ""]) => reason);
}

describe("a page explains each reason", () => {
  it.each([
    { path: "src/rules/storable.ts", union: "RefusalRule", page: "reference/codes" },
    { path: "src/pages/storing/refusal.ts", union: "StoreRefusal", page: "reference/codes" },
    { path: "src/pages/request/plan.ts", union: "PassRule", page: "reference/codes" },
    { path: "src/rules/cache-status.ts", union: "ForwardReason", page: "cache-status" },
  ])("of $union", ({ path, union, page }) => {
    const reasons = reasonsOf(path, union);
    const text = textOf(`docs/${page}.md`);
    const named = (reason: string) => new RegExp(`\`${reason}[\`:]`).test(text);
    expect(reasons.length).toBeGreaterThan(5);
    expect(reasons.filter((one) => !named(one))).toEqual([]);
  });
});

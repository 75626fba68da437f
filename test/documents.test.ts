// What the documents name must be there: each link leads to a file and a heading, and each path of
// src/ that they name is one.
import { existsSync, globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";

const documents = globSync(["*.md", "docs/**/*.md", "src/**/*.md"]).sort();

const textOf = (path: string) => readFileSync(path, "utf8");

/** As GitHub names headings: letters, digits, dashes and underscores, in small letters. */
const anchorsOf = (path: string) =>
  [...textOf(path).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\-_ ]/gu, "")
      .replaceAll(" ", "-"),
  );

/** @returns each link within the repository that leads nowhere */
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

/** The change log also names what is no more. */
const current = documents.filter((path) => path !== "CHANGELOG.md");

describe("the documents", () => {
  it.each(documents)("link to what is there: %s", (document) => {
    expect(brokenLinks(document)).toEqual([]);
  });

  it.each(current)("name files of src/ that are there: %s", (document) => {
    const paths = [...textOf(document).matchAll(/`(src\/[\w./-]+)`/g)].map(([, path = ""]) => path);
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });
});

// Reads the table of contents, docs/README.md: its groups, and the pages of each group.
import { posix } from "node:path";

/** A page of the documentation. */
export interface Page {
  readonly title: string;
  /** The path of its Markdown, below the root of the repository. */
  readonly path: string;
  /** The text beside its link, without marks. */
  readonly summary: string;
}

/** A heading of the table of contents, with the pages below it. */
export interface Group {
  readonly heading: string;
  readonly pages: readonly Page[];
}

export const contentsPath = "docs/README.md";
/** The start page of the site. */
export const homePath = "docs-site/home.md";

/** A line of a list. Its first link is the page. */
const entries = /^- \[([^\]]+)\]\(([^)\s]+)\)(.*)$/gm;

/** Returns the groups of the table of contents, in their order. */
export function groupsOf(contents: string): Group[] {
  return contents
    .replaceAll(/\n {2}/g, " ")
    .split(/^##+ /m)
    .slice(1)
    .map((section) => ({
      heading: section.slice(0, section.indexOf("\n")),
      pages: [...section.matchAll(entries)].map(pageOf),
    }));
}

const pageOf = ([, title = "", link = "", rest = ""]: RegExpExecArray): Page => ({
  title: title.replaceAll("`", ""),
  path: posix.join(posix.dirname(contentsPath), link),
  summary: rest.replaceAll(/^: |`/g, ""),
});

/** Returns the path of a page on the site, such as `configuration`. */
export function addressOf(path: string): string {
  if (path === homePath) return "index";
  if (path === "README.md") return "overview";
  if (path === contentsPath) return "contents";
  return path
    .replace(/^docs(-site)?\//, "")
    .replace(/\/README\.md$|\.md$/, "")
    .toLowerCase();
}

/** Returns the anchor that GitHub gives to a heading. */
export const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\-_ ]/gu, "")
    .replaceAll(" ", "-");

// Writes the documentation for programs: llms.txt, and each page as Markdown.
import { addressOf, type Group, type Page } from "./contents.ts";

/** A code block, or a link or image with its target. Links in code stay as they are. */
const linkOrCode = /^( *)(```|~~~).*?^\1\2$|`[^`\n]*`|(\]\()([^)\s]+)(?=\))/gms;

/** Returns a page with other targets of its links. */
export function withLinks(markdown: string, linkOf: (link: string) => string): string {
  return markdown.replaceAll(linkOrCode, (whole, _indent, _fence, opening, link) =>
    opening === undefined ? whole : opening + linkOf(link),
  );
}

interface Contents {
  readonly title: string;
  readonly summary: string;
  readonly groups: readonly Group[];
  /** Pages that the table of contents does not have. */
  readonly more: readonly Page[];
}

/**
 * Returns llms.txt, in the form of llmstxt.org: a title, a summary, and links with notes. Its section
 * "Optional" has the pages that a reader with little time may skip.
 */
export function llmsText({ title, summary, groups, more }: Contents): string {
  const [learn, guides, reference, ...internals] = groups;
  const sections = [
    ...[learn, guides].flatMap((group) => group ?? []),
    { heading: reference?.heading ?? "", pages: [...(reference?.pages ?? []), ...more] },
    { heading: "Optional", pages: internals.flatMap(({ pages }) => pages) },
  ];
  const texts = sections.map(
    ({ heading, pages }) => `## ${heading}\n\n${pages.map(lineOf).join("\n")}\n`,
  );
  return [`# ${title}\n`, `> ${summary}\n`, ...texts].join("\n");
}

const lineOf = ({ title, path, summary }: Page) => {
  const link = path.endsWith(".md") ? `${addressOf(path)}.md` : path;
  return `- [${title}](${link})${summary === "" ? "" : `: ${summary}`}`;
};

// The text of tidemark.config.ts, with a comment for each thing that was seen.
import { printable } from "../../../../local/printable.ts";
import { type Draft, type DraftRoute, isBypass } from "./draft.ts";

const columnsMax = 100;

/** @param atMs epoch milliseconds */
export function configText({ sight, consent, routes }: Draft, atMs: number): string {
  const day = new Date(atMs).toISOString().slice(0, 10);
  const names = consent === "ignored" ? "consentCookies, defineConfig" : "defineConfig";
  return [
    ...comment(
      `What is cached of ${sight.origin}, and for how long where the site itself does not say. The first route that matches counts. ` +
        `tidemark init wrote it on ${day}, after a look at ${sight.pages.length} pages. Read it before you deploy it: whoever wrote it knows no more than these pages.`,
    ),
    `import { ${names} } from "tidemark";`,
    "",
    "export default defineConfig({",
    ...consentLines[consent].map(indented),
    "  routes: [",
    ...routes.flatMap((route) => routeLines(route).map((line) => indented(indented(line)))),
    "  ],",
    "});",
    "",
  ].join("\n");
}

const consentLines: Readonly<Record<Draft["consent"], readonly string[]>> = {
  ignored: [
    "// A request with a cookie that nobody knows may belong to a session. These say nothing about a page:",
    "// two of them were sent along, and no page changed.",
    "cookies: { harmless: consentCookies },",
  ],
  counts: [
    "// A page changed with a cookie. So none is named here beside those that only scripts read.",
  ],
  unseen: [
    "// Pages change by themselves, so it was not to be seen whether cookies change them. So none is named",
    "// here beside those that only scripts read.",
  ],
};

function routeLines(route: DraftRoute): string[] {
  const { name, match, comments, fields } = route;
  const patterns = match.map((one) => JSON.stringify(one));
  const written = [`name: ${JSON.stringify(name)}`, `match: ${listOf(patterns)}`, ...fields];
  const inOne = `{ ${written.join(", ")} },`;
  const isShort = inOne.length <= columnsMax - 4 && (isBypass(route) || written.length < 4);
  const lines = isShort ? [inOne] : ["{", ...written.flatMap(fieldLines).map(indented), "},"];
  return [...comments.flatMap((text) => comment(text, columnsMax - 4)), ...lines];
}

function listOf(patterns: readonly string[]): string {
  return patterns.length === 1 ? (patterns[0] ?? "") : `[${patterns.join(", ")}]`;
}

/** A list that is too long for a line stands one in each. */
function fieldLines(field: string): string[] {
  const [, head, members] = /^(match: )\[(.*)\]$/.exec(field) ?? [];
  if (head === undefined || field.length < columnsMax - 8) return [`${field},`];
  const each = (members ?? "").split(/, (?=")/);
  return [`${head}[`, ...each.map((one) => `  ${one},`), "],"];
}

/** What an origin wrote stands in it, so no end of a line may, and nothing that a terminal would obey. */
function comment(text: string, columns = columnsMax): string[] {
  const lines: string[] = [];
  let line = "//";
  for (const word of text.split(/\s+/).map(printable)) {
    if (line.length + 1 + word.length > columns && line !== "//") {
      lines.push(line);
      line = "//";
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}

const indented = (line: string) => (line === "" ? line : `  ${line}`);

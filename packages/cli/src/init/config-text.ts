// Generates tidemark.config.ts, with comments about the examined pages.
import { printable } from "../../../../local/printable.ts";
import { type Draft, type DraftRoute, isBypass } from "./draft.ts";

const columnsMax = 100;

/** @param atMs epoch milliseconds */
export function configText({ sight, consent, routes }: Draft, atMs: number): string {
  const day = new Date(atMs).toISOString().slice(0, 10);
  const names = consent === "ignored" ? "consentCookies, defineConfig" : "defineConfig";
  return [
    ...comment(
      `Sets which pages of ${sight.origin} are cached, and for how long if the site sends no lifetime. The first matching route applies. ` +
        `tidemark init wrote it on ${day}, based on ${sight.pages.length} pages. Review it before you deploy it.`,
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
    "// Requests with unknown cookies may belong to a session. Consent cookies are listed as harmless,",
    "// because tidemark init sent two of them and no page changed.",
    "cookies: { harmless: consentCookies },",
  ],
  counts: [
    "// A page changed when tidemark init sent cookies. So no cookies are added to the harmless ones,",
    "// which by default are analytics cookies.",
  ],
  unseen: [
    "// tidemark init could not compare all pages, so it is unknown whether cookies change them. So no",
    "// cookies are added to the harmless ones, which by default are analytics cookies.",
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

/** Splits a long list into one line for each member. */
function fieldLines(field: string): string[] {
  const [, head, members] = /^(match: )\[(.*)\]$/.exec(field) ?? [];
  if (head === undefined || field.length < columnsMax - 8) return [`${field},`];
  const each = (members ?? "").split(/, (?=")/);
  return [`${head}[`, ...each.map((one) => `  ${one},`), "],"];
}

/** Wraps a comment. Makes text of the origin printable, so that it cannot end the line or control a terminal. */
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

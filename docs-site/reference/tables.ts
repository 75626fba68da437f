// Renders the pages of the events of the log, of the metrics and of the known names, from the tables in the sources.
import { readFileSync } from "node:fs";
import {
  analyticsCookies,
  consentCookies,
  trackingParameters,
} from "../../src/config/known-names.ts";
import { gauges } from "../../src/observe/reports/scrape.ts";
import { families } from "../../src/protocol/families.ts";
import { declarationOf, described, membersOf } from "./docstrings.ts";

/** Returns the page of the events of the log. */
export function logEvents(): string {
  const events = membersOf(declarationOf("src/observe/log-line.ts", "logEvents") ?? "");
  const lines = events.map((event) => `- \`${event.name}\`: ${described(event)}\n`);
  return `# Events of the log

[The log](../logs.md) explains the fields of a line, and its levels.

${lines.join("")}`;
}

interface Head {
  readonly kind: string;
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

const rowOf = ({ kind, name, help, labels }: Head) =>
  `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(", ")} | ${help} |\n`;

const tableOf = (heads: readonly Head[]) =>
  `| metric | kind | labels | meaning |\n|---|---|---|---|\n${heads.map(rowOf).join("")}`;

/** Returns the page of the metrics. */
export const metrics = () => `# Metrics

\`GET /_cache/metrics\` answers these metrics. [Monitoring](../monitoring.md) explains how to scrape and read them.

## Counts of all isolates

${tableOf(Object.values(families))}
## Current values

${tableOf(gauges)}
[Outward purges](../outward.md) add the gauge \`tidemark_outward_lag_seconds\`, by \`target\`.
`;

const listOf = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");

/** A list of fields in src/config/credential-fields.ts, with its docstring. */
const credentialLists = /\/\*\* (.*?) \*\/\nconst \w+ =\s*((?:"[^"]*"[\s+]*)+);/g;

/** Returns the page of the names that Tidemark knows. */
export function knownNames(): string {
  const source = readFileSync("src/config/credential-fields.ts", "utf8");
  const fields = Array.from(
    source.matchAll(credentialLists),
    ([, about = "", literals = ""]) => `${about}\n\n${listOf(literals.match(/[\w*-]+/g) ?? [])}\n`,
  );
  return `# Known names

A \`*\` stands for any text. The package exports the first three lists. [Requests](../requests.md#known-names) say when to use them.

## \`trackingParameters\`

The default of [\`key.query.strip\`](options.md#keyquerystrip):

${listOf(trackingParameters)}

## \`analyticsCookies\`

The default of [\`cookies.harmless\`](options.md#cookiesharmless):

${listOf(analyticsCookies)}

## \`consentCookies\`

${listOf(consentCookies)}

## Credential fields

[\`credentialFields\`](options.md#credentialfields) adds fields and exceptions.

${fields.join("\n")}`;
}

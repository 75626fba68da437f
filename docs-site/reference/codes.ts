// Renders the page with the sentence of each code that explain, warm and health answer, from the command's tables.
import { findings, partsOf } from "../../packages/cli/src/texts/findings.ts";
import {
  differences,
  passes,
  refusals,
  skips,
  verdicts,
} from "../../packages/cli/src/texts/reasons.ts";
import { findingCodes } from "../../src/protocol/finding.ts";
import { linked } from "./docstrings.ts";

/** The codes about the subject of a page, or of two. */
const pages: Readonly<Record<string, string>> = {
  "docs/astro.md#behaviour": "caller",
  "docs/data-on-node.md#hints and docs/stores.md#hints-of-purges": "hints-off",
  "docs/data.md#pages-of-values": "stale-value",
  "docs/internals/purge-protocol-special.md#caches-before-the-origin": "age-too-low",
  "docs/origin-load.md#errors-and-random-paths": "error-status",
  "docs/origin-load.md#variants": "dictionary-coded",
  "docs/origins.md#a-cache-below": "before-purge",
  "docs/package.md#parts": "part-failed",
  "docs/package.md#tidemarknonce": "nonce-unreplaced",
  "docs/purging.md#the-switch": "switch",
  "docs/purging.md#what-remains-outside-the-promise": "journal-restarted",
  "docs/query.md": "unkeyed-content",
  "docs/reference/route-options.md#fresh": "no-use",
  "docs/releases.md": "left-release missing-asset",
  "docs/requests.md#a-coarser-field": "too-many-variants",
  "docs/requests.md#anonymous-requests": "unconfirmed",
  "docs/requests.md#answers-that-identify-their-client": "names-client",
  "docs/requests.md#cache-deception": "extension-mismatch",
  "docs/requests.md#cookies": "set-cookie unknown-cookie",
  "docs/requests.md#credentials": "credential-field",
  "docs/requests.md#few-fields": "withheld-field",
  "docs/requests.md#fields-that-are-not-utf-8": "undecoded-field",
  "docs/requests.md#loops": "came-back",
  "docs/requests.md#paths": "ambiguous-path long-url",
  "docs/requests.md#refreshes and docs/requests.md#markdown-json-and-html-at-one-url":
    "varies-silently",
  "docs/routes.md#conditions": "ambiguous-value",
  "docs/routes.md#rules-on-answers": "answer-rule",
  "docs/stores.md#what-an-isolate-holds": "memory-short",
  "docs/vcl.md#a-gate": "gate-refused unchecked",
  "docs/vcl.md#rules": "rule-fails rule-refuses",
};

/** Codes of health whose sentences are those of a closer reason. */
const withoutText = findingCodes.filter((code) => !Object.hasOwn(findings, code));

/** Returns the Markdown of the page. */
export function codes(): string {
  return `# Codes and their sentences

The Worker answers codes with values. The command puts the values in the place of \`{…}\`, and leaves out a part in «» without one.
[Explain](../explain.md) and [health](../health.md) explain the answers.

## Reasons of a verdict
${listOf(verdicts)}
## Reasons to bypass the cache
${listOf(passes)}
## Reasons not to store a response
${listOf(refusals)}
## Reasons not to read a tier
${listOf(skips)}
## Differences from the nearest key
${listOf(differences)}
## Findings

These codes always have a closer reason, the \`case\` of the finding, such as \`store-fails\` or \`tier-edge\`: ${withoutText.map((code) => `\`${code}\``).join(", ")}.
${listOf(findings, (text) => {
  const { what, cause, remedy } = partsOf(text);
  return `${what} *Cause:* ${cause} *Remedy:* ${remedy}`;
})}`;
}

function listOf(
  texts: Readonly<Record<string, string>>,
  shown: (text: string) => string = (text) => `${text}.`,
): string {
  const lines = Object.entries(texts).map(([code, text]) => {
    const page = Object.keys(pages).find((one) => pages[one]?.split(" ").includes(code));
    const see = page === undefined ? "" : ` See ${linked(page)}.`;
    return `- \`${code}\`: ${escaped(shown(text))}${see}\n`;
  });
  return `\n${lines.join("")}`;
}

/** Escapes what Markdown and the templates of VitePress would interpret. */
const escaped = (text: string) => text.replaceAll(/[<>{}[\]|]/g, "\\$&");

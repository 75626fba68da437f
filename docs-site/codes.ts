// Renders a page with the sentence of each code that explain, warm and health answer, from the command's tables.
import { findings, partsOf } from "../packages/cli/src/texts/findings.ts";
import {
  differences,
  passes,
  refusals,
  skips,
  verdicts,
} from "../packages/cli/src/texts/reasons.ts";

/** Returns the Markdown of the page. */
export function codes(): string {
  return `# Codes and their sentences

The Worker answers codes with values. The command puts the values in the place of \`{…}\`, and leaves out a part in «» without one.
[Explain](../docs/explain.md) and [health](../docs/health.md) explain the answers.

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
${listOf(findings, (text) => {
  const { what, cause, remedy } = partsOf(text);
  return `${what} *Cause:* ${cause} *Remedy:* ${remedy}`;
})}`;
}

function listOf(
  texts: Readonly<Record<string, string>>,
  shown: (text: string) => string = (text) => `${text}.`,
): string {
  const lines = Object.entries(texts).map(
    ([code, text]) => `- \`${code}\`: ${escaped(shown(text))}\n`,
  );
  return `\n${lines.join("")}`;
}

/** Escapes what Markdown and the templates of VitePress would interpret. */
const escaped = (text: string) =>
  text.replaceAll(/[<>{}[\]|]/g, (character) => `&#${character.charCodeAt(0)};`);

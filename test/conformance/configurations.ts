// The two configurations for which docs/internals/conformance.md states results.
import { readFileSync } from "node:fs";

const file = readFileSync(new URL("tidemark.config.ts", import.meta.url), "utf8");

/** The text between the parentheses of `defineConfig(…)`, with every option at its default. */
export const asShipped = "{}";

/**
 * Returns the text between the parentheses of `defineConfig(…)` in tidemark.config.ts.
 *
 * @param tiers the tiers in use, with commas between
 */
export function configured(tiers: string): string {
  const from = file.indexOf("defineConfig({") + "defineConfig(".length;
  const options = file.slice(from, file.lastIndexOf(")"));
  return options.replace(/tiers: \[.*\]/, `tiers: ${JSON.stringify(tiers.split(","))}`);
}

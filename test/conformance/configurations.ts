// The two configurations for which docs/conformance.md states results.

/** Error statuses that the suite expects a cache to store for the origin's lifetime. */
const errors = "400 405 414 499 500 501 502 503 504 599".split(" ");

/** The text between the parentheses of `defineConfig(…)`, with every option at its default. */
export const asShipped = "{}";

/**
 * Returns the text between the parentheses of `defineConfig(…)`, with the options that an operator
 * of the suite's origin would set.
 *
 * @param tiers the tiers in use, with commas between
 */
export function configured(tiers: string): string {
  const listed = tiers.split(",").map((tier) => JSON.stringify(tier));
  const negative = errors.map((status) => `${status}: "origin"`);
  return `{
  heuristics: true,
  honourRequestDirectives: true,
  cacheInFront: true,
  cookies: { harmless: ["a"] },
  routes: [
    {
      name: "all",
      match: "*",
      tiers: [${listed.join(", ")}],
      staleIfError: "1m",
      negative: {
        ${negative.slice(0, 5).join(", ")},
        ${negative.slice(5).join(", ")},
      },
    },
  ],
}`;
}

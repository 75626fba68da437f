// The route for what is one client's own: what was seen, and what sites of this make have.
import type { OriginSight } from "../origin/look-at-origin.ts";
import { privatePattern } from "../origin/page-kind.ts";
import { type Judged, reasons } from "./content-route.ts";
import { type DraftRoute, fewest, listed, patternOfPath } from "./draft.ts";
import { privateOf } from "./known-platforms.ts";

export function privateRoute(sight: OriginSight, pages: readonly Judged[]): DraftRoute {
  const seen = pages
    .filter(({ judgement: { kind } }) => kind === "private")
    .map(({ sight: { path } }) => privatePattern(path) ?? patternOfPath(path));
  const known = privateOf(sight.platform);
  const found = fewest([...seen, ...sight.privatePatterns]);
  const more = fewest([...found, ...known]).filter((pattern) => !found.includes(pattern));
  const named = `Not seen, and named here to be careful: ${more.join(", ")}.`;
  const linked = sight.privatePatterns.length > 0;
  return {
    name: "private",
    match: fewest([...found, ...known]),
    comments: [
      "For one client each: never stored.",
      ...reasons(pages.filter(({ judgement: { kind } }) => kind === "private")),
      ...(linked ? [`Linked, or forbidden to robots: ${listed(sight.privatePatterns)}.`] : []),
      ...(more.length > 0 ? [named] : []),
    ],
    fields: ["bypass: true"],
    samples: [],
  };
}

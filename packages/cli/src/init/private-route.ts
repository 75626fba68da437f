// Drafts the route for private pages: examined, linked or disallowed by robots.txt, or usual for
// the platform.
import type { OriginSight } from "../origin/look-at-origin.ts";
import { privatePattern } from "../origin/page-kind.ts";
import { type JudgedPage, reasons } from "./content-route.ts";
import { type DraftRoute, fewest, listed, patternOfPath } from "./draft.ts";
import { privateOf } from "./known-platforms.ts";

export function privateRoute(sight: OriginSight, pages: readonly JudgedPage[]): DraftRoute {
  const seen = pages
    .filter(({ judgement: { kind } }) => kind === "private")
    .map(({ sight: { path } }) => privatePattern(path) ?? patternOfPath(path));
  const known = privateOf(sight.platform);
  const found = fewest([...seen, ...sight.privatePatterns]);
  const more = fewest([...found, ...known]).filter((pattern) => !found.includes(pattern));
  const named = `Not seen, but listed as a precaution: ${more.join(", ")}.`;
  const linked = sight.privatePatterns.length > 0;
  return {
    name: "private",
    match: fewest([...found, ...known]),
    comments: [
      "Private pages: never stored.",
      ...reasons(pages.filter(({ judgement: { kind } }) => kind === "private")),
      ...(linked ? [`Linked, or disallowed by robots.txt: ${listed(sight.privatePatterns)}.`] : []),
      ...(more.length > 0 ? [named] : []),
    ],
    fields: ["bypass: true"],
    samples: [],
  };
}

// (d) Checks that hits return in the quiet phase: each colo answers each variant of each page from
// a tier.
import type { Violation } from "./violation.ts";
import type { History } from "./operations.ts";

export function notComingBack({ quiet, reads, pages, colos }: History): Violation[] {
  if (quiet === undefined) return [];
  const hits = new Set<string>();
  for (const { colo, path, variant, invokedAtMs, cacheStatus } of reads) {
    const isWithin = invokedAtMs >= quiet.fromMs && invokedAtMs <= quiet.untilMs;
    if (isWithin && cacheStatus.includes("tidemark; hit")) hits.add(`${colo} ${path} ${variant}`);
  }
  const wanted = colos.flatMap((colo) =>
    pages.flatMap(({ path, variants }) => variants.map((variant) => `${colo} ${path} ${variant}`)),
  );
  return wanted
    .filter((each) => !hits.has(each))
    .map((each) => ({ rule: "no-hit-after-quiet", what: `${each}: no hit after quiet.` }));
}

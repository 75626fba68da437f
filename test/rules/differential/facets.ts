// The facets in which both sides are compared, and the condition for comparing each facet.
import type { Exchange, Subject } from "./exchange.ts";
import { Ours } from "./ours.ts";
import { Theirs } from "./theirs.ts";

export const facets = {
  storing: ["storable", "lifetime", "age"],
  use: ["verdict", "on-error", "conditions"],
  selection: ["selects", "freshens", "freshened"],
} as const satisfies Record<Subject, readonly string[]>;
export type Facet = (typeof facets)[Subject][number];

export interface Sides {
  readonly ours: Ours;
  readonly theirs: Theirs;
}

export const sidesOf = (exchange: Exchange): Sides => ({
  ours: new Ours(exchange),
  theirs: new Theirs(exchange),
});

/** The result for one facet. `uncompared`: the facet has no meaning for one of the sides. */
export type Comparison =
  | { kind: "agree" }
  | { kind: "differ"; ours: unknown; theirs: unknown }
  | { kind: "uncompared" };

export function compare(facet: Facet, { ours, theirs }: Sides): Comparison {
  if (!isReached(facet, ours, theirs)) return { kind: "uncompared" };
  const [one, other] = [ours[facet](), theirs[facet]()];
  return isSame(one, other) ? { kind: "agree" } : { kind: "differ", ours: one, theirs: other };
}

/**
 * Returns whether a facet can be compared. A response that is not stored has no lifetime. Verdicts
 * are compared only if lifetime and age, which are other facets, are the same on both sides.
 */
function isReached(facet: Facet, ours: Ours, theirs: Theirs): boolean {
  const isStored = theirs.storable() && ours.storable();
  if (facet === "lifetime" || facet === "conditions") return isStored;
  if (facet !== "verdict" && facet !== "on-error") return true;
  const hasSameTimes =
    isSame(ours.lifetime(), theirs.lifetime()) && isSame(ours.age(), theirs.age());
  return isStored && hasSameTimes;
}

function isSame(one: unknown, other: unknown): boolean {
  if (typeof one === "number" && typeof other === "number") return Math.abs(one - other) < 1e-6;
  return JSON.stringify(one) === JSON.stringify(other);
}

// Compares the two sides in one aspect, such as the verdict, if their answers are comparable.
import type { Exchange, Subject } from "./exchange.ts";
import { Ours } from "./ours.ts";
import { Theirs } from "./theirs.ts";

export const aspects = {
  storing: ["storable", "lifetime", "age"],
  use: ["verdict", "on-error", "conditions"],
  selection: ["selects", "freshens", "freshened"],
} as const satisfies Record<Subject, readonly string[]>;
export type Aspect = (typeof aspects)[Subject][number];

export interface Sides {
  readonly ours: Ours;
  readonly theirs: Theirs;
}

export const sidesOf = (exchange: Exchange): Sides => ({
  ours: new Ours(exchange),
  theirs: new Theirs(exchange),
});

/**
 * The result for one aspect. `uncompared`: a side lacks this aspect, or the lifetime or age on
 * which it depends already differs.
 */
export type Comparison =
  | { kind: "agree" }
  | { kind: "differ"; ours: unknown; theirs: unknown }
  | { kind: "uncompared" };

export function compare(aspect: Aspect, { ours, theirs }: Sides): Comparison {
  if (!isReached(aspect, ours, theirs)) return { kind: "uncompared" };
  const [one, other] = [ours[aspect](), theirs[aspect]()];
  return isSame(one, other) ? { kind: "agree" } : { kind: "differ", ours: one, theirs: other };
}

/**
 * Returns whether an aspect can be compared. `lifetime`, `conditions`, `verdict` and `on-error`
 * need a response that both sides store. `verdict` and `on-error` also need the same lifetime and
 * age, because a difference in these would be counted twice.
 */
function isReached(aspect: Aspect, ours: Ours, theirs: Theirs): boolean {
  const isStored = theirs.storable() && ours.storable();
  if (aspect === "lifetime" || aspect === "conditions") return isStored;
  if (aspect !== "verdict" && aspect !== "on-error") return true;
  const hasSameTimes =
    isSame(ours.lifetime(), theirs.lifetime()) && isSame(ours.age(), theirs.age());
  return isStored && hasSameTimes;
}

function isSame(one: unknown, other: unknown): boolean {
  if (typeof one === "number" && typeof other === "number") return Math.abs(one - other) < 1e-6;
  return JSON.stringify(one) === JSON.stringify(other);
}

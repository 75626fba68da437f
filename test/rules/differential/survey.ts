// Compares both sides on generated exchanges, and assigns each difference to the entry that
// explains it.
import { type Aspect, aspects, compare, type Comparison, sidesOf } from "./aspects.ts";
import type { Difference } from "./difference.ts";
import { differences } from "./differences.ts";
import { type Exchange, type Subject, subjects } from "./exchange.ts";

const ofAspect = (aspect: Aspect): Difference[] =>
  differences.filter(({ agreedShareMax }) => aspect in agreedShareMax);

/**
 * Removes all known cases of an aspect. Repeats this, because removing one case may reveal another.
 */
function ordinary(aspect: Aspect, exchange: Exchange): Exchange {
  const before = exchange;
  const after = ofAspect(aspect).reduce((left, { without }) => without(left), before);
  return after === before ? after : ordinary(aspect, after);
}

/**
 * Returns how the two sides differ after all known cases were removed, or `undefined` if they
 * agree.
 */
export function unexplained(aspect: Aspect, exchange: Exchange): string | undefined {
  if (compare(aspect, sidesOf(exchange)).kind !== "differ") return undefined;
  const rest = compare(aspect, sidesOf(ordinary(aspect, exchange)));
  if (rest.kind !== "differ") return undefined;
  return `${aspect}: ours ${JSON.stringify(rest.ours)}, theirs ${JSON.stringify(rest.theirs)}`;
}

/** Counts of exchanges that have only one case of an aspect. */
export interface Tally {
  readonly id: string;
  readonly aspect: Aspect;
  /** The number of exchanges that have only this case. */
  alone: number;
  /** The number of these exchanges that differ, and agree after the case was removed. */
  explained: number;
}

export interface Survey {
  readonly compared: Record<Aspect, number>;
  readonly tallies: readonly Tally[];
  /** The differences that no case explains. */
  readonly unexplained: { aspect: Aspect; exchange: Exchange }[];
}

export function survey(exchanges: Readonly<Record<Subject, readonly Exchange[]>>): Survey {
  const all = subjects.flatMap((subject) => aspects[subject]);
  const tallies = differences.flatMap(({ id, agreedShareMax }) =>
    (Object.keys(agreedShareMax) as Aspect[]).map((aspect) => ({
      id,
      aspect,
      alone: 0,
      explained: 0,
    })),
  );
  const compared = Object.fromEntries(all.map((aspect) => [aspect, 0])) as Record<Aspect, number>;
  const found: Survey = { compared, tallies, unexplained: [] };
  for (const subject of subjects) {
    for (const exchange of exchanges[subject]) {
      const sides = sidesOf(exchange);
      for (const aspect of aspects[subject]) count(aspect, exchange, compare(aspect, sides), found);
    }
  }
  return found;
}

function count(aspect: Aspect, exchange: Exchange, found: Comparison, counted: Survey): void {
  if (found.kind === "uncompared") return;
  counted.compared[aspect] += 1;
  const differs = found.kind === "differ";
  const rest = differs ? compare(aspect, sidesOf(ordinary(aspect, exchange))) : found;
  if (rest.kind === "differ") counted.unexplained.push({ aspect, exchange });
  const [only, ...others] = ofAspect(aspect).filter((one) => one.without(exchange) !== exchange);
  const isAlone = only !== undefined && others.length === 0;
  const tally = counted.tallies.find((one) => one.id === only?.id && one.aspect === aspect);
  if (!isAlone || tally === undefined) return;
  tally.alone += 1;
  if (differs && rest.kind === "agree") tally.explained += 1;
}

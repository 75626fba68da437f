// Compares both sides on generated exchanges, and assigns each difference to the entry that
// explains it.
import type { Difference } from "./difference.ts";
import { differences } from "./differences.ts";
import { type Exchange, type Subject, subjects } from "./exchange.ts";
import { compare, type Comparison, type Facet, facets, sidesOf } from "./facets.ts";

const ofFacet = (facet: Facet): Difference[] =>
  differences.filter(({ agreedShareMax }) => facet in agreedShareMax);

/**
 * Removes all known cases of a facet. Repeats this, because removing one case may reveal another.
 */
function ordinary(facet: Facet, exchange: Exchange): Exchange {
  const before = exchange;
  const after = ofFacet(facet).reduce((left, { without }) => without(left), before);
  return after === before ? after : ordinary(facet, after);
}

/**
 * Returns how the two sides differ after all known cases were removed, or `undefined` if they
 * agree.
 */
export function unexplained(facet: Facet, exchange: Exchange): string | undefined {
  if (compare(facet, sidesOf(exchange)).kind !== "differ") return undefined;
  const rest = compare(facet, sidesOf(ordinary(facet, exchange)));
  if (rest.kind !== "differ") return undefined;
  return `${facet}: ours ${JSON.stringify(rest.ours)}, theirs ${JSON.stringify(rest.theirs)}`;
}

/** Counts of exchanges that have only one case of a facet. */
export interface Tally {
  readonly id: string;
  readonly facet: Facet;
  /** The number of exchanges that have only this case. */
  alone: number;
  /** The number of these exchanges that differ, and agree after the case was removed. */
  explained: number;
}

export interface Survey {
  readonly compared: Record<Facet, number>;
  readonly tallies: readonly Tally[];
  /** The differences that no case explains. */
  readonly unexplained: { facet: Facet; exchange: Exchange }[];
}

export function survey(exchanges: Readonly<Record<Subject, readonly Exchange[]>>): Survey {
  const all = subjects.flatMap((subject) => facets[subject]);
  const tallies = differences.flatMap(({ id, agreedShareMax }) =>
    (Object.keys(agreedShareMax) as Facet[]).map((facet) => ({
      id,
      facet,
      alone: 0,
      explained: 0,
    })),
  );
  const compared = Object.fromEntries(all.map((facet) => [facet, 0])) as Record<Facet, number>;
  const found: Survey = { compared, tallies, unexplained: [] };
  for (const subject of subjects) {
    for (const exchange of exchanges[subject]) {
      const sides = sidesOf(exchange);
      for (const facet of facets[subject]) count(facet, exchange, compare(facet, sides), found);
    }
  }
  return found;
}

function count(facet: Facet, exchange: Exchange, found: Comparison, counted: Survey): void {
  if (found.kind === "uncompared") return;
  counted.compared[facet] += 1;
  const differs = found.kind === "differ";
  const rest = differs ? compare(facet, sidesOf(ordinary(facet, exchange))) : found;
  if (rest.kind === "differ") counted.unexplained.push({ facet, exchange });
  const [only, ...others] = ofFacet(facet).filter((one) => one.without(exchange) !== exchange);
  const isAlone = only !== undefined && others.length === 0;
  const tally = counted.tallies.find((one) => one.id === only?.id && one.facet === facet);
  if (!isAlone || tally === undefined) return;
  tally.alone += 1;
  if (differs && rest.kind === "agree") tally.explained += 1;
}

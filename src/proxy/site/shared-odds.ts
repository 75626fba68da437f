// Estimates whether the shared tier has responses that this colo never had. If it rarely does,
// misses are forwarded without a read of the shared tier. New variants are counted separately.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import type { LookupRequest } from "../request/plan.ts";

/** The number of consecutive misses after which lookups in the shared tier are skipped. */
const fruitlessMin = 64;
/** One in this many lookups is still made. A lookup that finds a record ends the skipping. */
const askedOneIn = 8;

const sectionsBytesMax = 65_536;

/** A route, and its section: the paths with the same first segment. */
export interface Place {
  readonly route: string;
  readonly section: string;
}

/**
 * Counts misses by route. If the response may not be stored, the miss is counted only for its
 * section, because the miss says nothing about other pages. Skipping costs few hits: at most 1.5 %
 * of all lookups if the shared tier could answer 3 %, and at most 0.3 % if it could answer 8 %.
 */
export class SharedOdds {
  readonly #ofRoutes = new Map<string, number>();
  readonly #ofSections = new BoundedMarks<number>(sectionsBytesMax);

  /**
   * Returns whether to read the shared tier, and counts a lookup. Callers must call this function
   * once per lookup that may skip the tier.
   */
  isWorthAsking({ route, section }: Place): boolean {
    return isTurn(this.#ofRoutes, route) ?? isTurn(this.#ofSections, section) ?? true;
  }

  /** Returns the result of `isWorthAsking` without counting a lookup. */
  peek({ route, section }: Place): boolean {
    const count = this.#ofRoutes.get(route) ?? 0;
    const most = count >= fruitlessMin ? count : (this.#ofSections.peek(section) ?? 0);
    return most < fruitlessMin || isAsked(most);
  }

  /** Returns whether lookups of this route rarely find a record. */
  isPoor({ route }: Pick<Place, "route">): boolean {
    return (this.#ofRoutes.get(route) ?? 0) >= fruitlessMin;
  }

  /** Counts the result of a lookup. `refused`: a miss whose response was then not storable. */
  brought({ route, section }: Place, what: "nothing" | "refused" | "something"): void {
    if (what === "nothing") countUp(this.#ofRoutes, route);
    else if (what === "refused") countUp(this.#ofSections, section);
    else {
      this.#ofRoutes.delete(route);
      this.#ofSections.delete(section);
    }
  }
}

/** Returns the place for counting lookups of pages. */
export function placeOf({ route, target }: Pick<LookupRequest, "route" | "target">): Place {
  const segments = target.path.split("/", 3);
  const first = segments.length > 2 ? segments[1] : "";
  return { route: route.name, section: `${route.name}\n${first}` };
}

/** Returns the place for counting lookups of new variants. */
export function placeOfVariants({ route }: Pick<LookupRequest, "route">): Place {
  const name = `${route.name}\nvariants`;
  return { route: name, section: name };
}

type Counts = Map<string, number> | BoundedMarks<number>;

/**
 * Returns whether to make this lookup; `undefined` if there were too few misses to skip lookups.
 */
function isTurn(fruitless: Counts, name: string): boolean | undefined {
  const count = fruitless.get(name) ?? 0;
  if (count < fruitlessMin) return undefined;
  fruitless.set(name, count + 1);
  return isAsked(count);
}

function isAsked(count: number): boolean {
  return (count - fruitlessMin) % askedOneIn === askedOneIn - 1;
}

function countUp(fruitless: Counts, name: string): void {
  const count = fruitless.get(name) ?? 0;
  if (count < fruitlessMin) fruitless.set(name, count + 1);
}

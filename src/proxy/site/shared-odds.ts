// How likely it is that another colo has what this one has never had: where hardly ever, a miss need
// not wait for the shared tier's word before it goes to the origin. Of variants it is told apart.
import { BoundedMarks } from "../../cache/record/bounded-marks.ts";
import type { Asked } from "../request/plan.ts";

/** After so many look-ups in a row that brought nothing, */
const fruitlessMin = 64;
/** only every eighth is made, until one brings something. */
const askedOneIn = 8;

const sectionsBytesMax = 65_536;

/** A route, and a section of it: what lies below the first segment of a path. */
export interface Place {
  readonly route: string;
  readonly section: string;
}

/**
 * By route; what may not be stored counts for its section alone, since it tells nothing of other
 * pages of its route. What is passed over may be there all the same: at most for 1.5 % of the
 * look-ups, where the shared tier has 3 % of them; for 0.3 % where it has 8 %, and for next to none
 * from there on.
 */
export class SharedOdds {
  readonly #ofRoutes = new Map<string, number>();
  readonly #ofSections = new BoundedMarks<number>(sectionsBytesMax);

  /** To be asked once for a look-up that may be spared. */
  isWorthAsking({ route, section }: Place): boolean {
    return isTurn(this.#ofRoutes, route) ?? isTurn(this.#ofSections, section) ?? true;
  }

  /** What `isWorthAsking` would say, without counting as a look-up. */
  peek({ route, section }: Place): boolean {
    const count = this.#ofRoutes.get(route) ?? 0;
    const most = count >= fruitlessMin ? count : (this.#ofSections.peek(section) ?? 0);
    return most < fruitlessMin || isAsked(most);
  }

  /** Do its look-ups hardly ever bring anything? */
  isPoor({ route }: Pick<Place, "route">): boolean {
    return (this.#ofRoutes.get(route) ?? 0) >= fruitlessMin;
  }

  /** `refused`: nothing, and what came from the origin was not to be stored. */
  brought({ route, section }: Place, what: "nothing" | "refused" | "something"): void {
    if (what === "nothing") countUp(this.#ofRoutes, route);
    else if (what === "refused") countUp(this.#ofSections, section);
    else {
      this.#ofRoutes.delete(route);
      this.#ofSections.delete(section);
    }
  }
}

/** Where the pages of a request are counted. */
export function placeOf({ route, target }: Pick<Asked, "route" | "target">): Place {
  const segments = target.path.split("/", 3);
  const first = segments.length > 2 ? segments[1] : "";
  return { route: route.name, section: `${route.name}\n${first}` };
}

/** Where the variants of a route's pages are counted that are new to pages of several. */
export function placeOfVariants({ route }: Pick<Asked, "route">): Place {
  const name = `${route.name}\nvariants`;
  return { route: name, section: name };
}

type Counts = Map<string, number> | BoundedMarks<number>;

/** @returns `undefined` where too few look-ups were fruitless for any to be spared */
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

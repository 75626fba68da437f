// How many of the subrequests of a call are left for pages: each page sets its most aside before it is asked
// for, and gives back what it did not need.
import { reach } from "../../config/tier-names.ts";
import type { Route } from "../../config/config.ts";
import type { Decision } from "../../observe/decision.ts";
import type { Tiers } from "../stored/tiers.ts";
import type { WarmedPage } from "./warm-page.ts";

/** Workers Free ends the 51st. The rest is for the purge journal and for the report of an isolate. */
const subrequestsMax = 44;

const ofOrigin = 1;
/** Below memory: a look, a write, and of a page that varies the write of its marker. */
const ofTier = 3;
const ofLease = 2;
/** The origin is asked once more, with what its answer varies by. */
const ofWithheldFields = 1;
/** Of a page that varies: looks whether it still stands, and writes. */
const ofSecondAsk = 5;

/** The most that a page of a route costs, unless another colo is waited for. */
function costMax({ collapse, forward, admission, tiers: names }: Route, tiers: Tiers): number {
  return (
    ofOrigin +
    ofTier * tiers.of(names).below.length +
    (collapse === "global" ? ofLease : 0) +
    (forward === undefined ? 0 : ofWithheldFields) +
    (admission === "second-ask" ? ofSecondAsk : 0)
  );
}

/** What is left for the pages of one call. */
export class SubrequestBudget {
  readonly #tiers: Tiers;
  #left = subrequestsMax;

  constructor(tiers: Tiers) {
    this.#tiers = tiers;
  }

  /** @returns whether there is room for a page of the route: then it is set aside */
  begin(route: Route): boolean {
    const most = costMax(route, this.#tiers);
    const hasRoom = this.#left >= most;
    if (hasRoom) this.#left -= most;
    return hasRoom;
  }

  /** Gives back what a page that was begun has not cost. */
  ended(route: Route, came: WarmedPage): void {
    const most = costMax(route, this.#tiers);
    this.#left += most - costOf(came, most);
  }
}

/** @param most where it is not known */
function costOf(came: WarmedPage, most: number): number {
  if (came.kind === "passed-by") return 0;
  if (came.kind === "already") return came.looks;
  if (came.kind !== "asked") return most;
  const { second, outcome, decision, looksBefore } = came;
  const isVarying = outcome?.stored?.metadata.selecting[0] !== undefined;
  return looksBefore + (second || isVarying ? most : costIn(decision));
}

function costIn({ looks, heardOf, changes, lease }: Decision): number {
  const writes = changes.filter(({ tier }) => !reach([tier], "isolate")).length;
  return looks.length + heardOf.length + writes + (lease === undefined ? 0 : ofLease);
}

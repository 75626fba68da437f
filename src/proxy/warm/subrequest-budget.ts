// Budget of subrequests for pages in one call. Each page reserves its maximum in advance, and returns what it
// did not use.
import { reach } from "../../config/tier-names.ts";
import type { Route } from "../../config/config.ts";
import type { Decision } from "../../observe/decision.ts";
import type { Tiers } from "../stored/tiers.ts";
import type { WarmedPage } from "./warm-page.ts";

/** Workers Free allows 50. The rest is for the purge journal and the isolate's report. */
const subrequestsMax = 44;

const ofOrigin = 1;
/** Below memory: a read, a write, and for a page that varies the write of its marker. */
const ofTier = 3;
const ofLease = 2;
/** A second forward, with the fields that the response varies by. */
const ofWithheldFields = 1;
/** For a page that varies: checks that it is current, and writes. */
const ofSecondAsk = 5;

/** Returns the most that a page of a route costs, unless it waits for another colo. */
function costMax({ collapse, forward, admission, tiers: names }: Route, tiers: Tiers): number {
  return (
    ofOrigin +
    ofTier * tiers.of(names).below.length +
    (collapse === "global" ? ofLease : 0) +
    (forward === undefined ? 0 : ofWithheldFields) +
    (admission === "second-ask" ? ofSecondAsk : 0)
  );
}

/** The subrequests left for the pages of one call. */
export class SubrequestBudget {
  readonly #tiers: Tiers;
  #left = subrequestsMax;

  constructor(tiers: Tiers) {
    this.#tiers = tiers;
  }

  /** @returns whether there was room for a page of the route, which is then reserved */
  begin(route: Route): boolean {
    const most = costMax(route, this.#tiers);
    const hasRoom = this.#left >= most;
    if (hasRoom) this.#left -= most;
    return hasRoom;
  }

  /** Returns what a page did not use. */
  ended(route: Route, came: WarmedPage): void {
    const most = costMax(route, this.#tiers);
    this.#left += most - costOf(came, most);
  }
}

/** @param most for an unknown cost */
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

// The budget of subrequests for the pages of one call. Each page reserves its maximum in advance,
// and returns the unused part.
import { reach } from "../../../config/tier-names.ts";
import type { Route } from "../../../config/config.ts";
import type { Decision } from "../../../observe/decision.ts";
import type { Tiers } from "../../../pages/stored/stored-response.ts";
import type { Context } from "../../../pages/site/exchange.ts";
import { type PageRequest, type WarmedPage, warmPage } from "./warm-page.ts";
import { inTurns } from "../../../base/pool.ts";

/**
 * The budget. Workers Free allows 50 subrequests; the other six are for the purge journal and the
 * isolate's report.
 */
const subrequestsMax = 44;

const ofOrigin = 1;
/** The cost of a tier below memory: a read, a write, and a marker's write if the page varies. */
const ofTier = 3;
const ofLock = 2;
/** The cost of a second forward, with the withheld fields by which the response varies. */
const ofWithheldFields = 1;
/**
 * The maximum cost of the second request for a route with `admission: "second-ask"`: the reads that
 * check whether the page is current, and the writes.
 */
const ofSecondAsk = 5;

/** Returns the maximum cost of a page of a route, without a wait for another isolate's lock. */
function costMax({ traits, forward, admission, tiers: names }: Route, tiers: Tiers): number {
  return (
    ofOrigin +
    ofTier * tiers.of(names).below.length +
    (traits.collapsesGlobally === true ? ofLock : 0) +
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

  /** Reserves the maximum cost of a page of the route. Returns false if the budget is too small. */
  begin(route: Route): boolean {
    const most = costMax(route, this.#tiers);
    const hasRoom = this.#left >= most;
    if (hasRoom) this.#left -= most;
    return hasRoom;
  }

  /** Releases the reserved subrequests that a page did not use. */
  ended(route: Route, page: WarmedPage): void {
    const most = costMax(route, this.#tiers);
    this.#left += most - costOf(page, most);
  }
}

/**
 * Fetches pages in their order, as long as time and budget suffice.
 *
 * @returns the results of the pages that it began; `undefined` for an unfinished page
 */
export function warmInTurns(
  pages: readonly PageRequest[],
  { context, budget }: { readonly context: Context; readonly budget: SubrequestBudget | undefined },
): Promise<readonly (WarmedPage | undefined)[]> {
  const routeOf = ({ url }: PageRequest) =>
    context.site.readUrl({ url: new URL(url).href, method: "GET" }).route;
  const work = async (page: PageRequest) => {
    const warmed = await warmPage(page, context);
    budget?.ended(routeOf(page), warmed);
    return warmed;
  };
  const mayBegin = (page: PageRequest) => budget?.begin(routeOf(page)) ?? true;
  return inTurns(pages, { work, mayBegin }, context.nowAtMs);
}

/** @param most the cost to assume if the actual cost is unknown */
function costOf(page: WarmedPage, most: number): number {
  if (page.kind === "passed-by") return 0;
  if (page.kind === "already") return page.lookups;
  if (page.kind !== "asked") return most;
  const { second, outcome, decision, looksBefore } = page;
  const isVarying = outcome?.stored?.metadata.selecting[0] !== undefined;
  return looksBefore + (second || isVarying ? most : costIn(decision));
}

function costIn({ lookups, heardOf, changes, lock }: Decision): number {
  const writes = changes.filter(({ tier }) => !reach([tier], "isolate")).length;
  return lookups.length + heardOf.length + writes + (lock === undefined ? 0 : ofLock);
}

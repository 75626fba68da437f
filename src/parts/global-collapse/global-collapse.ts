// Exports of `tidemark/global-collapse`: one origin request answers the concurrent requests of all colos.
// See docs/origin-load.md#one-origin-request-for-all-colos.
import { reach, tierNames } from "../../config/tier-names.ts";
import type { PartContents } from "../../admin/part-contents.ts";
import type { PartedRoute, RoutePart } from "../../part/port/part.ts";
import { lockTurns } from "./lock-turns.ts";

/**
 * Collapses concurrent requests for a key over all colos, by a lock in the shared tier. Without it, each isolate
 * forwards one of them.
 *
 * @example
 * defineConfig({ routes: [{ name: "report", match: "/report", fresh: "1m", use: [globalCollapse()] }] });
 */
export function globalCollapse(): RoutePart {
  const contents: PartContents = { fills: { turns: lockTurns } };
  return {
    kind: "route",
    name: "global-collapse",
    traits: { collapsesGlobally: true },
    isForStored: true,
    faultOn,
    contents,
  };
}

const faultOn = ({ tiers = tierNames }: PartedRoute): string | undefined =>
  reach(tiers, "world") ? undefined : 'has globalCollapse(): add "shared" to tiers';

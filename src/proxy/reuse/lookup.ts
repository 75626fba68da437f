// Looks for what its asker accepts, where no verdict is wanted.
import { find } from "../../cache/find.ts";
import { Decision } from "../../observe/decision.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { Asked } from "../request/plan.ts";
import { Search, type SearchPorts } from "./search.ts";
import type { Candidate, MissReason } from "./verdict.ts";

/** A look-up by somebody who wants to know no more than whether something is acceptable. */
export interface LookUp {
  readonly asked: Asked;
  readonly atMs: number;
  /** Would this one answer? If not, a lower tier may hold one that is younger. */
  readonly accepts: (candidate: Candidate) => boolean;
  readonly atPrimary?: boolean;
  /** Of the request that it is for; else the look-up is counted by itself. */
  readonly decision?: Decision;
}

type Known = Pick<Search<boolean>, "key" | "marker" | "inShared" | "memoryCount" | "decision">;

export interface LookedUp extends Known {
  /** The first acceptable response, else the youngest found, else why there is none. */
  readonly found: Candidate | MissReason;
}

/** Looks for what is acceptable. Never rejects. */
export async function lookUp(
  ask: LookUp,
  ports: SearchPorts & { readonly metrics: Pick<Metrics, "settled"> },
): Promise<LookedUp> {
  const { asked, accepts, decision = new Decision({ route: asked.route.name }) } = ask;
  const judge = { judge: accepts, isAnswer: (isAccepted: boolean) => isAccepted };
  const search = new Search<boolean>({ ...ask, decision, judge }, ports);
  const found = await find(search, ports.tiers.memory);
  if (ask.decision === undefined) ports.metrics.settled(decision);
  const { key, marker, inShared, memoryCount, missReason } = search;
  return { found: found?.candidate ?? missReason, key, marker, inShared, memoryCount, decision };
}

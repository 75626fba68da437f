// Why the origin is asked for one request, and what came of it.
import type { ForwardReason } from "../../http/cache-status.ts";
import type { Decision, Outcome } from "../../observe/decision.ts";
import type { PurgeView } from "../../purge/view/view.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";
import type { FreshnessPolicy } from "../stored/lifetime.ts";
import type { InShared } from "./shared-look.ts";
import type { Asked } from "../request/plan.ts";
import type { Ports } from "../ports.ts";
import type { Candidate, VerdictQuestion } from "./verdict.ts";

/** An answer, and the word that it is counted under. */
export interface Answer {
  readonly response: Response;
  readonly outcome: Outcome;
}

/** Why the origin is asked, and what is at hand meanwhile. */
export interface Need<P = Ports> {
  readonly asked: Asked;
  readonly ports: P;
  /** Under which forwards are collapsed. */
  readonly key: RecordKey;
  readonly reason: ForwardReason;
  /** The record of what becomes of the request. */
  readonly decision: Decision;
  /** The stored response whose validators are to be sent. */
  readonly validating?: Candidate | undefined;
  /** A stored response that cannot be validated, but may answer if the origin fails. */
  readonly fallback?: Candidate | undefined;
  /** The marker that the look-up followed; `undefined` if there is none yet. */
  readonly marker: VaryMarker | undefined;
  /** What came of the look-up in the shared tier where this colo has never had it. */
  readonly inShared?: InShared | undefined;
  /** `changeCount` of the memory tier before it was read under this key; `undefined` if it was not. */
  readonly memoryCount?: number | undefined;
  /** Where the look-up found nothing: looks where it did not, for what may answer if the origin fails. */
  readonly lookFurther?: (() => Promise<Candidate | undefined>) | undefined;
  /** A background refresh makes no answer that anybody reads. */
  readonly isForClient: boolean;
  /** When the tiers were looked at for it. */
  readonly lookedAtMs: number;
}

/** The stored response that the look-up found and that did not answer; `undefined` if it found none. */
export function atHand({ validating, fallback }: Pick<Need, "validating" | "fallback">) {
  return validating ?? fallback;
}

/**
 * What Cache-Status tells of a forward: why the copy that was found did not answer, and the fields
 * that none of the stored variants was selected by.
 */
export function forwardedFor({
  reason,
  marker,
  decision: { cause },
}: Pick<Need, "reason" | "marker" | "decision">) {
  const names = reason === "vary-miss" ? (marker?.names ?? []) : [];
  const missed = names.length === 0 ? {} : { detail: { rule: "vary", names } };
  return { kind: "forwarded", reason, cause, ...missed } as const;
}

/** The same need, with what the look-up passed over, if that is there. */
export async function lookedFurther<P>(need: Need<P>): Promise<Need<P>> {
  if (need.lookFurther === undefined) return need;
  return { ...need, fallback: await need.lookFurther(), lookFurther: undefined };
}

/** What a stored response's terms depend on, beside itself. */
export interface PolicyPorts {
  readonly config: { readonly heuristics: boolean };
}

/** By which terms a stored response is used for this request. */
export function policyOf(given: {
  readonly asked: Pick<Asked, "route">;
  readonly ports: PolicyPorts;
}): FreshnessPolicy {
  return { route: given.asked.route, heuristics: given.ports.config.heuristics };
}

/** What a verdict is reached with. */
export interface QuestionPorts extends PolicyPorts {
  readonly view: PurgeView;
  readonly colo: () => string;
  readonly invalidations: VerdictQuestion["invalidations"];
  readonly nowAtMs: () => number;
}

/** The question that a verdict answers, asked now unless another instant is given. */
export function questionOf(
  given: { readonly asked: Asked; readonly ports: QuestionPorts },
  atMs = given.ports.nowAtMs(),
): VerdictQuestion {
  const { asked, ports } = given;
  const { view, colo, invalidations } = ports;
  return { asked, policy: policyOf(given), view, invalidations, colo, atMs };
}

// Why the origin is asked for one request, and what came of it.
import type { ForwardReason } from "../../http/cache-status.ts";
import type { Outcome } from "../../observe/metrics.ts";
import type { RecordKey } from "../../cache/record-key.ts";
import type { VaryMarker } from "../../cache/tiers/tier.ts";
import type { FreshnessPolicy } from "../stored/lifetime.ts";
import type { InShared } from "./lookup.ts";
import type { Asked } from "../request/plan.ts";
import type { Ports } from "../ports.ts";
import type { Candidate, VerdictQuestion } from "./verdict.ts";

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

/** What Cache-Status tells of it: with the fields that none of the stored variants was selected by. */
export function forwardedFor({ reason, marker }: Pick<Need, "reason" | "marker">) {
  const names = reason === "vary-miss" ? (marker?.names ?? []) : [];
  const missed = names.length === 0 ? {} : { detail: { rule: "vary", names } };
  return { kind: "forwarded", reason, ...missed } as const;
}

/** With what the look-up passed over, if that is there. */
export async function lookedFurther(need: Need): Promise<Need> {
  if (need.lookFurther === undefined) return need;
  return { ...need, fallback: await need.lookFurther(), lookFurther: undefined };
}

/** By which terms a stored response is used for this request. */
export function policyOf({ asked, ports }: Pick<Need, "asked" | "ports">): FreshnessPolicy {
  return { route: asked.route, heuristics: ports.config.heuristics };
}

/** The question that a verdict answers, asked now. */
export function questionOf({ asked, ports }: Pick<Need, "asked" | "ports">): VerdictQuestion {
  const { view, colo, invalidations } = ports;
  const policy = policyOf({ asked, ports });
  return { asked, policy, view, invalidations, colo, atMs: ports.nowAtMs() };
}

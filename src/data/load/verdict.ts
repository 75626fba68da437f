// What may be done with a value that is stored, at one instant.
import type { PurgeJudgement, PurgeView } from "../../purge/view/view.ts";
import type { DataMetadata } from "../value/data-record.ts";
import type { Space } from "../value/space.ts";

/** Exactly one holds. */
export type DataVerdict =
  /** `isRefreshDue`: it answers, and is loaded anew behind the answer. */
  | { readonly kind: "fresh"; readonly ageMs: number; readonly ttlMs: number }
  /** It answers while it is loaded anew, or where that fails. */
  | { readonly kind: "stale"; readonly by: "expired" | "purged" }
  | { readonly kind: "unusable"; readonly by: Refusal };

/** `form`: of another schema, or of another codec. */
export type Refusal = "form" | "expired" | "purged" | "unverified";

/** What a verdict is reached with. */
export interface VerdictPorts {
  readonly view: Pick<PurgeView, "judge">;
  /** Where values are loaded from here; what bears the same name is trusted by rule 7 (b). */
  readonly colo: () => string;
  /** N of the purge protocol. */
  readonly maxLagMs: number;
}

/** Asks the purge view, which is done on every use of a value, and nowhere else. */
export function judge(
  metadata: DataMetadata,
  { space, atMs, ports }: { space: Space; atMs: number; ports: VerdictPorts },
): DataVerdict {
  if (!hasForm(metadata, space)) return { kind: "unusable", by: "form" };
  const { maxLagMs, colo } = ports;
  const judged = ports.view.judge(metadata, { atMs, maxLagMs, colo });
  if (isHard(judged)) return { kind: "unusable", by: "purged" };
  // From the future it came before the clock was set back.
  const ageMs = Math.max(0, atMs - metadata.respondedAtMs);
  const leftMs = metadata.freshMs - ageMs;
  const isPurged = judged.kind === "purged";
  // The journal's clock may be ahead of ours.
  const purgedForMs = isPurged && judged.mode === "soft" ? Math.max(0, atMs - judged.sinceAtMs) : 0;
  const ttlMs = isPurged ? Math.min(leftMs, -purgedForMs) : leftMs;
  const mayAnswer = (ttlMs > 0 && !isPurged) || -ttlMs < metadata.staleMs;
  if (!mayAnswer) return { kind: "unusable", by: isPurged ? "purged" : "expired" };
  if (judged.kind === "unverified") return { kind: "unusable", by: "unverified" };
  if (isPurged) return { kind: "stale", by: "purged" };
  return ttlMs > 0 ? { kind: "fresh", ageMs, ttlMs } : { kind: "stale", by: "expired" };
}

function isHard(judged: PurgeJudgement): boolean {
  return judged.kind === "purged" && judged.mode === "hard";
}

/** Was it stored by this schema, in this codec? */
export function hasForm(metadata: DataMetadata, space: Space): boolean {
  return metadata.schema === space.schema && metadata.codec === space.codec.name;
}

/**
 * Is what answers fresh to be loaded anew now? From the namespace's `refresh` on; before that with a
 * probability that rises towards its expiry, the earlier the longer its load takes (XFetch: Vattani,
 * Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", 2015), and never in the
 * first half of its lifetime.
 *
 * @param random draws 0 ≤ n < 1
 */
export function isRefreshDue(
  { ageMs, ttlMs }: { readonly ageMs: number; readonly ttlMs: number },
  { fillCostMs, staleMs, isNegative }: DataMetadata,
  { refreshMs, random }: { readonly refreshMs: number | undefined; readonly random: () => number },
): boolean {
  if (isNegative) return false;
  if (refreshMs !== undefined && ageMs >= refreshMs) return true;
  // While it may answer stale, nobody waits at its expiry either.
  if (staleMs > 0 || ttlMs > ageMs || fillCostMs <= 0) return false;
  return ttlMs <= -fillCostMs * Math.log(random());
}

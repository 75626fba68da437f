// Decides how a stored value may be used at one instant, also if a load is slow or has failed.
import { isRefreshDrawn } from "../../rules/xfetch.ts";
import type { PurgeJudgement } from "../../purge/view/view-port.ts";
import { notesOn } from "../../base/notes.ts";
import { withTags } from "../../cache/record/record.ts";
import { type DataMetadata, valueOf } from "../value/data-record.ts";
import { checkedTag } from "../value/load-context.ts";
import type { DataPlace, Space } from "../value/space.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import type { CallResult, LoadNeed } from "./load-outcome.ts";
import type { DataPorts, VerdictPorts } from "./data-ports.ts";

/** The decision on a stored value. */
export type DataVerdict =
  /** The value may answer. `ttlMs`: the rest of its fresh time. */
  | { readonly kind: "fresh"; readonly ageMs: number; readonly ttlMs: number }
  /** The value may answer during a refresh, after a failed load, or for a call that cannot load. */
  | { readonly kind: "stale"; readonly by: "expired" | "purged" }
  | { readonly kind: "unusable"; readonly by: Refusal };

/** `form`: the value has another schema or codec. */
export type Refusal = "form" | "expired" | "purged" | "unverified";

/** The last results of `asRead`. */
const known = notesOn<
  DataMetadata,
  { readonly space: Space; readonly as: DataMetadata | undefined }
>();

/**
 * Returns the metadata of a stored value with the present tags of its namespace. So a tag that a release adds covers
 * what was stored before. Worked out once for each value.
 *
 * @returns `undefined` if the function of the namespace fails, or names no valid tags. Such a value would not be
 *   stored either
 */
export function asRead(
  metadata: DataMetadata,
  { space, appKey }: DataPlace,
): DataMetadata | undefined {
  const before = known.get(metadata);
  if (before?.space === space) return before.as;
  let as: DataMetadata | undefined;
  try {
    const value = space.derivesTags ? valueOf(metadata, space.codec) : undefined;
    as = withTags(metadata, space.tagsOf(value, appKey).map(checkedTag));
  } catch {
    as = undefined;
  }
  for (const one of [metadata, as]) if (one !== undefined) known.set(one, { space, as });
  return as;
}

/** The last results of `asCalled`. */
const called = notesOn<
  DataMetadata,
  { readonly tags: readonly string[]; readonly as: DataMetadata }
>();

/** Returns the metadata with the tags of the call, by which the call judges a value. */
export function asCalled(metadata: DataMetadata, tags: DataPlace["tags"] = []): DataMetadata {
  if (tags.length === 0) return metadata;
  const before = called.get(metadata);
  // One object for all uses of a call, because `seek` may replace its stamp (rule 27 b).
  if (before?.tags === tags) return before.as;
  const as = withTags(metadata, tags);
  called.set(metadata, { tags, as });
  return as;
}

/** The parts of a place on which a verdict depends. By default, the call has no tags. */
type JudgedPlace = Pick<DataPlace, "space"> & Partial<Pick<DataPlace, "tags">>;

/** Judges a value by its age and by the purge view. Every use of a stored value calls this function. */
export function judge(
  metadata: DataMetadata,
  { space, tags, atMs, ports }: JudgedPlace & { atMs: number; ports: VerdictPorts },
): DataVerdict {
  if (!hasForm(metadata, space)) return { kind: "unusable", by: "form" };
  const { maxLagMs, allowanceMs, colo } = ports;
  const judged = ports.view.judge(asCalled(metadata, tags), { atMs, maxLagMs, colo });
  if (isHard(judged)) return { kind: "unusable", by: "purged" };
  const aheadMs = metadata.respondedAtMs - atMs;
  if (aheadMs > allowanceMs) return { kind: "unusable", by: "expired" };
  const ageMs = Math.max(0, -aheadMs);
  const leftMs = metadata.freshMs - ageMs;
  const isPurged = judged.kind === "purged";
  // The journal's clock may be ahead of this isolate's clock.
  const purgedForMs = isPurged && judged.mode === "soft" ? Math.max(0, atMs - judged.sinceAtMs) : 0;
  const ttlMs = isPurged ? Math.min(leftMs, -purgedForMs) : leftMs;
  const mayAnswer = (ttlMs > 0 && !isPurged) || -ttlMs < metadata.staleMs;
  if (!mayAnswer) return { kind: "unusable", by: isPurged ? "purged" : "expired" };
  if (judged.kind === "unverified") return { kind: "unusable", by: "unverified" };
  if (isPurged) return { kind: "stale", by: "purged" };
  return ttlMs > 0 ? { kind: "fresh", ageMs, ttlMs } : { kind: "stale", by: "expired" };
}

/** Judges a value now. First asks the journal about a value that may answer, but is unverified (rules 6 and 27). */
export async function verifiedVerdict(
  metadata: DataMetadata,
  place: DataPlace,
  ports: DataPorts,
): Promise<DataVerdict> {
  const { view, nowAtMs, afterAnswer } = ports;
  const { space, tags, key } = place;
  const judged = () => judge(metadata, { space, tags, atMs: nowAtMs(), ports });
  const verdict = judged();
  if (verdict.kind !== "unusable" || verdict.by !== "unverified") return verdict;
  await view.seek({ atMs: nowAtMs(), host: key.host, afterAnswer }, asCalled(metadata, tags));
  return judged();
}

/** Returns whether a hard purge covers a value. */
export function isHard(judged: PurgeJudgement): boolean {
  return judged.kind === "purged" && judged.mode === "hard";
}

/** Returns whether the value has the namespace's schema and codec. */
export function hasForm(metadata: DataMetadata, space: Space): boolean {
  return metadata.schema === space.schema && metadata.codec === space.codec.name;
}

/**
 * Returns whether to refresh a fresh value. A stored `null` is never refreshed. Other values are
 * always refreshed from the age `refresh` on. Before that age, only a value without a stale time is
 * refreshed, and only in the second half of its lifetime. The probability rises towards expiry, and
 * is higher for values of slow loads.
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
  // With a stale allowance, no caller waits at expiry, so no early refresh is needed.
  if (staleMs > 0 || ttlMs > ageMs) return false;
  return isRefreshDrawn(ttlMs, fillCostMs, random);
}

/** Returns whether a soft purge has made the value stale. */
export const isPurged = (verdict: DataVerdict): boolean =>
  verdict.kind === "stale" && verdict.by === "purged";

/** Returns the stored value if it may still answer, and no hard purge covers it. */
export function staleValue({ older, place }: LoadNeed, ports: DataPorts): CallResult | undefined {
  if (older === undefined) return undefined;
  const { stored, tier } = older;
  const { metadata } = stored;
  const { space, tags } = place;
  const verdict = judge(metadata, { space, tags, atMs: ports.nowAtMs(), ports });
  if (verdict.kind === "unusable") return undefined;
  return { kind: "value", metadata, by: "stale", isPurged: isPurged(verdict), tier };
}

/**
 * Returns whether the last load failed within `retryAfter`. A stale value then answers without
 * another load.
 */
export function isResting({ place }: LoadNeed, ports: DataPorts): boolean {
  const failedAtMs = ports.failures.get(place.key.text);
  const { retryAfterMs } = place.space;
  return failedAtMs !== undefined && isWithinMs(retryAfterMs, failedAtMs, ports.nowAtMs());
}

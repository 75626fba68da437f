// Accepts scheduled purges and their cancels from senders of purges (docs/purge-protocol-special.md, rule 30).
import { sha256Base64url } from "../base/sha256.ts";
import type { Reason } from "../base/operator-error.ts";
import { spanOf } from "../protocol/finding.ts";
import { scheduledMax, scheduledMsMax } from "../purge/journal/scheduled.ts";
import type { Acceptances, SignedOrder } from "../purge/acceptance/acceptance.ts";
import type { ResolvedOrder } from "../purge/acceptance/resolve-order.ts";
import type { ScheduleResult } from "../purge/acceptance/schedules.ts";
import { type JournalStore, randomText } from "../purge/create-purging.ts";
import type { Requester } from "../purge/view/view-port.ts";
import { journalAway, jsonAnswer, orderSummary } from "./json-answers.ts";
import { type PurgeAnswer, refused, unavailable, usedBefore } from "./purge-answers.ts";

type Sender = Pick<SignedOrder, "id" | "by" | "bodyDigest">;

interface ScheduleHost {
  readonly acceptances: Acceptances;
  readonly reach: JournalStore["reach"];
  readonly requester: Requester;
  /** The largest N, in seconds. */
  readonly visibleWithinSeconds: number;
  /** The isolate's clock, in epoch milliseconds. */
  readonly atMs: number;
  /** Logs the acceptance. */
  readonly accepted: (position: string) => void;
}

/** Returns the refusal of an order whose instant is too far ahead. */
export function refusalOfInstant(atMs: number, nowAtMs: number): PurgeAnswer | undefined {
  return atMs > nowAtMs + scheduledMsMax ? refused(400, "too-far", tooFar) : undefined;
}

/**
 * Accepts a purge that takes effect later. Returns `undefined` for an ordinary purge: its instant has passed,
 * and it is no plan that a sender repeats.
 */
export async function planned(
  order: ResolvedOrder & { readonly atMs: number },
  sender: Sender,
  scheduling: ScheduleHost,
): Promise<PurgeAnswer | undefined> {
  const { acceptances, reach, requester, atMs, visibleWithinSeconds } = scheduling;
  const { targets, mode, reason, reading } = order;
  const isPast = order.atMs <= atMs;
  if (isPast && sender.id === "") return undefined;
  const scheduledId = await idFor(sender);
  const later = { targets, mode, reason, ...sender, scheduledId, atMs: order.atMs };
  const result = isPast
    ? await acceptances.planned(later)
    : await acceptances.plan(later, requester);
  if (result === undefined) return undefined;
  const away = "send it again with the same id";
  if (result.kind !== "scheduled") return notScheduled(result, { away, id: sender.id });
  const { placed } = result;
  scheduling.accepted(placed.position);
  const { id, state } = placed.scheduled;
  const at = new Date(placed.scheduled.atMs);
  const spreadAtMs = atMs + visibleWithinSeconds * 1_000;
  const answer = jsonAnswer({
    position: placed.position,
    // A sender may send a plan again that was cancelled meanwhile.
    scheduled: { id, at: at.toISOString(), ...(state === "cancelled" && { cancelled: true }) },
    ...orderSummary(reading),
    reach,
    visibleWithinSeconds,
    visibleBy: new Date(Math.max(at.getTime(), spreadAtMs)).toISOString(),
  });
  return { answer, isAccepted: true };
}

/** Accepts the cancel of a scheduled purge. */
export async function cancelled(
  id: string,
  order: Sender & Pick<ResolvedOrder, "reason">,
  { acceptances, reach, requester, visibleWithinSeconds, atMs, accepted }: ScheduleHost,
): Promise<PurgeAnswer> {
  const result = await acceptances.cancel(id, order, requester);
  const away = "cancel it again";
  if (result.kind !== "scheduled") return notScheduled(result, { away, id: order.id });
  const { position, scheduled } = result.placed;
  accepted(position);
  const answer = jsonAnswer({
    position,
    scheduled: { id, at: new Date(scheduled.atMs).toISOString(), cancelled: true },
    targets: {},
    reach,
    visibleWithinSeconds,
    visibleBy: new Date(atMs + visibleWithinSeconds * 1_000).toISOString(),
  });
  return { answer, isAccepted: true };
}

/** Returns the same id for a repeated webhook. A command would read an id that begins with `-` as an option. */
async function idFor({ id }: Sender): Promise<string> {
  const text = id === "" ? randomText() : (await sha256Base64url(id)).slice(0, 16);
  return text.replace(/^-/, "_");
}

function notScheduled(
  result: Exclude<ScheduleResult, { readonly kind: "scheduled" }>,
  { away, id }: { readonly away: string; readonly id: string },
): PurgeAnswer {
  if (result.kind === "unavailable") return unavailable(journalAway(result, away));
  if (result.kind === "conflict") return refused(409, "id-reused", usedBefore(id));
  if (result.kind === "too-large") return refused(413, "too-large", tooLarge);
  if (result.why === "full") return refused(409, "schedule-full", full);
  if (result.why === "unknown") return refused(404, "unknown-id", unknownId);
  return refused(409, "too-late", tooLate);
}

const tooFar: Reason = {
  why: `The instant in at is over ${spanOf(scheduledMsMax)} ahead.`,
  hint: "Schedule the purge later.",
};

const tooLarge: Reason = {
  why: "The names of the scheduled purge take over 8 KiB.",
  hint: "Send several, or purge by a tag or a prefix.",
};

const full: Reason = {
  why: `The schedule is full: it has at most ${scheduledMax} purges, with 256 KiB.`,
  hint: "Cancel some, or give one tag to all that changes at one instant.",
};

const unknownId: Reason = {
  why: "The schedule has no purge with this id.",
  hint: "List the ids with tidemark journal --scheduled.",
};

const tooLate: Reason = {
  why: "The purge takes effect within N, or has done so, and parts of the site know it.",
  hint: "Let it take effect: it only makes Tidemark request responses again.",
};

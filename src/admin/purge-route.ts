// POST /_cache/purge: authenticates the sender, reads the order, and answers with the result.
import type { TieredCache } from "../compose/create-cache.ts";
import type { PurgeRefusal } from "../protocol/families.ts";
import type { Reason } from "../base/operator-error.ts";
import type { Site } from "../pages/site/site.ts";
import type { ResponseDetail } from "../pages/stored/stored-response.ts";
import type { Acceptances, SignedOrder } from "../purge/acceptance/acceptance.ts";
import {
  type TargetNames,
  orderBytesMax,
  readOrder,
  type ResolvedOrder,
} from "../purge/acceptance/resolve-order.ts";
import { positionName } from "../purge/view/positions.ts";
import type { Requester } from "../purge/view/view-port.ts";
import { sha256Hex } from "../base/sha256.ts";
import type { AcceptedPurge } from "./purges/purge-log.ts";
import { nothingPurged, senderOf, type SenderSettings } from "./purge-sender.ts";
import { dryRun, type DryRunPlaces } from "./purges/dry-run.ts";
import { bodyUpTo } from "./access/request-body.ts";
import {
  errorAnswer,
  journalAway,
  jsonAnswer,
  orderSummary,
  quoted,
  retryAfterSeconds,
} from "./json-answers.ts";

/** Settings for accepting purges from any kind of sender. */
export interface AcceptanceRouteSettings
  extends Pick<TieredCache<ResponseDetail>, "metrics">, Pick<Site, "positions"> {
  /** The reason if purges cannot be accepted. */
  readonly acceptances: Acceptances | Reason;
  readonly naming: TargetNames;
  readonly visibleWithinSeconds: number;
  /** Set if the purge reaches no other process. */
  readonly reach: "process" | undefined;
}

export interface PurgeRouteSettings extends DryRunPlaces, SenderSettings, AcceptanceRouteSettings {}

/** The attributes of the cookie with a purge's position (RFC 6265 §4.1). */
const attributes = "Path=/; Secure; HttpOnly; SameSite=Lax";

/** The response to a sender, and its data for metrics and the log. */
export interface PurgeAnswer {
  readonly answer: Response;
  readonly refusal?: PurgeRefusal;
  /** Whether the request is unsigned, and only tests the address. */
  readonly isTest?: true;
  /** Absent for a dry run. */
  readonly accepted?: AcceptedPurge;
}

/**
 * Answers `POST /_cache/purge`, signed or with the admin token. Rejects wrong credential fields
 * before it reads the body.
 *
 * @returns 200 with the position of the purge's entry, or, for a dry run, with the records that the
 *   purge would cover; 400, 401, 408, 409, 413 or 503 with an error
 */
export async function purgeRoute(
  request: Request,
  settings: PurgeRouteSettings,
  requester: Requester,
): Promise<PurgeAnswer> {
  const { naming } = settings;
  const sender = await senderOf(request, settings);
  if (sender.kind === "refused") return sender;
  const bounds = { bytesMax: orderBytesMax, hintOfLarge: "Send several purges." };
  const bytes = await bodyUpTo(request, bounds);
  if ("why" in bytes) return refused(bytes.status, bytes.code, bytes);
  const body = asSent(bytes);
  if (body === undefined) return refused(400, "malformed", notUtf8);
  const wrong = await sender.refusalOf(bytes);
  if (wrong !== undefined) return wrong;
  const { id, by } = sender;
  // RFC 8259 §8.1: a JSON parser may ignore a byte order mark.
  const order = readOrder(body.replace(/^\uFEFF/, ""), naming);
  if ("fault" in order) return refused(400, "malformed", order.fault);
  if (order.isDryRun) {
    const run = await dryRun(order.targets, settings, { by, id });
    if (run === "repeated") return refused(409, "id-reused", triedBefore(id));
    return { answer: jsonAnswer({ dryRun: true, ...orderSummary(order.reading), ...run }) };
  }
  return acceptPurge(order, { id, by, bodyDigest: await sha256Hex(bytes) }, settings, requester);
}

/** Accepts the purge of an authenticated sender. */
export async function acceptPurge(
  { targets, mode, reason, reading }: ResolvedOrder,
  sender: Pick<SignedOrder, "id" | "by" | "bodyDigest">,
  { acceptances, metrics, positions, visibleWithinSeconds, reach }: AcceptanceRouteSettings,
  requester: Requester,
): Promise<PurgeAnswer> {
  const { id, by } = sender;
  if ("why" in acceptances) return unavailable(acceptances);
  const acceptance = await acceptances.accept({ targets, mode, reason, ...sender }, requester);
  if (acceptance.kind === "conflict") return refused(409, "id-reused", usedBefore(id));
  if (acceptance.kind === "unavailable") {
    return unavailable(journalAway(acceptance, "send it again with the same id"));
  }
  metrics.add("purges");
  const { position, visibleByAtMs } = acceptance;
  const visibleBy = new Date(visibleByAtMs).toISOString();
  const sealedPosition = await positions?.sealed(acceptance);
  const setCookie =
    sealedPosition &&
    `${positionName}=${sealedPosition}; Max-Age=${Math.ceil(visibleWithinSeconds)}; ${attributes}`;
  const { counts, leftOutCount } = reading;
  const members = { visibleWithinSeconds, visibleBy, reach, sealedPosition, setCookie };
  return {
    answer: jsonAnswer({ position, ...orderSummary(reading), ...members }),
    accepted: { position, by, mode, reason, counts, leftOutCount },
  };
}

/**
 * Decodes a body without replacing invalid bytes.
 *
 * @returns the text with its byte order mark, if any; `undefined` if the body is not UTF-8
 */
function asSent(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** @param code the error's code, which metrics also use */
function refused(status: number, code: PurgeRefusal, { why, hint }: Reason): PurgeAnswer {
  return { answer: errorAnswer(status, { code, what: nothingPurged, why, hint }), refusal: code };
}

const notUtf8: Reason = { why: "The body is not UTF-8.", hint: "Send JSON in UTF-8." };

function triedBefore(id: string): Reason {
  const why = `A dry run with the id ${quoted(id)} was answered before.`;
  return { why, hint: "Sign each dry run with its own id." };
}

function usedBefore(id: string): Reason {
  const why = `The id ${quoted(id)} was used with another body.`;
  return { why, hint: "Give each purge its own id." };
}

function unavailable(reason: Reason): PurgeAnswer {
  const error = { code: "unavailable", what: "The purge was not accepted.", ...reason };
  const answer = errorAnswer(503, error, { "retry-after": String(retryAfterSeconds) });
  return { answer, refusal: "unavailable" };
}

// POST /_cache/purge: authenticates the sender, reads the order, and answers with the result.
import type { Reason } from "../base/operator-error.ts";
import { orderBytesMax, readOrder } from "../purge/acceptance/resolve-order.ts";
import type { Requester } from "../purge/view/view-port.ts";
import { sha256Hex } from "../base/sha256.ts";
import { type PurgeAnswer, refused } from "./purge-answers.ts";
import type { PurgeIntake } from "./purge-intake.ts";
import { nothingPurged, senderOf, type SenderSettings } from "./purge-sender.ts";
import type { OpenPart } from "./part-contents.ts";
import { bodyUpTo } from "./access/request-body.ts";
import { quoted } from "../protocol/purge-order.ts";
import { jsonAnswer, lacksOperate, orderSummary } from "./json-answers.ts";

export interface PurgeRouteSettings extends SenderSettings {
  readonly purges: PurgeIntake;
  /** `undefined` without `operate()`. */
  readonly dryRun: OpenPart["dryRun"] | undefined;
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
  const { purges, dryRun } = settings;
  const sender = await senderOf(request, settings, requester.atMs);
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
  const order = readOrder(body.replace(/^\uFEFF/, ""), purges.naming);
  if ("fault" in order) return refused(400, "malformed", order.fault);
  if (order.isDryRun) {
    if (dryRun === undefined) return { answer: lacksOperate(400, nothingPurged) };
    const run = await dryRun(order.targets, { by, id });
    if (run === "repeated") return refused(409, "id-reused", triedBefore(id));
    return { answer: jsonAnswer({ dryRun: true, ...orderSummary(order.reading), ...run }) };
  }
  const signed = { id, by, bodyDigest: await sha256Hex(bytes) };
  return purges.accept(order, signed, request, requester);
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

const notUtf8: Reason = { why: "The body is not UTF-8.", hint: "Send JSON in UTF-8." };

function triedBefore(id: string): Reason {
  const why = `A dry run with the id ${quoted(id)} was answered before.`;
  return { why, hint: "Sign each dry run with its own id." };
}

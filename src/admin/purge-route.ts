// POST /_cache/purge: who sends it, what it asks, and what came of it.
import type { TieredCache } from "../create-cache.ts";
import type { PurgeRefusal } from "../observe/families.ts";
import { type Fault, isFault, type Reason } from "../operator-error.ts";
import type { Environment } from "../platform/environment.ts";
import type { ResponseDetail } from "../proxy/stored/stored-response.ts";
import type { Acceptances } from "../purge/acceptance/acceptance.ts";
import { type Naming, orderBytesMax, readOrder } from "../purge/acceptance/order.ts";
import { verifyWebhook } from "../purge/acceptance/webhook.ts";
import type { Attention } from "../purge/view/view.ts";
import { sha256Hex } from "../sha256.ts";
import { isAuthorized, notUsable } from "./auth.ts";
import type { AcceptedPurge } from "./purge-log.ts";
import { dryRun, type DryRunPlaces } from "./dry-run.ts";
import { journalAway, told, toldError, toldOf } from "./told.ts";

export interface PurgeRouteSettings
  extends
    DryRunPlaces,
    Pick<TieredCache<ResponseDetail>, "metrics">,
    Pick<Environment, "adminToken" | "purgeSecrets"> {
  /** Or why there are none. */
  readonly acceptances: Acceptances | Reason;
  readonly naming: Naming;
  readonly visibleWithinSeconds: number;
}

/** How long a sender is asked to wait before it tries again. */
const retryAfterSeconds = 5;

/** It stands in the journal's entry, which has a bound. */
const idLengthMax = 256;

/** What a sender is told, and what of it is counted and logged. */
interface Handled {
  readonly answer: Response;
  readonly refusal?: PurgeRefusal;
  /** Not where it was a dry run. */
  readonly accepted?: AcceptedPurge;
}

/**
 * `POST /_cache/purge`: signed, or under the admin token.
 *
 * @returns 200 with the position of the purge's entry, or with what it would cover; 400, 401, 409,
 *   413 or 503 with what is wrong
 */
export async function purgeRoute(
  request: Request,
  settings: PurgeRouteSettings,
  attention: Attention,
): Promise<Handled> {
  const { acceptances, metrics, naming, visibleWithinSeconds } = settings;
  const bytes = await bodyUpTo(request, orderBytesMax);
  if (bytes === undefined) return refused(413, "too-large", tooLarge);
  const body = asSent(bytes);
  if (body === undefined) return refused(400, "malformed", notUtf8);
  const sender = await senderOf(request, body, settings);
  if (sender.kind === "unknown") return sender;
  const { id, by } = sender;
  if (id.length > idLengthMax) return refused(400, "malformed", tooLongId);
  // RFC 8259 §8.1: a reader of JSON may ignore a byte order mark.
  const order = readOrder(body.replace(/^\uFEFF/, ""), naming);
  if ("fault" in order) return refused(400, "malformed", order.fault);
  const { targets, mode, reason } = order;
  const reading = toldOf(order.reading);
  if (order.isDryRun) {
    return { answer: told({ dryRun: true, ...reading, ...(await dryRun(targets, settings)) }) };
  }
  if ("why" in acceptances) return unavailable(acceptances);
  const signed = { targets, mode, reason, id, bodyDigest: await sha256Hex(bytes), by };
  const acceptance = await acceptances.accept(signed, attention);
  if (acceptance.kind === "conflict") return refused(409, "id-reused", usedBefore(id));
  if (acceptance.kind === "unavailable") {
    return unavailable(journalAway(acceptance, "send it again with the same id"));
  }
  metrics.add("purges");
  const { position } = acceptance;
  const { counts } = order.reading;
  const accepted = { position, by, mode, reason, counts };
  return { answer: told({ position, ...reading, visibleWithinSeconds }), accepted };
}

type Sender =
  | { readonly kind: "known"; readonly id: string; readonly by: string }
  | ({ readonly kind: "unknown" } & Handled);

/** A signature is looked at where there is one; else the admin token counts. */
async function senderOf(
  request: Request,
  body: string,
  { purgeSecrets, adminToken }: PurgeRouteSettings,
): Promise<Sender> {
  const { headers } = request;
  const isSigned = headers.has("webhook-signature");
  if (isSigned && purgeSecrets !== undefined) {
    if (isFault(purgeSecrets)) return notToBeKnown(purgeSecrets);
    const verdict = verifyWebhook(request, purgeSecrets, body);
    if (verdict.kind === "refused") return notSigned(verdict.why, verdict.reason);
    return { kind: "known", id: verdict.id, by: "webhook" };
  }
  if (isFault(adminToken)) {
    if (headers.has("authorization")) return notToBeKnown(adminToken);
  } else if (adminToken !== undefined && (await isAuthorized(request, adminToken))) {
    return { kind: "known", id: headers.get("webhook-id") ?? "", by: "admin" };
  }
  if (isSigned) {
    return notSigned("It bears a signature, but PURGE_SECRET is not set on this deployment");
  }
  return notSigned(
    headers.has("authorization")
      ? "Its Authorization field does not hold this deployment's ADMIN_TOKEN as a bearer"
      : "It bears neither a signature nor the admin token",
  );
}

type Bytes = Uint8Array<ArrayBuffer>;

/** The body of a request. @returns `undefined` for a longer one, which is not read to its end */
export async function bodyUpTo(
  { headers, body }: Request,
  bytesMax: number,
): Promise<Bytes | undefined> {
  if (Number(headers.get("content-length") ?? 0) > bytesMax) return undefined;
  const chunks: Bytes[] = [];
  let readBytes = 0;
  for await (const chunk of body ?? []) {
    readBytes += chunk.byteLength;
    if (readBytes > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/**
 * A signature is of bytes and is verified over a text, so the text must have exactly these bytes.
 *
 * @returns with its byte order mark, if there is one; `undefined` for what is not UTF-8
 */
function asSent(bytes: Bytes): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

const nothingPurged = "Nothing was purged.";

/** @param code of the error; it is counted under the same */
function refused(status: number, code: PurgeRefusal, { why, mend }: Reason): Handled {
  return { answer: toldError(status, { code, what: nothingPurged, why, mend }), refusal: code };
}

const tooLarge: Reason = {
  why: `The body is over ${orderBytesMax} bytes.`,
  mend: "Send several purges.",
};

const notUtf8: Reason = { why: "The body is not UTF-8.", mend: "Send JSON in UTF-8." };

const tooLongId: Reason = {
  why: `Its webhook-id is over ${idLengthMax} characters.`,
  mend: "Give it a shorter one.",
};

function usedBefore(id: string): Reason {
  const why = `The id ${JSON.stringify(id.slice(0, 80))} was used with another body.`;
  return { why, mend: "Give each purge an id of its own." };
}

function notSigned(why: string, refusal: PurgeRefusal = "not-signed"): Sender {
  const mend =
    'Sign it as Standard Webhooks says, with PURGE_SECRET and the time of now, or send "Authorization: Bearer <ADMIN_TOKEN>".';
  const error = { code: "unauthorized", what: nothingPurged, why: `${why}.`, mend };
  return { kind: "unknown", answer: toldError(401, error), refusal };
}

/** A sender keeps what is answered so, and sends it again once the deployment is mended. */
function notToBeKnown(fault: Fault): Sender {
  return { kind: "unknown", answer: notUsable(fault, nothingPurged), refusal: "unavailable" };
}

function unavailable(reason: Reason): Handled {
  const error = { code: "unavailable", what: "The purge was not accepted.", ...reason };
  const answer = toldError(503, error, { "retry-after": String(retryAfterSeconds) });
  return { answer, refusal: "unavailable" };
}

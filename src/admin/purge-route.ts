// POST /_cache/purge: who sends it, what it asks, and what came of it.
import type { Metrics, PurgeRefusal } from "../observe/metrics.ts";
import type { Acceptances } from "../purge/acceptance/acceptance.ts";
import {
  orderBytesMax,
  type Naming,
  type PurgeOrder,
  readOrder,
} from "../purge/acceptance/order.ts";
import { verifyWebhook } from "../purge/acceptance/webhook.ts";
import type { Attention } from "../purge/view/view.ts";
import { sha256Hex } from "../sha256.ts";
import type { Secret } from "../platform/secrets.ts";
import { type Fault, isFault, type Reason } from "../operator-error.ts";
import { isAuthorized, notUsable } from "./auth.ts";
import { dryRun, type ListedTiers } from "./dry-run.ts";
import { journalAway } from "./journal-away.ts";
import { toldOf } from "./order-told.ts";
import { saidError } from "./said-error.ts";

export interface PurgeRouteSettings {
  /** Or why there are none. */
  readonly acceptances: Acceptances | Reason;
  readonly naming: Naming;
  readonly tiers: ListedTiers;
  readonly metrics: Pick<Metrics, "purgeAccepted" | "purgeRefused">;
  readonly secrets: Secret;
  readonly adminToken: Secret;
  readonly visibleWithinSeconds: number;
}

/** How long a sender is asked to wait before it tries again. */
const retryAfterSeconds = 5;

/** It stands in the journal's entry, which has a bound. */
const idLengthMax = 256;

/**
 * `POST /_cache/purge`: signed, or under the admin token.
 *
 * @returns 200 with the position of the purge's entry, or with what it would cover; 400, 401, 409,
 *   413 or 503 with what is wrong. A refusal is counted.
 */
export async function purgeRoute(
  request: Request,
  settings: PurgeRouteSettings,
  attention: Attention,
): Promise<Response> {
  const { answer, refusal } = await handled(request, settings, attention);
  if (refusal !== undefined) settings.metrics.purgeRefused(refusal);
  return answer;
}

interface Handled {
  readonly answer: Response;
  readonly refusal?: PurgeRefusal;
}

async function handled(
  request: Request,
  settings: PurgeRouteSettings,
  attention: Attention,
): Promise<Handled> {
  const bytes = await bodyUpTo(request, orderBytesMax);
  if (bytes === undefined) return refused(413, "too-large", tooLarge);
  const body = asSent(bytes);
  if (body === undefined) return refused(400, "malformed", notUtf8);
  const sender = await senderOf(request, body, settings);
  if (sender.kind === "refused") return { answer: unsigned(sender.why), refusal: sender.reason };
  // A sender keeps what is answered so, and sends it again once the deployment is mended.
  if (sender.kind === "not-usable") {
    return { answer: notUsable(sender.fault, nothingPurged), refusal: "unavailable" };
  }
  const order =
    sender.id.length > idLengthMax
      ? { fault: tooLongId }
      : readOrder(withoutMark(body), settings.naming);
  if ("fault" in order) return refused(400, "malformed", order.fault);
  return order.isDryRun
    ? { answer: await triedOut(order, settings) }
    : accepted({ order, sender, bytes }, settings, attention);
}

async function accepted(
  sent: { order: PurgeOrder; sender: KnownSender; bytes: Bytes },
  settings: PurgeRouteSettings,
  attention: Attention,
): Promise<Handled> {
  const { acceptances, visibleWithinSeconds, metrics } = settings;
  const { order, sender, bytes } = sent;
  if ("why" in acceptances) return unavailable(acceptances);
  const bodyDigest = await sha256Hex(bytes);
  const { targets, mode, reason, reading } = order;
  const signed = { targets, mode, reason, id: sender.id, bodyDigest, by: sender.by };
  const acceptance = await acceptances.accept(signed, attention);
  if (acceptance.kind === "conflict") return refused(409, "id-reused", usedBefore(sender.id));
  if (acceptance.kind === "unavailable") {
    return unavailable(journalAway(acceptance.trouble, "send it again with the same id"));
  }
  metrics.purgeAccepted();
  const { position } = acceptance;
  return { answer: told({ position, ...toldOf(reading), visibleWithinSeconds }) };
}

async function triedOut(order: PurgeOrder, { tiers }: PurgeRouteSettings): Promise<Response> {
  return told({ dryRun: true, ...toldOf(order.reading), ...(await dryRun(order.targets, tiers)) });
}

function told(said: object): Response {
  return Response.json(said, { headers: { "cache-control": "no-store" } });
}

type KnownSender = { readonly kind: "known"; readonly id: string; readonly by: string };
type Sender =
  | KnownSender
  | { kind: "not-usable"; fault: Fault }
  | { kind: "refused"; reason: "not-signed" | "signature" | "timestamp"; why: string };

/** A signature is looked at where there is one; else the admin token counts. */
async function senderOf(
  request: Request,
  body: string,
  { secrets, adminToken }: PurgeRouteSettings,
): Promise<Sender> {
  const isSigned = request.headers.has("webhook-signature");
  if (isSigned && secrets !== undefined) {
    if (isFault(secrets)) return { kind: "not-usable", fault: secrets };
    const verdict = verifyWebhook(request, secrets, body);
    if (verdict.kind === "refused") return verdict;
    return { kind: "known", id: verdict.id, by: "webhook" };
  }
  if (isFault(adminToken)) {
    if (request.headers.has("authorization")) return { kind: "not-usable", fault: adminToken };
  } else if (adminToken !== undefined && (await isAuthorized(request, adminToken))) {
    return { kind: "known", id: request.headers.get("webhook-id") ?? "", by: "admin" };
  }
  const why = isSigned
    ? "It bears a signature, but PURGE_SECRET is not set on this deployment"
    : request.headers.has("authorization")
      ? "Its Authorization field does not hold this deployment's ADMIN_TOKEN as a bearer"
      : "It bears neither a signature nor the admin token";
  return { kind: "refused", reason: "not-signed", why };
}

type Bytes = Uint8Array<ArrayBuffer>;

/** @returns `undefined` for a longer body, which is not read to its end */
async function bodyUpTo(request: Request, bytesMax: number): Promise<Bytes | undefined> {
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) return undefined;
  const chunks: Bytes[] = [];
  let readBytes = 0;
  const reader = request.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done || value === undefined) return new Uint8Array(await new Blob(chunks).arrayBuffer());
    readBytes += value.byteLength;
    if (readBytes > bytesMax) {
      await reader?.cancel();
      return undefined;
    }
    chunks.push(value);
  }
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

/** RFC 8259 §8.1: a reader of JSON may ignore it. */
function withoutMark(body: string): string {
  return body.replace(/^\uFEFF/, "");
}

const nothingPurged = "Nothing was purged.";

/** @param code of the error; it is counted under the same */
function refused(status: number, code: PurgeRefusal, { why, mend }: Reason): Handled {
  return { answer: saidError(status, { code, what: nothingPurged, why, mend }), refusal: code };
}

const tooLarge: Reason = {
  why: `The body is over ${orderBytesMax} bytes.`,
  mend: "Send several purges.",
};

function unsigned(why: string): Response {
  return saidError(401, {
    code: "unauthorized",
    what: nothingPurged,
    why: `${why}.`,
    mend: 'Sign it as Standard Webhooks says, with PURGE_SECRET and the time of now, or send "Authorization: Bearer <ADMIN_TOKEN>".',
  });
}

const notUtf8: Reason = { why: "The body is not UTF-8.", mend: "Send JSON in UTF-8." };

const tooLongId: Reason = {
  why: `Its webhook-id is over ${idLengthMax} characters.`,
  mend: "Give it a shorter one.",
};

function usedBefore(id: string): Reason {
  const why = `The id ${JSON.stringify(id.slice(0, 80))} was used with another body.`;
  return { why, mend: "Give each purge an id of its own." };
}

function unavailable(reason: Reason): Handled {
  const error = { code: "unavailable", what: "The purge was not accepted.", ...reason };
  const answer = saidError(503, error, { "retry-after": String(retryAfterSeconds) });
  return { answer, refusal: "unavailable" };
}

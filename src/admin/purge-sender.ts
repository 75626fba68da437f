// Authenticates the sender of a purge: the holder of a purge secret, by a signature, or the bearer of the admin
// token. Header fields are checked before the body is read.
import type { PurgeRefusal } from "../protocol/families.ts";
import { type Fault, isFault } from "../base/operator-error.ts";
import type { Environment } from "../platform/environment.ts";
import { webhookClaim } from "../purge/acceptance/webhook.ts";
import { notUsable, type OperatorGate } from "./auth.ts";
import { errorAnswer } from "./json-answers.ts";

export interface SenderSettings extends Pick<Environment, "purgeSecrets"> {
  readonly gate: OperatorGate;
}

/** The response to a rejected sender, and the label under which it is counted. */
interface SenderRefusal {
  readonly kind: "refused";
  readonly answer: Response;
  readonly refusal: PurgeRefusal;
}

export interface Sender {
  readonly kind: "known";
  readonly by: "webhook" | "admin";
  /** `webhook-id`; empty if an operator sends none. */
  readonly id: string;
  /** Verifies the body as received. Returns `undefined` if it is authentic. */
  readonly refusalOf: (body: Uint8Array<ArrayBuffer>) => Promise<SenderRefusal | undefined>;
}

export const nothingPurged = "Nothing was purged.";

/** The id is part of the journal's entry, whose size is limited. */
const idLengthMax = 256;

/**
 * Authenticates the sender by its signature if it has one and PURGE_SECRET is set; otherwise by the
 * admin token.
 */
export async function senderOf(
  request: Request,
  { purgeSecrets, gate }: SenderSettings,
): Promise<Sender | SenderRefusal> {
  const { headers } = request;
  const id = headers.get("webhook-id") ?? "";
  if (id.length > idLengthMax) return tooLongId();
  const isSigned = headers.has("webhook-signature");
  if (isSigned && purgeSecrets !== undefined) {
    return isFault(purgeSecrets) ? notToBeKnown(purgeSecrets) : signer(request, purgeSecrets, gate);
  }
  if (isFault(gate.adminToken)) {
    if (headers.has("authorization")) return notToBeKnown(gate.adminToken);
  } else if (gate.adminToken !== undefined && (await gate.isOperator(request))) {
    return { kind: "known", by: "admin", id, refusalOf: async () => undefined };
  }
  if (isSigned) {
    return notSigned("The request has a signature, but PURGE_SECRET is not set on this deployment");
  }
  return notSigned(
    headers.has("authorization")
      ? "The Authorization field does not hold this deployment's ADMIN_TOKEN as a bearer token"
      : "The request has neither a signature nor the admin token",
  );
}

/** Checks the fields of a signed request. The signature itself needs the body. */
function signer(request: Request, secrets: string, gate: OperatorGate): Sender | SenderRefusal {
  const claim = webhookClaim(request);
  if (claim.kind === "refused") {
    gate.refusals.refused("signature", claim.reason === "timestamp" ? "expired" : claim.reason);
    return notSigned(claim.why, claim.reason === "malformed" ? "signature" : claim.reason);
  }
  const refusalOf: Sender["refusalOf"] = async (body) => {
    if (await claim.isSigned(secrets, body)) {
      gate.refusals.accepted("signature");
      return undefined;
    }
    gate.refusals.refused("signature", "wrong");
    return notSigned("The signature matches no secret of this deployment", "signature");
  };
  return { kind: "known", by: "webhook", id: claim.id, refusalOf };
}

function tooLongId(): SenderRefusal {
  const why = `The webhook-id is over ${idLengthMax} characters.`;
  const error = { code: "malformed", what: nothingPurged, why, hint: "Use a shorter one." };
  return { kind: "refused", answer: errorAnswer(400, error), refusal: "malformed" };
}

function notSigned(why: string, refusal: PurgeRefusal = "not-signed"): SenderRefusal {
  const hint =
    'Sign the request as Standard Webhooks specifies, with PURGE_SECRET and the current time, or send "Authorization: Bearer <ADMIN_TOKEN>".';
  const error = { code: "unauthorized", what: nothingPurged, why: `${why}.`, hint };
  return {
    kind: "refused",
    answer: errorAnswer(401, error, { "www-authenticate": "Bearer" }),
    refusal,
  };
}

/**
 * Returns the response for an unusable secret. Its status, 503, makes the sender retry until the
 * deployment is fixed.
 */
function notToBeKnown(fault: Fault): SenderRefusal {
  return { kind: "refused", answer: notUsable(fault, nothingPurged), refusal: "unavailable" };
}

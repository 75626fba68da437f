// Authenticates the sender of a purge: the holder of a purge secret, by a signature, or the bearer of the admin
// token. Header fields are checked before the body is read.
import type { PurgeRefusal } from "../protocol/families.ts";
import { idCharsMax } from "../protocol/purge-order.ts";
import { type Fault, isFault } from "../base/operator-error.ts";
import type { Environment } from "../platform/environment.ts";
import { decodedBytes, isSigned, signaturesMax } from "../base/hmac.ts";
import { notUsable, type OperatorAuth, refusedBearer } from "./auth.ts";
import { errorAnswer } from "./json-answers.ts";

export interface SenderSettings extends Pick<Environment, "purgeSecrets"> {
  readonly auth: OperatorAuth;
}

/** The response to a rejected sender, and the label under which it is counted. */
interface SenderRefusal {
  readonly kind: "refused";
  readonly answer: Response;
  readonly refusal: PurgeRefusal;
}

export interface Sender {
  readonly kind: "known";
  readonly by: "signed-request" | "admin";
  /** `webhook-id`; empty if an operator sends none. */
  readonly id: string;
  /** Verifies the body as received. Returns `undefined` if it is authentic. */
  readonly refusalOf: (body: Uint8Array<ArrayBuffer>) => Promise<SenderRefusal | undefined>;
}

export const nothingPurged = "Nothing was purged.";

/**
 * Authenticates the sender by its signature if it has one and PURGE_SECRET is set; otherwise by the
 * admin token.
 */
export async function senderOf(
  request: Request,
  { purgeSecrets, auth }: SenderSettings,
  atMs: number,
): Promise<Sender | SenderRefusal> {
  const { headers } = request;
  const id = headers.get("webhook-id") ?? "";
  if (id.length > idCharsMax) return tooLongId();
  const hasSignature = headers.has("webhook-signature");
  if (hasSignature && purgeSecrets !== undefined) {
    if (isFault(purgeSecrets)) return notToBeKnown(purgeSecrets);
    return signer(signatureClaim(request, atMs), purgeSecrets, auth);
  }
  const hasField = headers.has("authorization");
  if (hasField && isFault(auth.adminToken)) return notToBeKnown(auth.adminToken);
  const refusal =
    hasField && auth.adminToken !== undefined
      ? await auth.whyRefused(request)
      : ({ status: 401, why: "The request has neither a signature nor the admin token." } as const);
  if (refusal === undefined) {
    return { kind: "known", by: "admin", id, refusalOf: async () => undefined };
  }
  if (!hasSignature) return notSigned(refusal.why, "not-signed", refusal.status);
  const why = "The request has a signature, but PURGE_SECRET is not set on this deployment.";
  return notSigned(why, "signature");
}

/** Checks the fields of a signed request. The signature itself needs the body. */
function signer(
  claim: ReturnType<typeof signatureClaim>,
  secrets: string,
  auth: OperatorAuth,
): Sender | SenderRefusal {
  if (claim.kind === "refused") {
    auth.refusals.refused("signature", claim.reason === "timestamp" ? "expired" : claim.reason);
    return notSigned(claim.why, claim.reason === "malformed" ? "signature" : claim.reason);
  }
  const refusalOf: Sender["refusalOf"] = async (body) => {
    if (await claim.isSigned(secrets, body)) {
      auth.refusals.accepted("signature");
      return undefined;
    }
    auth.refusals.refused("signature", "wrong");
    return notSigned("The signature matches no secret of this deployment.", "signature");
  };
  return { kind: "known", by: "signed-request", id: claim.id, refusalOf };
}

function tooLongId(): SenderRefusal {
  const why = `The webhook-id is over ${idCharsMax} characters.`;
  const error = { code: "malformed", what: nothingPurged, why, hint: "Use a shorter one." };
  return { kind: "refused", answer: errorAnswer(400, error), refusal: "malformed" };
}

function notSigned(
  why: string,
  refusal: PurgeRefusal = "not-signed",
  status: 401 | 403 = 401,
): SenderRefusal {
  const hint =
    'Sign the request as Standard Webhooks specifies, with PURGE_SECRET and the current time, or send "Authorization: Bearer <ADMIN_TOKEN>".';
  const answer = refusedBearer(nothingPurged, { status, why }, hint);
  return { kind: "refused", answer, refusal };
}

/**
 * Returns the response for an unusable secret. Its status, 503, makes the sender retry until the
 * deployment is fixed.
 */
function notToBeKnown(fault: Fault): SenderRefusal {
  return { kind: "refused", answer: notUsable(fault, nothingPurged), refusal: "unavailable" };
}

/** The maximum difference between the timestamp and the current time (Standard Webhooks). */
const toleranceSeconds = 300;

/**
 * Checks the fields of a signed purge (Standard Webhooks).
 *
 * @returns `claimed`, with a function that checks the signature; or `refused`, as `timestamp` if the
 *   time differs from the current time by over 300 s, or as `malformed` if a field is missing or
 *   ill-formed
 */
export function signatureClaim({ headers }: Pick<Request, "headers">, atMs: number) {
  const id = headers.get("webhook-id") ?? "";
  const timestamp = headers.get("webhook-timestamp") ?? "";
  const signatures = signaturesIn(headers.get("webhook-signature") ?? "");
  if (id === "" || signatures.length === 0 || !/^\d{1,15}$/.test(timestamp)) {
    const why = "It lacks webhook-id, webhook-timestamp, or a webhook-signature of version 1.";
    return { kind: "refused", reason: "malformed", why } as const;
  }
  const ageSeconds = Math.floor(atMs / 1_000) - Number(timestamp);
  if (Math.abs(ageSeconds) > toleranceSeconds) {
    const why = `Its webhook-timestamp is over ${toleranceSeconds} s too ${ageSeconds > 0 ? "old" : "new"}.`;
    return { kind: "refused", reason: "timestamp", why } as const;
  }
  return {
    kind: "claimed" as const,
    id,
    /**
     * @param secrets one or more secrets, separated by spaces, to allow rotation
     * @param body the exact bytes of the request's body
     */
    isSigned: (secrets: string, body: Uint8Array<ArrayBuffer>) =>
      isSigned({
        hash: "SHA-256",
        secrets: secrets.split(" ").flatMap((one) => bytesOf(one.replace("whsec_", ""))),
        signatures,
        content: [`${id}.${timestamp}.`, body],
      }),
  };
}

/** Returns the signatures of version 1; none if there are more than `signaturesMax`. */
function signaturesIn(field: string) {
  const ofVersion1 = field.split(" ").filter((one) => one.startsWith("v1,"));
  if (ofVersion1.length > signaturesMax) return [];
  return ofVersion1.flatMap((one) => bytesOf(one.slice(3))).filter(({ length }) => length === 32);
}

const bytesOf = (base64: string) => decodedBytes(base64, "base64") ?? [];

// Verifies the signature of a purge with the configured secrets, as Standard Webhooks specifies.
import { decodedBytes, isSigned, signaturesMax } from "../../base/hmac.ts";

/** The result of checking a webhook's header fields, before its body is read. */
export type WebhookClaim =
  | {
      readonly kind: "claimed";
      readonly id: string;
      /**
       * @param secrets one or more secrets, separated by spaces, to allow rotation
       * @param body the exact bytes of the request's body
       */
      readonly isSigned: (secrets: string, body: Uint8Array<ArrayBuffer>) => Promise<boolean>;
    }
  | {
      readonly kind: "refused";
      /**
       * `timestamp`: the timestamp differs from the current time by over 300 s. `malformed`: a
       * field is missing or ill-formed.
       */
      readonly reason: "timestamp" | "malformed";
      readonly why: string;
    };

/** The maximum difference between the timestamp and the current time (Standard Webhooks). */
const toleranceSeconds = 300;

export function webhookClaim({ headers }: Pick<Request, "headers">): WebhookClaim {
  const id = headers.get("webhook-id") ?? "";
  const timestamp = headers.get("webhook-timestamp") ?? "";
  const signatures = signaturesIn(headers.get("webhook-signature") ?? "");
  if (id === "" || signatures.length === 0 || !/^\d{1,15}$/.test(timestamp)) {
    const why = "It lacks webhook-id, webhook-timestamp, or a webhook-signature of version 1";
    return { kind: "refused", reason: "malformed", why };
  }
  const ageSeconds = Math.floor(Date.now() / 1_000) - Number(timestamp);
  if (Math.abs(ageSeconds) > toleranceSeconds) {
    const why = `Its webhook-timestamp is over ${toleranceSeconds} s too ${ageSeconds > 0 ? "old" : "new"}`;
    return { kind: "refused", reason: "timestamp", why };
  }
  return {
    kind: "claimed",
    id,
    isSigned: (secrets, body) =>
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

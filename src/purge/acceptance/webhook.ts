// Who may send a purge: a webhook signed as Standard Webhooks says, under one of our secrets.
import { decodedBytes, isSigned, signaturesMax } from "../../base/hmac.ts";

/** What the header fields of a webhook claim, before its body is read. */
export type WebhookClaim =
  | {
      readonly kind: "claimed";
      readonly id: string;
      /**
       * @param secrets one or more, with a space between, so that one can follow another
       * @param body    exactly as it came
       */
      readonly isSigned: (secrets: string, body: Uint8Array<ArrayBuffer>) => Promise<boolean>;
    }
  | {
      readonly kind: "refused";
      /** `malformed`: a field is missing, or has a form that no sender writes. */
      readonly reason: "timestamp" | "malformed";
      readonly why: string;
    };

/** Standard Webhooks: how far the timestamp may be from now. */
const toleranceSeconds = 300;

export function webhookClaim({ headers }: Pick<Request, "headers">): WebhookClaim {
  const id = headers.get("webhook-id") ?? "";
  const timestamp = headers.get("webhook-timestamp") ?? "";
  const signatures = signaturesIn(headers.get("webhook-signature") ?? "");
  if (id === "" || signatures.length === 0 || !/^\d{1,15}$/.test(timestamp)) {
    const why = "It has no webhook-id, no webhook-timestamp or no webhook-signature of version 1";
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

/** @returns none where there are more than a sender has secrets */
function signaturesIn(field: string) {
  const ofVersion1 = field.split(" ").filter((one) => one.startsWith("v1,"));
  if (ofVersion1.length > signaturesMax) return [];
  return ofVersion1.flatMap((one) => bytesOf(one.slice(3))).filter(({ length }) => length === 32);
}

const bytesOf = (base64: string) => decodedBytes(base64, "base64") ?? [];

// Who may send a purge: a webhook signed as Standard Webhooks says, under one of our secrets.
import { Webhook, WebhookVerificationError } from "standardwebhooks";

export type WebhookVerdict =
  | { kind: "signed"; id: string }
  | {
      kind: "refused";
      /** `malformed`: a field is missing, or has a form that no sender writes. */
      reason: "signature" | "timestamp" | "malformed";
      why: string;
    };

/**
 * Checks the signature. Without the body, `signature` says only that the other fields are well.
 *
 * @param secrets one or more, with a space between, so that one can follow another
 * @param body    exactly as it came
 */
export function verifyWebhook(request: Request, secrets: string, body: string): WebhookVerdict {
  const headers = Object.fromEntries(request.headers);
  let why = "no secret is set";
  for (const secret of secrets.split(" ")) {
    try {
      new Webhook(secret).verify(body, headers, { jsonParse: false });
      return { kind: "signed", id: headers["webhook-id"] ?? "" };
    } catch (cause) {
      if (!(cause instanceof WebhookVerificationError)) throw cause;
      why = cause.message;
    }
  }
  return { kind: "refused", reason: reasonIn(why), why };
}

/** @param why a message of the library */
function reasonIn(why: string) {
  if (/timestamp/i.test(why)) return "timestamp";
  return /headers/i.test(why) ? "malformed" : "signature";
}

// The sender for Sanity.
import { hmacSender } from "../makers/hmac-sender.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { itemOrder, presetOf, requiredAt, textAt } from "./payload.ts";

/** The result of the projection `{_id, _type, "slug": slug.current}`. */
export interface SanityPayload {
  readonly _id: string;
  readonly _type: string;
  readonly slug?: string | { readonly current: string };
}

/**
 * Makes a sender for Sanity's GROQ-powered webhooks (https://www.sanity.io/docs/webhooks). The
 * projection must be `{_id, _type, "slug": slug.current}`, or contain these fields, or be empty.
 *
 * The default mapping purges `<type>:<id>`, `<type>:<slug>` and `<type>`. Ignores drafts and
 * versions of releases.
 */
export function sanity(options: PresetOptions<SanityPayload> = {}): WebhookSender {
  return hmacSender<SanityPayload>({
    header: "sanity-webhook-signature",
    member: "v1",
    algorithm: "sha256",
    encoding: "base64url",
    timestamp: { member: "t", unit: "ms" },
    signed: "{timestamp}.{body}",
    idHeader: "idempotency-key",
    ...presetOf(options, changed),
  });
}

function changed(payload: SanityPayload): WebhookOrder | undefined {
  const id = requiredAt(payload, "_id");
  if (/^(?:drafts|versions)\./.test(id)) return undefined;
  // Without a projection, Sanity sends the document, whose slug is an object.
  const slug = textAt(payload, "slug") ?? textAt(payload, "slug.current");
  return itemOrder(requiredAt(payload, "_type"), [id, slug]);
}

// The sender for Stripe.
import { hmacSender } from "../makers/hmac-sender.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { memberAt, presetOf, requiredAt, textAt } from "./payload.ts";

export interface StripePayload {
  readonly type: string;
  readonly data: { readonly object: { readonly id: string; readonly product?: unknown } };
}

/**
 * Makes a sender for Stripe's webhooks (https://docs.stripe.com/webhooks#verify-manually), for pages
 * that show prices.
 *
 * The default mapping purges `product:<id>` and `product` for events of products, and also
 * `price:<id>` for events of prices. Ignores all other events.
 */
export function stripe(options: PresetOptions<StripePayload> = {}): WebhookSender {
  return hmacSender<StripePayload>({
    header: "stripe-signature",
    member: "v1",
    algorithm: "sha256",
    encoding: "hex",
    timestamp: { member: "t", unit: "s" },
    signed: "{timestamp}.{body}",
    ...presetOf(options, changed),
  });
}

function changed(payload: StripePayload): WebhookOrder | undefined {
  const type = textAt(payload, "type") ?? "";
  const isPrice = type.startsWith("price.");
  if (!isPrice && !type.startsWith("product.")) return undefined;
  const id = requiredAt(payload, "data.object.id");
  if (!isPrice) return { tags: [`product:${id}`, "product"] };
  // Stripe expands the product of some events.
  const product = memberAt(payload, "data.object.product");
  const productId = typeof product === "string" ? product : textAt(product, "id");
  return { tags: [`price:${id}`, ...(productId ? [`product:${productId}`] : []), "product"] };
}

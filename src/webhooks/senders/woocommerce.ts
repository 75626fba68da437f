// The sender for WooCommerce.
import { hmacSender } from "../hmac-sender.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookFields, WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../sender-options.ts";
import { itemOrder, presetOf, requiredAt, textAt } from "./payload.ts";

export interface WoocommercePayload {
  readonly id: number;
  /** Absent when the product was deleted. */
  readonly permalink?: string;
}

/**
 * Makes a sender for WooCommerce's webhooks
 * (https://woocommerce.com/document/webhooks/). Saving a webhook in WooCommerce sends an unsigned
 * test, which gets a 200.
 *
 * The default mapping purges `product:<id>`, `product` and the product's URL. Ignores all other
 * topics, such as orders.
 */
export function woocommerce(options: PresetOptions<WoocommercePayload> = {}): WebhookSender {
  return hmacSender<WoocommercePayload>({
    header: "x-wc-webhook-signature",
    algorithm: "sha256",
    encoding: "base64",
    idHeader: "x-wc-webhook-delivery-id",
    isTest: (fields) =>
      (fields.get("content-type") ?? "").startsWith("application/x-www-form-urlencoded"),
    ...presetOf(options, changed),
  });
}

function changed(payload: WoocommercePayload, fields: WebhookFields): WebhookOrder | undefined {
  const topic = fields.get("x-wc-webhook-topic") ?? "";
  if (!topic.startsWith("product.")) return undefined;
  const url = textAt(payload, "permalink");
  const tags = itemOrder("product", requiredAt(payload, "id"));
  return url === undefined ? tags : { ...tags, urls: [url] };
}

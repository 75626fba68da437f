// The sender for WooCommerce.
import { hmacSender } from "../makers/hmac-sender.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookFields, WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { itemOrder, memberAt, presetOf, requiredAt, textAt } from "./payload.ts";

export interface WoocommercePayload {
  readonly id: number;
  /** The product of a variation; 0 for a product. */
  readonly parent_id?: number;
  /** Absent when the product was deleted. */
  readonly permalink?: string;
}

/**
 * Makes a sender for WooCommerce's webhooks
 * (https://woocommerce.com/document/webhooks/). Saving a webhook in WooCommerce sends an unsigned
 * test, which gets a 200.
 *
 * The default mapping purges `product:<id>`, `product` and the product's URL; for a variation, also
 * the tag and the URL of its product. Ignores all other topics, such as orders.
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
  // If the product no longer exists, WooCommerce sends an error of its API in place of the product.
  const isError = ["errors", "code"].some((name) => memberAt(payload, name) !== undefined);
  if (isError && textAt(payload, "id") === undefined) return itemOrder("product", []);
  const id = requiredAt(payload, "id");
  // The page of the parent shows its variations, whose URLs select them by `attribute_…`.
  const parent = textAt(payload, "parent_id");
  const tags = itemOrder("product", [id, parent === "0" ? undefined : parent]);
  const url = textAt(payload, "permalink");
  if (url === undefined) return tags;
  return { ...tags, urls: [...new Set([url, url.replace(/[?&]attribute_.*/, "")])] };
}

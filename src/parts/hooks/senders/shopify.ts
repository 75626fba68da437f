// The sender for Shopify.
import { hmacSender } from "../makers/hmac-sender.ts";
import type { WebhookSender } from "../port/hook.ts";
import { type WebhookFields, type WebhookOrder } from "../port/scheme.ts";
import { firstOf, type PresetOptions } from "../makers/sender-options.ts";
import { itemOrder, presetOf, requiredAt, textAt } from "./payload.ts";

export interface ShopifyPayload {
  readonly id: number;
  readonly handle?: string;
}

/**
 * Makes a sender for Shopify's webhooks
 * (https://shopify.dev/docs/apps/build/webhooks/delivery-structure), with the header fields of both
 * generations: `shopify-…` and `x-shopify-…`.
 *
 * The default mapping purges `product:<id>`, `product:<handle>` and `product`, the same for
 * collections, and everything when the theme or the shop changes. Ignores all other topics, such as
 * orders.
 */
export function shopify(options: PresetOptions<ShopifyPayload> = {}): WebhookSender {
  return hmacSender<ShopifyPayload>({
    header: ["shopify-hmac-sha256", "x-shopify-hmac-sha256"],
    algorithm: "sha256",
    encoding: "base64",
    idHeader: ["shopify-webhook-id", "x-shopify-webhook-id"],
    ...presetOf(options, changed),
  });
}

const typeByTopic: ReadonlyMap<string, string> = new Map([
  ["products", "product"],
  ["product", "product"],
  ["collections", "collection"],
  ["collection", "collection"],
]);

function changed(payload: ShopifyPayload, fields: WebhookFields): WebhookOrder | undefined {
  // The first generation writes products/update, the second Product.
  const topic = firstOf(fields, ["shopify-topic", "x-shopify-topic"]) ?? "";
  const [subject = "", action] = topic.toLowerCase().split("/");
  if (topic === "shop/update" || (subject === "themes" && action !== "create")) {
    return { everything: true };
  }
  const type = typeByTopic.get(subject);
  if (type === undefined) return undefined;
  // Such as gid://shopify/Product/9554194432293.
  const resource = fields.get("shopify-resource-id")?.split("/").at(-1);
  const id = resource ?? requiredAt(payload, "id").split("/").at(-1);
  return itemOrder(type, [id, textAt(payload, "handle")]);
}

// The sender for Webflow.
import { hmacSender } from "../makers/hmac-sender.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { memberAt, presetOf, tagsOrder, textAt } from "./payload.ts";

export interface WebflowPayload {
  readonly triggerType: string;
  /** One item, or a list of published `items`. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Makes a sender for Webflow's webhooks with a secret
 * (https://developers.webflow.com/data/docs/working-with-webhooks). Only webhooks that the API
 * created are signed.
 *
 * The default mapping purges `item:<id>`, `item:<slug>` and `collection:<id>` for items of
 * collections, and everything when the site is published. If the webhook names no item, it purges
 * everything. Ignores all other events, such as submitted forms.
 */
export function webflow(options: PresetOptions<WebflowPayload> = {}): WebhookSender {
  return hmacSender<WebflowPayload>({
    header: "x-webflow-signature",
    algorithm: "sha256",
    encoding: "hex",
    timestamp: { header: "x-webflow-timestamp", unit: "ms" },
    signed: "{timestamp}:{body}",
    ...presetOf(options, changed),
  });
}

function changed(payload: WebflowPayload): WebhookOrder | undefined {
  const event = textAt(payload, "triggerType") ?? "";
  if (event === "site_publish") return { everything: true };
  if (!event.startsWith("collection_item_")) return undefined;
  const listed = memberAt(payload, "payload.items");
  const items: unknown[] = Array.isArray(listed) ? listed : [memberAt(payload, "payload")];
  const tags = items.map(tagsOf);
  // An event without names may concern any page.
  if (items.length === 0 || tags.some((one) => one.length === 0)) return { everything: true };
  return tagsOrder(tags.flat());
}

function tagsOf(item: unknown): string[] {
  const [id, collection] = [textAt(item, "id"), textAt(item, "collectionId")];
  if (id === undefined || collection === undefined) return [];
  const slug = textAt(item, "fieldData.slug");
  return [`item:${id}`, ...(slug ? [`item:${slug}`] : []), `collection:${collection}`];
}

// The sender for Directus.
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { bearerSender, itemOrder, listAt, memberAt, requiredAt, textAt } from "./payload.ts";

/** The data of the event hook that triggered the flow: `{{$trigger}}`. */
export interface DirectusPayload {
  readonly event?: string;
  readonly collection: string;
  /** The new item. */
  readonly key?: string | number;
  /** The updated or deleted items. */
  readonly keys?: readonly (string | number)[];
}

/**
 * Makes a sender for flows of Directus with the operation "Webhook / Request URL"
 * (https://directus.io/docs/guides/automate/operations). Directus signs nothing: the operation needs
 * a header `Authorization: Bearer <secret>`, and the body `{{$trigger}}`.
 *
 * The default mapping purges `<collection>:<key>` for each item, and `<collection>`. If the flow
 * names no item, it purges everything.
 */
export function directus(options: PresetOptions<DirectusPayload> = {}): WebhookSender {
  return bearerSender(options, changed);
}

function changed(payload: DirectusPayload): WebhookOrder {
  const collection = requiredAt(payload, "collection");
  const [key, listed] = [textAt(payload, "key"), memberAt(payload, "keys") ?? []];
  const keys = listAt({ listed }, "listed");
  // An event without keys, such as a new order of the items, may concern any page.
  if (keys === undefined || (key === undefined && keys.length === 0)) return { everything: true };
  return itemOrder(collection, [key, ...keys]);
}

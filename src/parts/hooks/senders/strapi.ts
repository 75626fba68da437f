// The sender for Strapi.
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { bearerSender, itemOrder, memberAt, requiredAt, textAt } from "./payload.ts";

export interface StrapiPayload {
  readonly event: string;
  readonly model?: string;
  readonly entry?: {
    readonly id: number;
    readonly documentId?: string;
    readonly slug?: string;
    readonly publishedAt?: string | null;
  };
  readonly media?: { readonly id: number };
}

/**
 * Makes a sender for Strapi's webhooks (https://docs.strapi.io/cms/backend-customization/webhooks).
 * Strapi signs nothing: the webhook needs a header `Authorization: Bearer <secret>`.
 *
 * The default mapping purges `<model>:<document id>`, `<model>:<slug>` and `<model>`; or
 * `media:<id>` and `media`. If the webhook names no entry, it purges everything. Ignores changes of
 * drafts.
 */
export function strapi(options: PresetOptions<StrapiPayload> = {}): WebhookSender {
  return bearerSender(options, changed);
}

function changed(payload: StrapiPayload): WebhookOrder | undefined {
  const [kind, action = ""] = (textAt(payload, "event") ?? "").split(".");
  if (kind === "media") return itemOrder("media", [requiredAt(payload, "media.id")]);
  if (kind !== "entry") return undefined;
  const isDraft = memberAt(payload, "entry.publishedAt") === null;
  if (isDraft && ["create", "update"].includes(action)) return undefined;
  const id = textAt(payload, "entry.documentId") ?? textAt(payload, "entry.id");
  // Strapi 5 sends some published entries as "null" (strapi/strapi#25387).
  if (id === undefined) return { everything: true };
  return itemOrder(requiredAt(payload, "model"), [id, textAt(payload, "entry.slug")]);
}

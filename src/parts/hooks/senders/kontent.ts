// The sender for Kontent.ai.
import { hmacSender } from "../makers/hmac-sender.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { memberAt, presetOf, tagsOrder, textAt } from "./payload.ts";

export interface KontentPayload {
  readonly notifications: readonly {
    readonly data: {
      readonly system: {
        readonly id: string;
        readonly codename: string;
        readonly type?: string;
        readonly language?: string;
        readonly collection?: string;
      };
    };
    readonly message: {
      readonly object_type: string;
      readonly action: string;
      readonly delivery_slot: string;
    };
  }[];
}

/**
 * Makes a sender for Kontent.ai's webhooks (https://kontent.ai/learn/docs/webhooks).
 *
 * The default mapping purges `item:<codename>` and `type:<codename>` for published items,
 * `taxonomy:<codename>` and `asset:<id>`; and everything for a content type, a language or a legacy
 * webhook. Ignores the delivery slot `preview`.
 */
export function kontent(options: PresetOptions<KontentPayload> = {}): WebhookSender {
  return hmacSender<KontentPayload>({
    header: ["x-kontent-ai-signature", "x-kc-signature"],
    algorithm: "sha256",
    encoding: "base64",
    ...presetOf(options, changed),
  });
}

function changed(payload: KontentPayload): WebhookOrder | undefined {
  const notifications = memberAt(payload, "notifications");
  // A legacy webhook, which `x-kc-signature` signs, has no notifications.
  if (!Array.isArray(notifications)) return { everything: true };
  const published = (notifications as unknown[]).filter(
    (one) => textAt(one, "message.delivery_slot") !== "preview",
  );
  const tags = published.map(tagsOf);
  if (tags.includes("everything")) return { everything: true };
  return tags.length === 0 ? undefined : tagsOrder(tags.flat());
}

function tagsOf(notification: unknown): readonly string[] | "everything" {
  // A notification without a name may concern any page, and must not fail the others.
  const named = (kind: string, field: string) => {
    const name = textAt(notification, `data.system.${field}`);
    return name === undefined ? "everything" : ([`${kind}:${name}`] as const);
  };
  switch (textAt(notification, "message.object_type") ?? "") {
    case "content_item": {
      const type = textAt(notification, "data.system.type");
      const item = named("item", "codename");
      return item === "everything" ? item : [...item, ...(type ? [`type:${type}`] : [])];
    }
    case "taxonomy":
      return named("taxonomy", "codename");
    case "asset":
      return named("asset", "id");
    default:
      return "everything";
  }
}

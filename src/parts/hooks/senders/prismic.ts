// The sender for Prismic.
import { isOneOf } from "../makers/hook-secrets.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { webhookSender } from "../makers/webhook-sender.ts";
import { listAt, presetOf, tagsOrder, textAt } from "./payload.ts";

export interface PrismicPayload {
  readonly type: "api-update" | "test-trigger";
  readonly domain: string;
  readonly secret: string | null;
  readonly masterRef?: string;
  /** The ids of the changed documents. */
  readonly documents?: readonly string[];
}

/**
 * Makes a sender for Prismic's webhooks with a secret (https://prismic.io/docs/webhooks). Prismic
 * signs nothing, and sends the secret in the body.
 *
 * The default mapping purges `document:<id>` for each changed document, and `document`; and
 * everything when the published content changed without a list of documents. Ignores test triggers,
 * and changes that are not published.
 */
export function prismic(options: PresetOptions<PrismicPayload> = {}): WebhookSender {
  const { mapping, ...limits } = presetOf(options, changed);
  return webhookSender({
    claimOf: () => ({ kind: "claimed", delivery: "", isSigned: hasSecret }),
    toOrder: (payload, fields) => mapping(payload as PrismicPayload, fields),
    ...limits,
  });
}

async function hasSecret(body: Uint8Array, secrets: readonly string[]): Promise<boolean> {
  let payload: unknown;
  try {
    payload = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return false;
  }
  return isOneOf(textAt(payload, "secret") ?? "", secrets);
}

function changed(payload: PrismicPayload): WebhookOrder | undefined {
  if (textAt(payload, "type") !== "api-update") return undefined;
  const documents = (listAt(payload, "documents") ?? []).map((id) => `document:${id}`);
  if (documents.length > 0) return tagsOrder([...documents, "document"]);
  return textAt(payload, "masterRef") === undefined ? undefined : { everything: true };
}

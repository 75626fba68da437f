// The sender for Storyblok.
import { hmacSender } from "../makers/hmac-sender.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { itemOrder, presetOf, textAt } from "./payload.ts";

export interface StoryblokPayload {
  readonly action: string;
  readonly space_id: number;
  readonly text: string;
  readonly story_id?: number;
  readonly full_slug?: string;
  readonly asset_id?: number;
  readonly datasource_slug?: string;
}

/**
 * Makes a sender for Storyblok's webhooks with a secret
 * (https://www.storyblok.com/docs/concepts/webhooks). Secrets need a paid plan.
 *
 * The default mapping purges `story:<id>`, `story:<full slug>` and `story`; `asset:<id>` and
 * `asset`; or `datasource:<slug>` and `datasource`. It purges everything after a release or pipeline
 * deployment, and if the webhook names no story or asset. Ignores all other actions.
 */
export function storyblok(options: PresetOptions<StoryblokPayload> = {}): WebhookSender {
  return hmacSender<StoryblokPayload>({
    header: "webhook-signature",
    algorithm: "sha1",
    encoding: "hex",
    ...presetOf(options, changed),
  });
}

const storyActions = ["published", "unpublished", "deleted", "moved"];
const assetActions = ["replaced", "deleted", "restored"];

function changed(payload: StoryblokPayload): WebhookOrder | undefined {
  const action = textAt(payload, "action") ?? "";
  const at = (path: string) => textAt(payload, path);
  if (["merged", "deployed"].includes(action)) return { everything: true };
  if (storyActions.includes(action) && at("story_id") !== undefined)
    return itemOrder("story", [at("story_id"), at("full_slug")]);
  if (assetActions.includes(action) && at("asset_id") !== undefined)
    return itemOrder("asset", [at("asset_id")]);
  if (at("datasource_slug") !== undefined) return itemOrder("datasource", [at("datasource_slug")]);
  // A change without a name may concern any page.
  return [...storyActions, ...assetActions].includes(action) ? { everything: true } : undefined;
}

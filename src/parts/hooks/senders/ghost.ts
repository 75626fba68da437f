// The sender for Ghost.
import { hmacSender } from "../makers/hmac-sender.ts";
import type { WebhookSender } from "../port/hook.ts";
import type { WebhookOrder } from "../port/scheme.ts";
import type { PresetOptions } from "../makers/sender-options.ts";
import { memberAt, presetOf, textAt } from "./payload.ts";

interface GhostChange {
  readonly current?: { readonly id?: string; readonly slug?: string; readonly status?: string };
  /** The former values of the fields that have changed. */
  readonly previous?: { readonly slug?: string; readonly status?: string };
}

/** Empty for the event `site.changed`. */
export interface GhostPayload {
  readonly post?: GhostChange;
  readonly page?: GhostChange;
  readonly tag?: GhostChange;
  readonly member?: GhostChange;
}

/**
 * Makes a sender for Ghost's webhooks. The signature covers the body, followed by the time.
 *
 * The default mapping purges everything when published content changes, because a post also appears
 * on lists, feeds and pages of tags and authors, and Ghost's pages have no tags. Drafts and members
 * purge nothing. The event `site.changed` suffices for a whole site.
 */
export function ghost(options: PresetOptions<GhostPayload> = {}): WebhookSender {
  return hmacSender<GhostPayload>({
    header: "x-ghost-signature",
    member: "sha256",
    algorithm: "sha256",
    encoding: "hex",
    timestamp: { member: "t", unit: "ms" },
    signed: "{body}{timestamp}",
    ...presetOf(options, changed),
  });
}

const publicStatuses = ["published", "sent"];

function changed(payload: GhostPayload): WebhookOrder | undefined {
  if (memberAt(payload, "member") !== undefined) return undefined;
  const wasPublic = ["post", "page"]
    .filter((kind) => memberAt(payload, kind) !== undefined)
    .map((kind) =>
      ["current", "previous"].some((version) =>
        publicStatuses.includes(textAt(payload, `${kind}.${version}.status`) ?? ""),
      ),
    );
  return wasPublic.includes(false) ? undefined : { everything: true };
}

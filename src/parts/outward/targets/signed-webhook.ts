// Tells a service of your own about purges, by a webhook that is signed by Standard Webhooks.
import type { PurgeMode } from "../../../purge/journal/purge-target.ts";
import { jsonCall } from "../delivery/call.ts";
import { checkOptions, makeTarget, type TargetOptions } from "../delivery/make-target.ts";
import type { OutwardTarget } from "../port/outward-target.ts";
import type { Selection } from "../delivery/selection.ts";
import { isAddress, prefixText, webhookCredential, webhookSigner } from "./tidemark-site.ts";

export interface SignedWebhookOptions extends TargetOptions {
  /** The address of the service. Any 2xx answer confirms a purge. */
  readonly url: string;
}

/**
 * Makes a target for a service of your own. Its JSON body has `type`, `mode`, `everything`, `tags`,
 * `urls`, `prefixes` and `hosts`. The credential is `whsec_` and the base64 of 24 random bytes.
 *
 * @example
 * outward({ search: signedWebhook({ url: "https://search.example.com/purged" }) })
 */
export function signedWebhook(options: SignedWebhookOptions): OutwardTarget {
  const { url } = options;
  checkOptions("signedWebhook", options, [
    !isAddress(url) && "url is not an address with https:// or http://.",
  ]);
  return makeTarget(
    { urls: "exact", tags: true, ...options },
    {
      credential: webhookCredential,
      api: (secret) => ({
        reach: { url: "exact", prefix: "text", anyHost: true, host: true, tag: () => true },
        limits: { requests: { burst: 60, perSecond: 10 } },
        softens: true,
        callsFor: (selection, mode) => [jsonCall(url, bodyOf(selection, mode))],
        sign: webhookSigner(secret),
      }),
    },
  );
}

function bodyOf({ prefixes, ...selection }: Selection, mode: PurgeMode) {
  return { type: "tidemark.purge", mode, ...selection, prefixes: prefixes.map(prefixText) };
}

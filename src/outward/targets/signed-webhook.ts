// Tells a service of your own about purges, by a webhook that is signed by Standard Webhooks.
import type { PurgeMode } from "../../purge/journal/purge-target.ts";
import type { OutwardCall } from "../delivery/call.ts";
import { checkOptions, makeTarget, type TargetOptions } from "../delivery/make-target.ts";
import type { OutwardTarget } from "../port/outward-target.ts";
import type { Selection } from "../delivery/selection.ts";
import { isAddress, webhookCredential, webhookSigner } from "./tidemark-site.ts";

export interface SignedWebhookOptions extends TargetOptions {
  /** The address of the service. Any 2xx answer confirms a purge. */
  readonly url: string;
}

/**
 * Makes a target for a service of your own. Its JSON body has `type`, `mode`, `everything`, `tags`,
 * `urls`, `prefixes` and `hosts`. The credential is `whsec_` and the base64 of 24 random bytes.
 *
 * @example
 * outward: { search: signedWebhook({ url: "https://search.example.com/purged" }) }
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
      api: ([secret = ""]) => ({
        reach: { url: "exact", prefix: "text", anyHost: "possible", host: true, tag: () => true },
        limits: { requests: { burst: 60, perSecond: 10 } },
        softens: true,
        callsFor: (selection, mode): readonly OutwardCall[] => {
          const headers = { "content-type": "application/json" };
          const body = JSON.stringify(bodyOf(selection, mode));
          return [{ method: "POST", url, headers, body, tokens: { requests: 1 } }];
        },
        sign: webhookSigner(secret),
      }),
    },
  );
}

function bodyOf({ prefixes, ...selection }: Selection, mode: PurgeMode) {
  const texts = prefixes.map(({ scheme, host, path }) =>
    host === "" ? path : `${scheme}://${host}${path}`,
  );
  return { type: "tidemark.purge", mode, ...selection, prefixes: texts };
}

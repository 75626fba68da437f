// Purges another Tidemark: POST /_cache/purge, signed by Standard Webhooks.
import { jsonIn } from "../../../base/json-text.ts";
import { tagBytes, tagBytesMax, type PurgeOrder } from "../../../protocol/purge-order.ts";
import type { PurgeMode } from "../../../purge/journal/purge-target.ts";
import { jsonCall, type SignCall } from "../delivery/call.ts";
import { checkOptions, makeTarget, type TargetOptions, chunks } from "../delivery/make-target.ts";
import type { OutwardTarget } from "../port/outward-target.ts";
import type { PathPrefix, Selection } from "../delivery/selection.ts";
import { createSigner } from "../../../purger/signature.ts";
import type { CredentialForm } from "../delivery/target-credential.ts";
import { secretForm } from "../../../protocol/variables/secrets.ts";

export interface TidemarkSiteOptions extends TargetOptions {
  /** The address that accepts purges, such as `https://www.example.com/_cache/purge`. */
  readonly url: string;
}

/** An order has up to 65,536 bytes, and a character up to three. */
const orderCharsMax = 16_000;

/**
 * Makes a target for another Tidemark. The credential is a secret of that site's `PURGE_SECRET`.
 *
 * @example
 * outward({ outer: tidemarkSite({ url: "https://www.example.com/_cache/purge" }) })
 */
export function tidemarkSite(options: TidemarkSiteOptions): OutwardTarget {
  const { url } = options;
  checkOptions("tidemarkSite", options, [
    !isAddress(url) && "url is not an address with https:// or http://.",
  ]);
  return makeTarget(options, {
    credential: webhookCredential,
    api: (secret) => ({
      reach: {
        url: "exact",
        prefix: "text",
        anyHost: true,
        host: true,
        tag: (tag) => tagBytes(tag) <= tagBytesMax,
      },
      limits: { requests: { burst: 100, perSecond: 20 } },
      softens: true,
      callsFor: (selection, mode) => ordersOf(selection, mode).map((order) => jsonCall(url, order)),
      sign: webhookSigner(secret),
      readAnswer: async (status, text) =>
        status < 300 && !hasPosition(jsonIn(await text())) ? "refused" : undefined,
    }),
  });
}

function ordersOf(selection: Selection, mode: PurgeMode): readonly PurgeOrder[] {
  const { everything, urls, prefixes, hosts, tags } = selection;
  const reason = "an outward purge";
  if (everything) return [{ everything, mode, reason }];
  const named = [
    ...urls.map((url) => ["urls", url] as const),
    ...prefixes.map((prefix) => ["prefixes", prefixText(prefix)] as const),
    ...hosts.map((host) => ["hosts", host] as const),
    ...tags.map((tag) => ["tags", tag] as const),
  ];
  return chunks(named, Number.POSITIVE_INFINITY, orderCharsMax).map((some) => {
    const of = (kind: string) => some.filter(([one]) => one === kind).map(([, name]) => name);
    return {
      urls: of("urls"),
      prefixes: of("prefixes"),
      hosts: of("hosts"),
      tags: of("tags"),
      mode,
      reason,
    };
  });
}

export function prefixText({ scheme, host, path }: PathPrefix): string {
  return host === "" ? path : `${scheme}://${host}${path}`;
}

function hasPosition(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "position" in answer;
}

export function isAddress(url: unknown): boolean {
  // `fetch` refuses addresses with a user name or a password.
  const { protocol = "", username = "", password = "" } = URL.parse(String(url)) ?? {};
  return /^https?:$/.test(protocol) && username + password === "";
}

/** The credential of targets that check such a signature. */
export const webhookCredential: CredentialForm = {
  noun: "secret: whsec_ and the base64 of at least 12 bytes",
  form: { pattern: secretForm, why: "is not whsec_ and base64" },
};

/** @param secret `whsec_` and base64. */
export function webhookSigner(secret: string): SignCall {
  return async (call, { atMs, randomText }) => {
    const id = `msg_${randomText().replaceAll("-", "")}`;
    const signed = await createSigner(secret)({ id, body: call.body ?? "" }, atMs);
    return { ...call, headers: { ...call.headers, ...signed } };
  };
}

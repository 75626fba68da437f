// The options and the signed fields of webhooks, as the vendors document them.
import { createHmac } from "node:crypto";
import type { ConfigInput } from "../../src/config/schema.ts";
import { hmacSender, type HmacSenderOptions } from "../../src/senders.ts";
import { FakeClock } from "../fakes/fake-clock.ts";
import { UnsteadyUpstash } from "../fakes/unsteady-upstash.ts";
import { openSite, type Seen, type Site, type SiteOptions } from "./harness.ts";

export const hookSecret = "k3mQ8vRz2nLw7xTc5yBp";
export const newerSecret = "p9Wd4sGh6jKf1aZe0uYi";

type Options = Omit<HmacSenderOptions, "mapping">;

/** One delivery to send. */
export interface Delivery {
  readonly body: string;
  readonly secret: string;
  readonly atMs: number;
  readonly id: string;
}

export interface Vendor {
  readonly vendor: string;
  readonly options: Options;
  readonly headersOf: (delivery: Delivery) => Record<string, string>;
}

const hmac = (algorithm: string, secret: string, text: string) =>
  createHmac(algorithm, secret).update(text);

export const shopify: Vendor = {
  vendor: "Shopify",
  options: {
    header: "x-shopify-hmac-sha256",
    algorithm: "sha256",
    encoding: "base64",
    idHeader: "x-shopify-webhook-id",
  },
  headersOf: ({ body, secret, id }) => ({
    "x-shopify-hmac-sha256": hmac("sha256", secret, body).digest("base64"),
    "x-shopify-topic": "products/update",
    "x-shopify-webhook-id": id,
  }),
};

export const github: Vendor = {
  vendor: "GitHub",
  options: {
    header: "x-hub-signature-256",
    algorithm: "sha256",
    encoding: "hex",
    prefix: "sha256=",
    idHeader: "x-github-delivery",
  },
  headersOf: ({ body, secret, id }) => ({
    "x-hub-signature-256": `sha256=${hmac("sha256", secret, body).digest("hex")}`,
    "x-github-event": "push",
    "x-github-delivery": id,
  }),
};

export const woocommerce: Vendor = {
  vendor: "WooCommerce",
  options: {
    header: "x-wc-webhook-signature",
    algorithm: "sha256",
    encoding: "base64",
    idHeader: "x-wc-webhook-delivery-id",
    isTest: (fields) => fields.get("content-type") === "application/x-www-form-urlencoded",
  },
  headersOf: ({ body, secret, id }) => ({
    "x-wc-webhook-signature": hmac("sha256", secret, body).digest("base64"),
    "x-wc-webhook-topic": "product.updated",
    "x-wc-webhook-delivery-id": id,
  }),
};

export const storyblok: Vendor = {
  vendor: "Storyblok",
  options: { header: "webhook-signature", algorithm: "sha1", encoding: "hex" },
  headersOf: ({ body, secret }) => ({
    "webhook-signature": hmac("sha1", secret, body).digest("hex"),
  }),
};

export const stripe: Vendor = {
  vendor: "Stripe",
  options: {
    header: "stripe-signature",
    member: "v1",
    algorithm: "sha256",
    encoding: "hex",
    timestamp: { member: "t", unit: "s" },
    signed: "{timestamp}.{body}",
  },
  headersOf: ({ body, secret, atMs }) => {
    const timestamp = Math.floor(atMs / 1_000);
    const signature = hmac("sha256", secret, `${timestamp}.${body}`).digest("hex");
    return { "stripe-signature": `t=${timestamp},v0=${"0".repeat(64)},v1=${signature}` };
  },
};

export const sanity: Vendor = {
  vendor: "Sanity",
  options: {
    header: "sanity-webhook-signature",
    member: "v1",
    algorithm: "sha256",
    encoding: "base64url",
    timestamp: { member: "t", unit: "ms" },
    signed: "{timestamp}.{body}",
  },
  headersOf: ({ body, secret, atMs }) => ({
    "sanity-webhook-signature": `t=${atMs},v1=${hmac("sha256", secret, `${atMs}.${body}`).digest("base64url")}`,
  }),
};

export const ghost: Vendor = {
  vendor: "Ghost",
  options: {
    header: "x-ghost-signature",
    member: "sha256",
    algorithm: "sha256",
    encoding: "hex",
    timestamp: { member: "t", unit: "ms" },
    signed: "{body}{timestamp}",
  },
  headersOf: ({ body, secret, atMs }) => ({
    "x-ghost-signature": `sha256=${hmac("sha256", secret, `${body}${atMs}`).digest("hex")}, t=${atMs}`,
  }),
};

/** A custom scheme with the timestamp in a separate field. */
export const ofOnesOwn: Vendor = {
  vendor: "one's own",
  options: {
    header: "x-signature",
    algorithm: "sha512",
    encoding: "base64",
    timestamp: { header: "x-timestamp", unit: "s" },
    signed: "v0:{timestamp}:{body}",
    toleranceSeconds: 60,
  },
  headersOf: ({ body, secret, atMs }) => {
    const timestamp = String(Math.floor(atMs / 1_000));
    const signature = hmac("sha512", secret, `v0:${timestamp}:${body}`).digest("base64");
    return { "x-signature": signature, "x-timestamp": timestamp };
  },
};

export const vendors: readonly Vendor[] = [
  shopify,
  github,
  woocommerce,
  storyblok,
  stripe,
  sanity,
  ghost,
  ofOnesOwn,
];

export interface HookedOptions extends SiteOptions {
  readonly vendor?: Vendor;
  readonly mapping?: HmacSenderOptions<{ id?: number }>["mapping"];
  readonly more?: Partial<Options>;
}

/** Opens a site with a journal and the hook "shop". */
export function openHooked(options: HookedOptions = {}): { site: Site; upstash: UnsteadyUpstash } {
  const { vendor = shopify, more, mapping = ({ id }) => ({ tags: [`product:${id}`] }) } = options;
  const clock = options.clock ?? new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const shop = hmacSender({ ...vendor.options, ...more, mapping });
  const config: ConfigInput = { ...options.config, hooks: { shop, ...options.config?.hooks } };
  const env = { HOOK_SECRET_SHOP: hookSecret, COLO: "HAM", ...options.env };
  return { site: openSite({ upstash, ...options, clock, config, env }), upstash };
}

export const bodyOf = (id: number) => JSON.stringify({ id });

export function signedBy(
  { headersOf }: Vendor,
  site: Site,
  delivery: Partial<Delivery> = {},
): Record<string, string> {
  const { body = bodyOf(1), secret = hookSecret, id = "delivery-1" } = delivery;
  return headersOf({ body, secret, id, atMs: delivery.atMs ?? site.clock.atMs });
}

/** Posts to the hook, without waiting for background work. */
export async function deliver(
  site: Site,
  body: BodyInit | null,
  headers: Readonly<Record<string, string>>,
  name = "shop",
): Promise<Seen> {
  const init = { method: "POST", body, headers, duplex: "half" } as never;
  const response = await site.ask(`/_cache/hooks/${name}`, init);
  const { status, headers: fields } = response;
  return { status, text: await response.text(), fields, head: "", cacheStatus: "" };
}

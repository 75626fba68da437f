// The options and the signed fields of webhooks, as the vendors document them.
import { createHmac } from "node:crypto";
import * as senders from "../../../src/parts/hooks/hooks.ts";
import type {
  PresetOptions,
  SenderOptions,
  WebhookSender,
} from "../../../src/parts/hooks/hooks.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { openSite, type Seen, type Site, type SiteOptions } from "../../../testing/site/harness.ts";

export const hookSecret = "k3mQ8vRz2nLw7xTc5yBp";
export const newerSecret = "p9Wd4sGh6jKf1aZe0uYi";

type Mapping = SenderOptions<{ id?: number }>["mapping"];

/** One delivery to send. */
interface Delivery {
  readonly body: string;
  readonly secret: string;
  readonly atMs: number;
  readonly id: string;
  /** The event, which some vendors write into a field. */
  readonly topic: string;
}

export interface Vendor {
  readonly vendor: string;
  readonly sender: (options: PresetOptions<{ id?: number }>) => WebhookSender;
  /** The field with the signature. */
  readonly signature: string;
  /** The tolerance of the timestamp; absent if the vendor signs no time. */
  readonly toleranceSeconds?: number;
  readonly headersOf: (delivery: Delivery) => Record<string, string>;
}

const hmac = (algorithm: string, secret: string, text: string) =>
  createHmac(algorithm, secret).update(text);

const preset =
  (make: (options: never) => WebhookSender): Vendor["sender"] =>
  (options) =>
    make(options as never);

/** The path of the hook "shop". */
const hookPath = "/_cache/hooks/shop";

export const shopify: Vendor = {
  vendor: "shopify",
  sender: preset(senders.shopify),
  signature: "x-shopify-hmac-sha256",
  headersOf: ({ body, secret, id, topic }) => ({
    "x-shopify-hmac-sha256": hmac("sha256", secret, body).digest("base64"),
    "x-shopify-topic": topic,
    "x-shopify-webhook-id": id,
  }),
};

export const github: Vendor = {
  vendor: "github",
  sender: preset(senders.github),
  signature: "x-hub-signature-256",
  headersOf: ({ body, secret, id, topic }) => ({
    "x-hub-signature-256": `sha256=${hmac("sha256", secret, body).digest("hex")}`,
    "x-github-event": topic,
    "x-github-delivery": id,
  }),
};

export const woocommerce: Vendor = {
  vendor: "woocommerce",
  sender: preset(senders.woocommerce),
  signature: "x-wc-webhook-signature",
  headersOf: ({ body, secret, id, topic }) => ({
    "x-wc-webhook-signature": hmac("sha256", secret, body).digest("base64"),
    "x-wc-webhook-topic": topic,
    "x-wc-webhook-delivery-id": id,
  }),
};

export const storyblok: Vendor = {
  vendor: "storyblok",
  sender: preset(senders.storyblok),
  signature: "webhook-signature",
  headersOf: ({ body, secret }) => ({
    "webhook-signature": hmac("sha1", secret, body).digest("hex"),
  }),
};

export const kontent: Vendor = {
  vendor: "kontent",
  sender: preset(senders.kontent),
  signature: "x-kontent-ai-signature",
  headersOf: ({ body, secret }) => ({
    "x-kontent-ai-signature": hmac("sha256", secret, body).digest("base64"),
  }),
};

export const stripe: Vendor = {
  vendor: "stripe",
  sender: preset(senders.stripe),
  signature: "stripe-signature",
  toleranceSeconds: 300,
  headersOf: ({ body, secret, atMs }) => {
    const timestamp = Math.floor(atMs / 1_000);
    const signature = hmac("sha256", secret, `${timestamp}.${body}`).digest("hex");
    return { "stripe-signature": `t=${timestamp},v0=${"0".repeat(64)},v1=${signature}` };
  },
};

export const sanity: Vendor = {
  vendor: "sanity",
  sender: preset(senders.sanity),
  signature: "sanity-webhook-signature",
  toleranceSeconds: 300,
  headersOf: ({ body, secret, atMs }) => ({
    "sanity-webhook-signature": `t=${atMs},v1=${hmac("sha256", secret, `${atMs}.${body}`).digest("base64url")}`,
  }),
};

export const ghost: Vendor = {
  vendor: "ghost",
  sender: preset(senders.ghost),
  signature: "x-ghost-signature",
  toleranceSeconds: 300,
  headersOf: ({ body, secret, atMs }) => ({
    "x-ghost-signature": `sha256=${hmac("sha256", secret, `${body}${atMs}`).digest("hex")}, t=${atMs}`,
  }),
};

export const hygraph: Vendor = {
  vendor: "hygraph",
  sender: preset(senders.hygraph),
  signature: "gcms-signature",
  toleranceSeconds: 300,
  headersOf: ({ body, secret, atMs }) => {
    const signed = JSON.stringify({ Body: body, EnvironmentName: "master", TimeStamp: atMs });
    const signature = hmac("sha256", secret, signed).digest("base64");
    return { "gcms-signature": `sign=${signature}, env=master, t=${atMs}` };
  },
};

export const contentful: Vendor = {
  vendor: "contentful",
  sender: preset(senders.contentful),
  signature: "x-contentful-signature",
  toleranceSeconds: 300,
  headersOf: ({ body, secret, atMs, id, topic }) => {
    const signed = {
      "x-contentful-signed-headers":
        "x-contentful-signed-headers,x-contentful-timestamp,x-contentful-topic",
      "x-contentful-timestamp": String(atMs),
      "x-contentful-topic": topic,
    };
    const fields = Object.entries(signed).map(([name, value]) => `${name}:${value}`);
    const content = ["POST", hookPath, fields.join(";"), body].join("\n");
    return {
      ...signed,
      "x-contentful-signature": hmac("sha256", secret, content).digest("hex"),
      "x-contentful-idempotency-key": id,
    };
  },
};

/** A custom scheme with the timestamp in a separate field. */
export const ofOnesOwn: Vendor = {
  vendor: "one's own",
  sender: (options) =>
    senders.hmacSender({
      header: "x-signature",
      algorithm: "sha512",
      encoding: "base64",
      timestamp: { header: "x-timestamp", unit: "s" },
      signed: "v0:{timestamp}:{body}",
      toleranceSeconds: 60,
      mapping: () => undefined,
      ...options,
    }),
  signature: "x-signature",
  toleranceSeconds: 60,
  headersOf: ({ body, secret, atMs }) => {
    const timestamp = String(Math.floor(atMs / 1_000));
    const signature = hmac("sha512", secret, `v0:${timestamp}:${body}`).digest("base64");
    return { "x-signature": signature, "x-timestamp": timestamp };
  },
};

/** A vendor that signs nothing, and sends the secret in a field. */
export const strapi: Vendor = {
  vendor: "strapi",
  sender: preset(senders.strapi),
  signature: "authorization",
  headersOf: ({ secret }) => ({ authorization: `Bearer ${secret}` }),
};

const withToken = (vendor: string, make: (options: never) => WebhookSender): Vendor => ({
  ...strapi,
  vendor,
  sender: preset(make),
});
export const datocms = withToken("datocms", senders.datocms);
export const directus = withToken("directus", senders.directus);
export const drupal = withToken("drupal", senders.drupal);

export const webflow: Vendor = {
  vendor: "webflow",
  sender: preset(senders.webflow),
  signature: "x-webflow-signature",
  toleranceSeconds: 300,
  headersOf: ({ body, secret, atMs }) => ({
    "x-webflow-signature": hmac("sha256", secret, `${atMs}:${body}`).digest("hex"),
    "x-webflow-timestamp": String(atMs),
  }),
};

/** The vendors that sign their webhooks. */
export const vendors: readonly Vendor[] = [
  contentful,
  ghost,
  github,
  hygraph,
  kontent,
  sanity,
  shopify,
  storyblok,
  stripe,
  webflow,
  woocommerce,
  ofOnesOwn,
];

interface HookedOptions extends SiteOptions {
  readonly vendor?: Vendor;
  readonly mapping?: Mapping;
  readonly more?: PresetOptions<{ id?: number }>;
  /** Other hooks, or another one in place of "shop". */
  readonly hooks?: Readonly<Record<string, WebhookSender>>;
}

/** Opens a site with a journal and the hook "shop". */
export function openHooked(options: HookedOptions = {}): { site: Site; upstash: UnsteadyUpstash } {
  const { vendor = shopify, more, mapping = ({ id }) => ({ tags: [`product:${id}`] }) } = options;
  const clock = options.clock ?? new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const shop = vendor.sender({ ...more, mapping });
  const config = { ...options.config, parts: [senders.hooks({ shop, ...options.hooks })] };
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
  const { topic = "products/update", atMs = site.clock.atMs } = delivery;
  return headersOf({ body, secret, id, topic, atMs });
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

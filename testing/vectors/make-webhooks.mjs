// Writes testing/vectors/webhooks.json: webhooks that the vendors' own libraries sign, or accept.
// The libraries are no dependencies of this repository, because they are large:
//   npm install --prefix /tmp/vendors stripe@23.1.0 @sanity/webhook@4.0.4 @hygraph/utils@1.2.1 \
//     @kontent-ai/webhook-helper@3.0.3 @contentful/node-apps-toolkit@3.16.1 @shopify/shopify-api@15.0.0 webflow-api@3.3.4
//   node testing/vectors/make-webhooks.mjs /tmp/vendors > testing/vectors/webhooks.json
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";

const [, , folder = "."] = process.argv;
const load = createRequire(`${folder}/node_modules/`);
const versionOf = (name) => {
  const path = load.resolve.paths(name)?.map((at) => `${at}/${name}/package.json`) ?? [];
  const [found] = path.flatMap((one) => {
    try {
      return [load(one)];
    } catch {
      return [];
    }
  });
  return `${name}@${found?.version}`;
};

// Contentful accepts only secrets of 64 characters.
const secret = "k3mQ8vRz2nLw7xTc5yBpp9Wd4sGh6jKf1aZe0uYiB8nQ2wXc7vRt5yHk3mLz6pDs";
const atMs = Date.UTC(2026, 10, 25);
const body = JSON.stringify({ title: "Größe 🌊", id: 7 });

const vectors = [];
const add = (vendor, library, headers) =>
  vectors.push({ vendor, library: versionOf(library), headers });

const Stripe = load("stripe");
const stripe = new Stripe("sk_test_x");
add("stripe", "stripe", {
  "stripe-signature": stripe.webhooks.generateTestHeaderString({
    payload: body,
    secret,
    timestamp: atMs / 1_000,
  }),
});

const sanity = load("@sanity/webhook");
add("sanity", "@sanity/webhook", {
  [sanity.SIGNATURE_HEADER_NAME]: await sanity.encodeSignatureHeader(body, atMs, secret),
});

const realNow = Date.now;
Date.now = () => atMs;
const { generateWebhookSignature } = load("@hygraph/utils");
add("hygraph", "@hygraph/utils", {
  "gcms-signature": generateWebhookSignature({ rawPayload: body, environmentName: "main", secret }),
});
Date.now = realNow;

const { signatureHelper } = load("@kontent-ai/webhook-helper");
add("kontent", "@kontent-ai/webhook-helper", {
  "x-kc-signature": signatureHelper.getHashFromString(body, secret),
});

const contentful = load("@contentful/node-apps-toolkit");
const topic = { "x-contentful-topic": "ContentManagement.Entry.publish" };
const request = { method: "POST", path: "/_cache/hooks/shop?a=%C3%B6", headers: topic, body };
add("contentful", "@contentful/node-apps-toolkit", {
  ...topic,
  ...contentful.signRequest(secret, request, atMs),
});

// Shopify's library only verifies.
load("@shopify/shopify-api/adapters/node");
const { ApiVersion, shopifyApi } = load("@shopify/shopify-api");
const shop = shopifyApi({
  apiKey: "key",
  apiSecretKey: secret,
  apiVersion: Object.values(ApiVersion).at(-1),
  hostName: "example.com",
  isEmbeddedApp: false,
  logger: { level: 0 },
});
const hmac = createHmac("sha256", secret).update(body).digest("base64");
for (const prefix of ["x-shopify", "shopify"]) {
  const headers = {
    [`${prefix}-hmac-sha256`]: hmac,
    [`${prefix}-topic`]: prefix === "shopify" ? "Product" : "products/update",
    [`${prefix}-shop-domain`]: "acme.myshopify.com",
    [`${prefix}-api-version`]: "2026-10",
    [`${prefix}-webhook-id`]: "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
  };
  const rawRequest = { method: "POST", url: "/", headers };
  const { valid } = await shop.webhooks.validate({ rawBody: body, rawRequest, rawResponse: {} });
  if (valid !== true) throw new Error(`Shopify's library does not accept ${prefix}.`);
  add("shopify", "@shopify/shopify-api", headers);
}

// Webflow's library only verifies.
const { WebflowClient } = load("webflow-api");
const signedText = `${atMs}:${body}`;
const webflow = {
  "x-webflow-timestamp": String(atMs),
  "x-webflow-signature": createHmac("sha256", secret).update(signedText).digest("hex"),
};
const { webhooks } = new WebflowClient({ accessToken: "token" });
const isAccepted = await webhooks.verifySignature({ headers: webflow, body, secret });
if (isAccepted !== true) throw new Error("Webflow's library does not accept the webhook.");
add("webflow", "webflow-api", webflow);

console.log(JSON.stringify({ secret, atMs, body, path: request.path, vectors }, null, 2));

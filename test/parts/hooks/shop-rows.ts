// Events of shops and of Stripe, in the form that they document or send, and what the default
// mapping purges.
import { shopify, stripe, type Vendor, woocommerce } from "./webhook-vendors.ts";
import type { Row } from "./preset-rows.ts";

/** Returns a number that `JSON.stringify` writes with these digits. */
const writtenAs = (digits: string): unknown =>
  (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(digits);

/** Returns a URL with sorted parameters, as journal entries spell it. */
const sortedUrl = (url: string) => {
  const [path, query = ""] = url.split("?");
  return `${path}?${query.split("&").toSorted().join("&")}`;
};

/** @param urls over https */
const onBothSchemes = (...urls: readonly string[]) =>
  urls.flatMap((url) => [url, url.replace("https:", "http:")]);

export const shopRows: readonly (readonly [Vendor, readonly Row[]])[] = [
  [
    shopify,
    [
      {
        id: "a topic that is the name of a built-in property",
        topic: "constructor/update",
        payload: { id: 7 },
        expected: "ignored",
      },
      {
        id: "a product",
        topic: "products/update",
        payload: { id: 9_554_194_432_293, handle: "t-shirt" },
        expected: { tags: ["product:9554194432293", "product:t-shirt", "product"] },
      },
      {
        id: "the test notification, whose id is beyond 2^53",
        topic: "products/update",
        payload: { id: writtenAs("788032119674292922"), handle: "example-t-shirt" },
        expected: {
          tags: ["product:788032119674292922", "product:example-t-shirt", "product"],
        },
      },
      {
        id: "a deleted product",
        topic: "products/delete",
        payload: { id: 7 },
        expected: { tags: ["product:7", "product"] },
      },
      {
        id: "a product in the second generation of fields",
        topic: "",
        fields: {
          "shopify-topic": "Product",
          "shopify-action": "update",
          "shopify-resource-id": "gid://shopify/Product/7",
        },
        payload: { fields_changed: ["product.title"] },
        expected: { tags: ["product:7", "product"] },
      },
      {
        id: "a collection",
        topic: "collections/update",
        payload: { id: 7, handle: "summer" },
        expected: { tags: ["collection:7", "collection:summer", "collection"] },
      },
      {
        id: "a theme",
        topic: "themes/publish",
        payload: { id: 7 },
        expected: { everything: true },
      },
      { id: "an order", topic: "orders/create", payload: { id: 7 }, expected: "ignored" },
    ],
  ],
  [
    stripe,
    [
      {
        id: "a price",
        payload: { type: "price.updated", data: { object: { id: "price_1", product: "prod_1" } } },
        expected: { tags: ["price:price_1", "product:prod_1", "product"] },
      },
      {
        id: "a product",
        payload: { type: "product.updated", data: { object: { id: "prod_1" } } },
        expected: { tags: ["product:prod_1", "product"] },
      },
      {
        id: "a payment",
        payload: { type: "payment_intent.succeeded", data: { object: { id: "pi_1" } } },
        expected: "ignored",
      },
    ],
  ],
  [
    woocommerce,
    [
      {
        id: "a product",
        topic: "product.updated",
        payload: { id: 7, permalink: "https://tidemark.test/product/mug/" },
        expected: {
          tags: ["product:7", "product"],
          urls: onBothSchemes("https://tidemark.test/product/mug/"),
        },
      },
      {
        id: "a product of a shop behind a proxy, which names http",
        topic: "product.updated",
        payload: { id: 7, permalink: "http://tidemark.test/product/mug/" },
        expected: {
          tags: ["product:7", "product"],
          urls: onBothSchemes("https://tidemark.test/product/mug/"),
        },
      },
      {
        id: "a deleted product",
        topic: "product.deleted",
        payload: { id: 7 },
        expected: { tags: ["product:7", "product"] },
      },
      ...["https://tidemark.test/a%2Fb/", "product/a/", "https://["].map((permalink) => ({
        id: `a product with the URL ${permalink}, which no purge can name`,
        topic: "product.updated",
        payload: { id: 7, permalink },
        expected: { tags: ["product:7", "product"] },
      })),
      ...[
        { url: "/product/mug/?attribute_pa_size=l&attribute_colour=red", page: "/product/mug/" },
        { url: "/?product=mug&attribute_pa_size=l", page: "/?product=mug" },
      ].map(({ url, page }) => ({
        id: `a variation at ${url}, which the page of its product shows`,
        topic: "product.updated",
        payload: { id: 42, parent_id: 7, permalink: `https://tidemark.test${url}` },
        expected: {
          tags: ["product:42", "product:7", "product"],
          urls: onBothSchemes(
            `https://tidemark.test${sortedUrl(url)}`,
            `https://tidemark.test${page}`,
          ),
        },
      })),
      {
        id: "a product without a parent",
        topic: "product.updated",
        payload: { id: 7, parent_id: 0 },
        expected: { tags: ["product:7", "product"] },
      },
      ...[
        { errors: { woocommerce_api_invalid_product_id: ["Invalid product ID"] } },
        { code: "woocommerce_rest_product_invalid_id", message: "Invalid ID." },
      ].map((payload) => ({
        id: `a product that no longer exists: ${JSON.stringify(payload)}`,
        topic: "product.updated",
        payload,
        expected: { tags: ["product"] },
      })),
      { id: "an order", topic: "order.created", payload: { id: 7 }, expected: "ignored" },
    ],
  ],
];

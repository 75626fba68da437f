// Events of each vendor, in the form that the vendor documents, and what the default mapping purges.
import {
  contentful,
  ghost,
  github,
  hygraph,
  kontent,
  sanity,
  shopify,
  storyblok,
  strapi,
  stripe,
  type Vendor,
  woocommerce,
} from "../../testing/site/webhook-vendors.ts";

type Expected = { tags?: string[]; urls?: string[]; everything?: true } | "ignored" | "failed";

export interface Row {
  readonly id: string;
  readonly topic?: string;
  readonly fields?: Record<string, string>;
  readonly payload: object;
  readonly expected: Expected;
}

/** Returns a number that `JSON.stringify` writes with these digits. */
const writtenAs = (digits: string): unknown =>
  (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(digits);

const entry = (type = "Entry") => ({
  sys: { id: "7", type, contentType: { sys: { id: "article" } }, space: { sys: { id: "s" } } },
});
const ofPost = (current: object, previous: object = {}) => ({ post: { current, previous } });
const notification = (object_type: string, delivery_slot: string, system: object) => ({
  data: { system },
  message: { environment_id: "e", object_type, action: "published", delivery_slot },
});
/** Returns a URL with sorted parameters, as journal entries spell it. */
const sortedUrl = (url: string) => {
  const [path, query = ""] = url.split("?");
  return `${path}?${query.split("&").toSorted().join("&")}`;
};
const pushTo = (ref: string, commits: object[]) => ({
  ref,
  repository: { default_branch: "main", full_name: "acme/docs" },
  commits,
});

export const rows: readonly (readonly [Vendor, readonly Row[]])[] = [
  [
    contentful,
    [
      {
        id: "a published entry",
        topic: "ContentManagement.Entry.publish",
        payload: entry(),
        expected: { tags: ["entry:7", "contentType:article"] },
      },
      {
        id: "a deleted asset",
        topic: "ContentManagement.Asset.delete",
        payload: { sys: { id: "7", type: "DeletedAsset" } },
        expected: { tags: ["asset:7"] },
      },
      {
        id: "a saved draft",
        topic: "ContentManagement.Entry.auto_save",
        payload: entry(),
        expected: "ignored",
      },
      {
        id: "a published content type",
        topic: "ContentManagement.ContentType.publish",
        payload: entry("ContentType"),
        expected: { everything: true },
      },
      {
        id: "a transformed payload without an id",
        topic: "ContentManagement.Entry.publish",
        payload: { hello: 1 },
        expected: "failed",
      },
    ],
  ],
  [
    ghost,
    [
      { id: "site.changed", payload: {}, expected: { everything: true } },
      {
        id: "a published post",
        payload: ofPost({ id: "1", status: "published" }, { status: "draft" }),
        expected: { everything: true },
      },
      {
        id: "an unpublished post",
        payload: ofPost({ id: "1", status: "draft" }, { status: "published" }),
        expected: { everything: true },
      },
      { id: "a draft", payload: ofPost({ id: "1", status: "draft" }), expected: "ignored" },
      {
        id: "a deleted post",
        payload: ofPost({}, { id: "1", status: "published" }),
        expected: { everything: true },
      },
      { id: "a tag", payload: { tag: { current: { id: "1" } } }, expected: { everything: true } },
      { id: "a member", payload: { member: { current: { id: "1" } } }, expected: "ignored" },
    ],
  ],
  [
    github,
    [
      { id: "a ping", topic: "ping", payload: { zen: "Keep it." }, expected: "ignored" },
      {
        id: "a deployment that succeeded",
        topic: "deployment_status",
        payload: { deployment_status: { state: "success" } },
        expected: { everything: true },
      },
      {
        id: "a deployment that has begun",
        topic: "deployment_status",
        payload: { deployment_status: { state: "in_progress" } },
        expected: "ignored",
      },
      {
        id: "a Pages build",
        topic: "page_build",
        payload: { build: { status: "built" } },
        expected: { everything: true },
      },
      {
        id: "a push to the default branch",
        topic: "push",
        payload: pushTo("refs/heads/main", [
          { added: ["a.md"], modified: ["b.md"], removed: [] },
          { added: [], modified: ["b.md"], removed: ["c.md"] },
        ]),
        expected: { tags: ["file:a.md", "file:b.md", "file:c.md"] },
      },
      {
        id: "a push to another branch",
        topic: "push",
        payload: pushTo("refs/heads/draft", [{ added: ["a.md"], modified: [], removed: [] }]),
        expected: "ignored",
      },
      {
        id: "a push with a file whose tag is too long",
        topic: "push",
        payload: pushTo("refs/heads/main", [
          { added: [`${"a".repeat(252)}.md`], modified: ["b.md"], removed: [] },
        ]),
        expected: { everything: true },
      },
      {
        id: "a forced push without commits",
        topic: "push",
        payload: pushTo("refs/heads/main", []),
        expected: { everything: true },
      },
    ],
  ],
  [
    hygraph,
    [
      {
        id: "a published entry",
        payload: {
          operation: "publish",
          data: { __typename: "Post", id: "c1", stage: "PUBLISHED" },
        },
        expected: { tags: ["Post:c1", "Post"] },
      },
      {
        id: "an unpublished entry",
        payload: { operation: "unpublish", data: { __typename: "Post", id: "c1", stage: "DRAFT" } },
        expected: { tags: ["Post:c1", "Post"] },
      },
      {
        id: "a changed draft",
        payload: { operation: "update", data: { __typename: "Post", id: "c1", stage: "DRAFT" } },
        expected: "ignored",
      },
    ],
  ],
  [
    kontent,
    [
      {
        id: "a legacy webhook",
        payload: {
          message: { id: "1", type: "content_item_variant", operation: "publish" },
          data: { items: [{ id: "1", codename: "a", language: "en", type: "article" }] },
        },
        expected: { everything: true },
      },
      {
        id: "two published items",
        payload: {
          notifications: [
            notification("content_item", "published", { id: "1", codename: "a", type: "article" }),
            notification("content_item", "published", { id: "2", codename: "b", type: "article" }),
          ],
        },
        expected: { tags: ["item:a", "type:article", "item:b"] },
      },
      {
        id: "a preview",
        payload: {
          notifications: [notification("content_item", "preview", { id: "1", codename: "a" })],
        },
        expected: "ignored",
      },
      ...["content_type", "content_item", "taxonomy", "asset"].map((type) => ({
        id: `a content type, or a name that is missing: ${type}`,
        payload: {
          notifications: [
            notification(type, "published", type === "content_type" ? { codename: "a" } : {}),
            notification("content_item", "published", { id: "2", codename: "b" }),
          ],
        },
        expected: { everything: true } as const,
      })),
    ],
  ],
  [
    sanity,
    [
      {
        id: "a document",
        payload: { _id: "abc", _type: "post", slug: "hello" },
        expected: { tags: ["post:abc", "post:hello", "post"] },
      },
      {
        id: "a document with a slug that is too long for a tag",
        payload: { _id: "abc", _type: "post", slug: "s".repeat(300) },
        expected: { tags: ["post:abc", "post"] },
      },
      {
        id: "a document without a slug",
        payload: { _id: "abc", _type: "post", slug: null },
        expected: { tags: ["post:abc", "post"] },
      },
      {
        id: "a whole document, as Sanity sends it without a projection",
        payload: { _id: "abc", _type: "post", slug: { _type: "slug", current: "hello" } },
        expected: { tags: ["post:abc", "post:hello", "post"] },
      },
      { id: "a draft", payload: { _id: "drafts.abc", _type: "post" }, expected: "ignored" },
      { id: "another projection", payload: { title: "Hello" }, expected: "failed" },
    ],
  ],
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
    storyblok,
    [
      {
        id: "a published story",
        payload: { action: "published", story_id: 7, full_slug: "en/news/a", space_id: 1 },
        expected: { tags: ["story:7", "story:en/news/a", "story"] },
      },
      {
        id: "a replaced asset",
        payload: { action: "replaced", asset_id: 7, space_id: 1 },
        expected: { tags: ["asset:7", "asset"] },
      },
      {
        id: "an entry of a data source",
        payload: { action: "entries_updated", datasource_slug: "colours", space_id: 1 },
        expected: { tags: ["datasource:colours", "datasource"] },
      },
      { id: "a merged release", payload: { action: "merged" }, expected: { everything: true } },
      { id: "a stage", payload: { action: "stage.changed", story_id: 7 }, expected: "ignored" },
    ],
  ],
  [
    strapi,
    [
      {
        id: "a published entry",
        payload: { event: "entry.publish", model: "article", entry: { id: 3, documentId: "d" } },
        expected: { tags: ["article:d", "article"] },
      },
      {
        id: "an entry of version 4",
        payload: { event: "entry.update", model: "article", entry: { id: 3, slug: "hello" } },
        expected: { tags: ["article:3", "article:hello", "article"] },
      },
      {
        id: "a draft",
        payload: { event: "entry.update", model: "article", entry: { id: 3, publishedAt: null } },
        expected: "ignored",
      },
      {
        id: "a deleted draft",
        payload: { event: "entry.delete", model: "article", entry: { id: 3, publishedAt: null } },
        expected: { tags: ["article:3", "article"] },
      },
      ...[null, "null"].map((entry) => ({
        id: `a published entry that is missing: ${JSON.stringify(entry)}`,
        payload: { event: "entry.publish", model: "article", entry },
        expected: { everything: true } as const,
      })),
      {
        id: "a file",
        payload: { event: "media.update", media: { id: 3 } },
        expected: { tags: ["media:3", "media"] },
      },
      { id: "a test", payload: { event: "trigger-test" }, expected: "ignored" },
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
          urls: ["https://tidemark.test/product/mug/"],
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
          urls: [`https://tidemark.test${sortedUrl(url)}`, `https://tidemark.test${page}`],
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

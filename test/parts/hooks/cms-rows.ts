// Events of DatoCMS, Directus, Drupal and Webflow, in the form that they document or send, and what the
// default mapping purges.
import { datocms, directus, drupal, type Vendor, webflow } from "./webhook-vendors.ts";
import type { Row } from "./preset-rows.ts";

const everything = { everything: true } as const;

const model = (id: string, api_key: string) => ({ id, type: "item_type", attributes: { api_key } });
const record = (event_type: string, slug: unknown, status = "published", more: object = {}) => ({
  environment: "main",
  entity_type: "item",
  event_type,
  entity: {
    id: "Ke9n",
    type: "item",
    attributes: { title: "Hello", slug },
    relationships: { item_type: { data: { id: "m2", type: "item_type" } } },
    meta: { status },
  },
  related_entities: [model("m1", "author"), model("m2", "article")],
  ...more,
});
const cacheTags = (tags: unknown) => ({
  entity_type: "cda_cache_tags",
  event_type: "invalidate",
  entity: { id: "cda_cache_tags", type: "cda_cache_tags", attributes: { tags } },
  related_entities: [],
});
const numbered = (count: number) => Array.from({ length: count }, (_, at) => String(at));

const ofDatocms: readonly Row[] = [
  {
    id: "cache tags",
    payload: cacheTags(["N*r;L", "6-KZ@", "t#k[uP", "6-KZ@"]),
    expected: { tags: ["N*r;L", "6-KZ@", "t#k[uP"] },
  },
  ...[undefined, "N*r;L", [], ["N*r;L", { tag: "6-KZ@" }], numbered(5_001)].map((tags, at) => ({
    id: `cache tags that are missing, of a wrong type, or too many: ${at}`,
    payload: cacheTags(tags),
    expected: everything,
  })),
  {
    id: "a published record",
    payload: record("publish", "hello"),
    expected: { tags: ["article:Ke9n", "article:hello", "article"] },
  },
  {
    id: "a record with a new slug in one of its languages",
    payload: record("update", { en: "hello", it: "ciao" }, "published", {
      previous_entity: { id: "Ke9n", attributes: { slug: { en: "hello", it: "salve" } } },
    }),
    expected: {
      tags: ["article:Ke9n", "article:hello", "article:ciao", "article:salve", "article"],
    },
  },
  { id: "a draft", payload: record("update", "hello", "draft"), expected: "ignored" },
  {
    id: "an unpublished record",
    payload: record("unpublish", null, "draft"),
    expected: { tags: ["article:Ke9n", "article"] },
  },
  {
    id: "a record without its model",
    payload: record("publish", "hello", "published", { related_entities: [model("m1", "author")] }),
    expected: "failed",
  },
  {
    id: "an upload",
    payload: { entity_type: "upload", event_type: "update", entity: { id: "7", type: "upload" } },
    expected: { tags: ["upload:7", "upload"] },
  },
  {
    id: "a model",
    payload: { entity_type: "item_type", event_type: "update", entity: { id: "m1" } },
    expected: everything,
  },
  ...["promote", "create"].map((event_type) => ({
    id: `an environment: ${event_type}`,
    payload: { entity_type: "environment", event_type, entity: { id: "main" } },
    expected: event_type === "promote" ? everything : ("ignored" as const),
  })),
  ...["deploy_succeeded", "deploy_started"].map((event_type) => ({
    id: `a build: ${event_type}`,
    payload: { entity_type: "build_trigger", event_type, entity: { id: "1" } },
    expected: event_type === "deploy_succeeded" ? everything : ("ignored" as const),
  })),
  {
    id: "maintenance",
    payload: { entity_type: "maintenance_mode", event_type: "change" },
    expected: "ignored",
  },
];

const ofDirectus: readonly Row[] = [
  {
    id: "a new item",
    payload: { event: "articles.items.create", key: 7, collection: "articles", payload: {} },
    expected: { tags: ["articles:7", "articles"] },
  },
  {
    id: "updated items",
    payload: { event: "articles.items.update", keys: ["a-1", 2], collection: "articles" },
    expected: { tags: ["articles:a-1", "articles:2", "articles"] },
  },
  {
    id: "deleted items",
    payload: { event: "a.items.delete", payload: [7], keys: [7], collection: "a" },
    expected: { tags: ["a:7", "a"] },
  },
  {
    id: "a file",
    payload: { event: "files.upload", key: "8cbb43fe", collection: "directus_files" },
    expected: { tags: ["directus_files:8cbb43fe", "directus_files"] },
  },
  ...[undefined, [], [7, { id: 8 }], "7", numbered(5_001)].map((keys, at) => ({
    id: `keys that are missing, of a wrong type, or too many: ${at}`,
    payload: { event: "articles.items.update", keys, collection: "articles" },
    expected: everything,
  })),
  {
    id: "a key beside keys of a wrong type",
    payload: { key: 7, keys: [{ id: 8 }], collection: "articles" },
    expected: everything,
  },
  {
    id: "a collection whose name is too long for a tag",
    payload: { keys: numbered(9), collection: "c".repeat(257) },
    expected: everything,
  },
  { id: "a body without a collection", payload: { keys: [7] }, expected: "failed" },
];

const bundled = "[invalidations:separated_pipe]";
const ofDrupal: readonly Row[] = [
  {
    id: "tags of the bundled purger",
    payload: { type: "tag", expression: "node:1|node_list|config:system.site|node:1" },
    expected: { tags: ["node:1", "node_list", "config:system.site"] },
  },
  {
    id: "a tag that Drupal has escaped",
    payload: { type: "tag", expression: "term:R&amp;D&quot;s|a&#039;b|&amp;lt;" },
    expected: { tags: ['term:R&D"s', "a'b", "&lt;"] },
  },
  {
    id: "a URL",
    payload: { type: "url", expression: "http://www.example.com/a?b=1&amp;c=2" },
    expected: {
      urls: ["https://www.example.com/a?b=1&c=2", "http://www.example.com/a?b=1&c=2"],
    },
  },
  {
    id: "a URL with a wildcard",
    payload: { type: "wildcardurl", expression: "https://www.example.com/news/*" },
    expected: { prefixes: ["https://www.example.com/news/", "http://www.example.com/news/"] },
  },
  {
    id: "a URL with a wildcard in its query",
    payload: { type: "wildcardurl", expression: "https://a.example/news?page=*" },
    expected: { prefixes: ["https://a.example/news", "http://a.example/news"] },
  },
  ...["*", "http*", "https://*.example.com/a", "https://www.exam*", "https://a.example|*"].map(
    (expression) => ({
      id: `a URL with a wildcard before its path: ${expression}`,
      payload: { type: "wildcardurl", expression },
      expected: everything,
    }),
  ),
  { id: "everything", payload: { type: "everything", expression: "" }, expected: everything },
  {
    id: "too many tags",
    payload: { type: "tag", expression: numbered(5_001).join("|") },
    expected: everything,
  },
  ...[bundled, "[invalidation:expression]"].map((expression) => ({
    id: `a token that Drupal did not replace: ${expression}`,
    payload: { type: "tag", expression },
    expected: "failed" as const,
  })),
  { id: "another type", payload: { type: "regex", expression: "^a" }, expected: "failed" },
  { id: "no type", payload: { expression: "node:1" }, expected: "failed" },
];

const item = (id: string, slug?: string) => ({
  id,
  siteId: "618f",
  workspaceId: "686e",
  collectionId: "6196",
  cmsLocaleId: null,
  isArchived: false,
  isDraft: false,
  fieldData: slug === undefined ? undefined : { name: slug, slug },
});
const ofWebflow: readonly Row[] = [
  {
    id: "a published site",
    payload: { triggerType: "site_publish", payload: { siteId: "618f", domains: ["a.example"] } },
    expected: everything,
  },
  {
    id: "published items",
    payload: {
      triggerType: "collection_item_published",
      payload: { items: [item("68e6", "b56"), item("68e7")] },
    },
    expected: { tags: ["item:68e6", "item:b56", "collection:6196", "item:68e7"] },
  },
  ...["published", "unpublished", "deleted", "changed", "created"].map((event) => ({
    id: `one item: ${event}`,
    payload: { triggerType: `collection_item_${event}`, payload: item("68e6", "b56") },
    expected: { tags: ["item:68e6", "item:b56", "collection:6196"] },
  })),
  ...[{ items: [] }, { items: [item("68e6"), { id: "68e7" }] }, { itemId: "6321", deleted: 1 }].map(
    (payload, at) => ({
      id: `items whose names are missing: ${at}`,
      payload: { triggerType: "collection_item_deleted", payload },
      expected: everything,
    }),
  ),
  {
    id: "a form",
    payload: { triggerType: "form_submission", payload: { name: "Contact Us" } },
    expected: "ignored",
  },
];

export const cmsRows: readonly (readonly [Vendor, readonly Row[]])[] = [
  [datocms, ofDatocms],
  [directus, ofDirectus],
  [drupal, ofDrupal],
  [webflow, ofWebflow],
];

// Events of each vendor, in the form that the vendor documents, and what the default mapping purges.
import {
  contentful,
  ghost,
  github,
  hygraph,
  kontent,
  sanity,
  storyblok,
  strapi,
  type Vendor,
} from "./webhook-vendors.ts";

type Expected =
  | { tags?: string[]; urls?: string[]; prefixes?: string[]; everything?: true }
  | "ignored"
  | "failed";

export interface Row {
  readonly id: string;
  readonly topic?: string;
  readonly fields?: Record<string, string>;
  readonly payload: object;
  readonly expected: Expected;
}

const entry = (type = "Entry") => ({
  sys: { id: "7", type, contentType: { sys: { id: "article" } }, space: { sys: { id: "s" } } },
});
const ofPost = (current: object, previous: object = {}) => ({ post: { current, previous } });
const notification = (object_type: string, delivery_slot: string, system: object) => ({
  data: { system },
  message: { environment_id: "e", object_type, action: "published", delivery_slot },
});
const pushTo = (ref: string, commits: object[]) => ({
  ref,
  repository: { default_branch: "main", full_name: "acme/docs" },
  commits,
});
const filesIn = (folder: string, count: number) => ({
  added: Array.from({ length: count }, (_, at) => `${folder}/${at}.md`),
  modified: [],
  removed: [],
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
      ...["b.md", ["b.md", { path: "c.md" }], undefined].map((modified, at) => ({
        id: `a push with files of a wrong type: ${at}`,
        topic: "push",
        payload: pushTo("refs/heads/main", [{ added: ["a.md"], modified, removed: [] }]),
        expected: { everything: true } as const,
      })),
      {
        id: "a push of more files than a webhook purges",
        topic: "push",
        payload: pushTo("refs/heads/main", [filesIn("a", 2_501), filesIn("b", 2_500)]),
        expected: { everything: true },
      },
      {
        id: "a push with as many files of a commit as GitHub lists",
        topic: "push",
        payload: pushTo("refs/heads/main", [filesIn("a", 3_000)]),
        expected: { everything: true },
      },
      ...[{ commits: [] }, { forced: true }, { created: true }].map((other) => ({
        id: `a push whose list of commits is not complete: ${Object.keys(other).join()}`,
        topic: "push",
        payload: { ...pushTo("refs/heads/main", [filesIn("a", 1)]), ...other },
        expected: { everything: true } as const,
      })),
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
      ...["published", "restored"].map((action) => ({
        id: `a change without a name: ${action}`,
        payload: { action, space_id: 1 },
        expected: { everything: true } as const,
      })),
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
      ...[null, "null"].map((missing) => ({
        id: `a published entry that is missing: ${JSON.stringify(missing)}`,
        payload: { event: "entry.publish", model: "article", entry: missing },
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
];

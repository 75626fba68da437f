// The tags by which a purge can name a stored response: its own tags, and tags derived from its
// URL, route and groups.
import { describe, expect, it } from "vitest";
import { coverable } from "../../../src/purge/journal/purge-target.ts";
import { responseWith } from "../../../testing/examples/purges.ts";

const tagsOf = (changes: Parameters<typeof responseWith>[0]) =>
  coverable(responseWith(changes)).tags;

it("adds tags for everything, the host, the route and the URL", () => {
  const url = "url:https://www.example.com/a/b?c=1";
  const derived = ["everything", "host:www.example.com", "route:articles", url];
  expect(tagsOf({ tags: ["red"] })).toEqual([...derived, "tag:red"]);
});

describe("groups belong to one origin (RFC 9875 §2.1)", () => {
  it.each([
    { id: "host", url: "https://a.example/x", groups: ["group:https://a.example news"] },
    { id: "port", url: "https://a.example:8443/x", groups: ["group:https://a.example:8443 news"] },
    { id: "scheme", url: "http://a.example/x?y", groups: ["group:http://a.example news"] },
  ])("$id", ({ url, groups }) => {
    const tags = tagsOf({ url, tags: ["news"], groups: ["news"] });
    expect(tags.filter((tag) => tag.startsWith("group:"))).toEqual(groups);
    expect(tags).toContain("tag:news");
  });
});

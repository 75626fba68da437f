// Under which tags a stored response can be purged, seen and unseen.
import { describe, expect, it } from "vitest";
import { coverable } from "../../../src/purge/journal/purge-target.ts";
import { responseWith } from "../../../testing/examples/purges.ts";

const seenAs = (changes: Parameters<typeof responseWith>[0]) =>
  coverable(responseWith(changes)).tags;

it("carries everything, its host, its route and its URL unseen", () => {
  expect(seenAs({ tags: ["red"] })).toEqual([
    "everything",
    "host:www.example.com",
    "route:articles",
    "url:https://www.example.com/a/b?c=1",
    "tag:red",
  ]);
});

describe("groups are those of one origin (RFC 9875 §2.1)", () => {
  it.each([
    { id: "host", url: "https://a.example/x", tag: "group:https://a.example news" },
    { id: "port", url: "https://a.example:8443/x", tag: "group:https://a.example:8443 news" },
    { id: "scheme", url: "http://a.example/x?y", tag: "group:http://a.example news" },
  ])("$id", ({ url, tag }) => {
    const tags = seenAs({ url, tags: ["news"], groups: ["news"] });
    expect(tags.filter((seen) => seen.startsWith("group:"))).toEqual([tag]);
    expect(tags).toContain("tag:news");
  });

  it("none where none is named", () => {
    expect(seenAs({ tags: ["news"] }).filter((tag) => tag.startsWith("group:"))).toEqual([]);
  });
});

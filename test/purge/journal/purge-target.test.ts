// The tags by which a purge can name a stored response: its own tags, and tags derived from its
// URL, route and groups.
import { describe, expect, it } from "vitest";
import {
  coverable,
  dataScheme,
  namedTargets,
  pathPrefix,
} from "../../../src/purge/journal/purge-target.ts";
import { coveredBy } from "../../../src/purge/view/target-index.ts";
import { responseWith } from "../../../testing/examples/purges.ts";

const tagsOf = (changes: Parameters<typeof responseWith>[0]) =>
  coverable(responseWith(changes)).tags;

it("adds tags for everything, the host, the route and the URL", () => {
  const url = "url:https://www.example.com/a/b?c=1";
  const derived = ["everything", "host:www.example.com", "route:articles", url];
  expect(tagsOf({ tags: ["red"] })).toEqual([...derived, "tag:red"]);
});

it("derives the tags of a record only once, because each use of the record needs them", () => {
  const record = responseWith();
  expect(coverable(record)).toBe(coverable(record));
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

it("application data has only its own tags, and tags for everything and the URL", () => {
  const data = { url: `${dataScheme}//articles/%28a`, route: "articles", groups: ["news"] };
  const url = `${dataScheme}//articles/(a`;
  expect(coverable(responseWith({ ...data, tags: ["red"] }))).toEqual({
    tags: ["everything", `url:${url}`, "tag:red"],
    paths: [url, url],
  });
});

it("prefixes are compared with the path and the URL, both without the query and with `?`", () => {
  const { paths } = coverable(responseWith({ url: "https://a.example:8443/%28a/b?c=/d" }));
  expect(paths).toEqual(["/(a/b?", "https://a.example:8443/(a/b?"]);
});

describe("the prefix for a path", () => {
  const origin = "https://a.example";
  const covers = (path: string, url: string) =>
    coveredBy({ tags: [], prefixes: [pathPrefix({ origin, path })] })(responseWith({ url }));

  it.each([
    { url: "/a", isCovered: true },
    { url: "/a?b=/c", isCovered: true },
    { url: "/ab", isCovered: false },
    { url: "/a/b", isCovered: false },
    { url: "/", isCovered: false },
  ])("covers the page with any query, and no other page: $url", ({ url, isCovered }) => {
    expect(covers("/a", `${origin}${url}`)).toBe(isCovered);
    expect(covers("/a", `https://b.example${url}`)).toBe(false);
  });

  it("covers the page in every spelling", () => {
    expect(covers("/%28a", `${origin}/(a?b`)).toBe(true);
    expect(covers("/(a", `${origin}/%28a`)).toBe(true);
  });

  it.each([
    { chars: 255, isAlike: false },
    { chars: 256, isAlike: true },
  ])("covers paths that begin alike if it has $chars characters or more", ({ chars, isAlike }) => {
    const path = "/".padEnd(chars, "a");
    expect(covers(path, `${origin}${path}`)).toBe(true);
    expect(covers(path, `${origin}${path}b`)).toBe(isAlike);
  });

  it("covers its page wherever an escape is cut", () => {
    for (let length = 240; length < 260; length += 1) {
      const path = `${"/".padEnd(length, "a")}%28%C3%A4%2F%25/b`;
      expect(covers(path, `${origin}${path}?c`)).toBe(true);
    }
  });
});

describe("operators see the targets of a purge by kind", () => {
  const none = {
    tags: [],
    urls: [],
    prefixes: [],
    hosts: [],
    routes: [],
    groups: [],
    releases: [],
  };

  it.each([
    { id: "tag", tags: ["tag:a:b"], shown: { tags: ["a:b"] } },
    { id: "URL", tags: ["url:https://a.example/"], shown: { urls: ["https://a.example/"] } },
    { id: "host", tags: ["host:a.example:8443"], shown: { hosts: ["a.example:8443"] } },
    { id: "route", tags: ["route:articles"], shown: { routes: ["articles"] } },
    {
      id: "group",
      tags: ["group:https://a.example news"],
      shown: { groups: ["https://a.example news"] },
    },
    { id: "everything", tags: ["everything"], shown: { everything: true } },
    { id: "prefix", tags: [], prefixes: ["/a/"], shown: { prefixes: ["/a/"] } },
    { id: "of a newer version", tags: ["other:a", "a tag:"], shown: {} },
  ])("$id", ({ tags, prefixes = [], shown }) => {
    expect(namedTargets({ tags, prefixes })).toEqual({ ...none, everything: false, ...shown });
  });
});

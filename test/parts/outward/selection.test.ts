// Tests what the names of purges become at caches that cannot express all of them.
import { describe, expect, it } from "vitest";
import {
  namesIn,
  type PurgedName,
  type CacheFacts,
  type Reach,
  selectedEverything,
  selectionOf,
} from "../../../src/parts/outward/delivery/selection.ts";
import { releaseTags } from "../../../src/purge/journal/purge-target.ts";

const whole: Reach = {
  url: "exact",
  prefix: "text",
  anyHost: true,
  host: true,
  tag: () => true,
};
const facts: CacheFacts = { urls: "exact", tags: true, hosts: [], siteHosts: [] };
const nothing = { everything: false, urls: [], prefixes: [], hosts: [], tags: [] };
const url = (text: string): PurgedName => ({ kind: "url", url: text });
const prefix = (text: string): PurgedName => ({ kind: "prefix", prefix: text });
const path = (text: string, host = "a.example", scheme = "https") => ({ scheme, host, path: text });

interface Row {
  readonly id: string;
  readonly name: PurgedName;
  readonly reach: Partial<Reach>;
  readonly facts?: Partial<CacheFacts>;
  readonly gives: object;
}

const everything = { everything: true };
const a = "https://a.example/b?c=1";
const rows: readonly Row[] = [
  { id: "a tag", name: { kind: "tag", tag: "t" }, reach: whole, gives: { tags: ["t"] } },
  {
    id: "a tag, unknown there",
    name: { kind: "tag", tag: "t" },
    reach: whole,
    facts: { tags: false },
    gives: everything,
  },
  {
    id: "a tag, of another form",
    name: { kind: "tag", tag: "a b" },
    reach: { tag: (tag) => tag !== "a b" },
    gives: everything,
  },
  {
    id: "a tag, without tags",
    name: { kind: "tag", tag: "t" },
    reach: { host: true },
    gives: everything,
  },
  { id: "a route", name: { kind: "route", route: "r" }, reach: whole, gives: everything },
  {
    id: "a host",
    name: { kind: "host", host: "a.example" },
    reach: whole,
    gives: { hosts: ["a.example"] },
  },
  {
    id: "a host, without hosts",
    name: { kind: "host", host: "a.example" },
    reach: { url: "exact" },
    gives: everything,
  },
  {
    id: "a group",
    name: { kind: "group", origin: "https://a.example", group: "g h" },
    reach: whole,
    gives: { hosts: ["a.example"] },
  },
  { id: "a URL", name: url(a), reach: whole, gives: { urls: [a] } },
  {
    id: "a URL, any query",
    name: url(a),
    reach: { url: "any-query" },
    facts: { urls: "widened" },
    gives: { urls: ["https://a.example/b"] },
  },
  {
    id: "a URL, widened",
    name: url(a),
    reach: whole,
    facts: { urls: "widened" },
    gives: { prefixes: [path("/b")] },
  },
  {
    id: "a URL, widened to a directory",
    name: url(a),
    reach: { prefix: "directory" },
    facts: { urls: "widened" },
    gives: { prefixes: [path("/b")] },
  },
  {
    id: "a URL, widened to a host",
    name: url(a),
    reach: { url: "exact", host: true },
    facts: { urls: "widened" },
    gives: { hosts: ["a.example"] },
  },
  {
    id: "a URL, widened to everything",
    name: url(a),
    reach: { url: "exact" },
    facts: { urls: "widened" },
    gives: everything,
  },
  {
    id: "the first page, widened",
    name: url("https://a.example/"),
    reach: whole,
    facts: { urls: "widened" },
    gives: { hosts: ["a.example"] },
  },
  {
    id: "a URL that has two spellings",
    name: url("https://a.example/x_%28y%29"),
    reach: whole,
    gives: { urls: ["https://a.example/x_%28y%29", "https://a.example/x_(y)"] },
  },
  {
    id: "a URL with escapes, which links may have in small letters",
    name: url("https://a.example/caf%C3%A9?q=%C3%A9"),
    reach: whole,
    gives: {
      urls: ["https://a.example/caf%C3%A9?q=%C3%A9", "https://a.example/caf%c3%a9?q=%c3%a9"],
    },
  },
  {
    id: "a prefix with escapes, which links may have in small letters",
    name: prefix("https://a.example/caf%C3%A9/"),
    reach: whole,
    gives: { prefixes: [path("/caf%C3%A9/"), path("/caf%c3%a9/")] },
  },
  {
    id: "a prefix of a host",
    name: prefix("https://a.example/b/c"),
    reach: whole,
    gives: { prefixes: [path("/b/c")] },
  },
  {
    id: "a prefix, cut to a directory",
    name: prefix("https://a.example/b/c"),
    reach: { prefix: "directory" },
    gives: { prefixes: [path("/b/")] },
  },
  {
    id: "a prefix in the first directory",
    name: prefix("https://a.example/b"),
    reach: { prefix: "directory", host: true },
    gives: { hosts: ["a.example"] },
  },
  {
    id: "a prefix, without prefixes",
    name: prefix("https://a.example/b"),
    reach: { url: "exact" },
    gives: everything,
  },
  {
    id: "a path on every host",
    name: prefix("/b/"),
    reach: whole,
    gives: { prefixes: [path("/b/", "")] },
  },
  {
    id: "a path on unknown hosts",
    name: prefix("/b/"),
    reach: { prefix: "text", host: true },
    gives: everything,
  },
  {
    id: "a path on the hosts of the site",
    name: prefix("/b/"),
    reach: { prefix: "text" },
    facts: { siteHosts: ["a.example", "b.example"] },
    gives: { prefixes: [path("/b/"), path("/b/", "b.example")] },
  },
  { id: "every path", name: prefix("/"), reach: whole, gives: everything },
  {
    id: "a URL under the names of the site",
    name: url(a),
    reach: whole,
    facts: { siteHosts: ["a.example"], hosts: ["www.example", "a.example"] },
    gives: { urls: ["https://www.example/b?c=1", a] },
  },
  {
    id: "a URL of a site that is not behind this cache",
    name: url(a),
    reach: whole,
    facts: { siteHosts: ["a.example", "b.example"], hosts: ["b.example"] },
    gives: {},
  },
  {
    id: "a URL of the first of several sites, which other hosts share",
    name: url(a),
    reach: whole,
    facts: {
      siteHosts: ["a.example", "b.example"],
      hosts: ["b.example", "a.example", "www.a.example"],
    },
    gives: { urls: [a, "https://www.a.example/b?c=1"] },
  },
  {
    id: "a URL of a site that the cache knows by a port",
    name: url("https://b.example/b?c=1"),
    reach: whole,
    facts: { siteHosts: ["a.example", "b.example"], hosts: ["b.example:8443", "a.example"] },
    gives: { urls: ["https://b.example:8443/b?c=1"] },
  },
  {
    id: "a URL under the name by which the cache in front requests it",
    name: url("https://origin.example/b?c=1"),
    reach: whole,
    facts: { hosts: ["a.example"] },
    gives: { urls: [a] },
  },
  {
    id: "a URL of one of the hosts of the cache",
    name: url(a),
    reach: whole,
    facts: { hosts: ["a.example", "b.example"] },
    gives: { urls: [a] },
  },
  {
    id: "a URL of a site that the cache knows by another name",
    name: url("https://b.example/b?c=1"),
    reach: whole,
    facts: { siteHosts: ["c.example", "b.example"], hosts: ["a.example"] },
    gives: { urls: [a] },
  },
];

it.each(rows)("$id", ({ name, reach, facts: more, gives }) => {
  const expected = "everything" in gives ? selectedEverything : { ...nothing, ...gives };
  expect(selectionOf([name], reach, { ...facts, ...more })).toEqual(expected);
});

describe("a selection", () => {
  it("has each item once", () => {
    const names = [
      url(a),
      url(a),
      prefix("/b/"),
      prefix("/b/"),
      { kind: "tag", tag: "t" },
    ] as const;
    expect(selectionOf([...names, { kind: "tag", tag: "t" }], whole, facts)).toEqual({
      ...nothing,
      urls: [a],
      prefixes: [path("/b/", "")],
      tags: ["t"],
    });
  });

  it("is everything if one name needs that", () => {
    const names = [url(a), { kind: "route", route: "r" }] as const;
    expect(selectionOf(names, whole, facts)).toEqual(selectedEverything);
  });
});

it("an entry's names omit data of the application, and unknown targets are everything", () => {
  const targets = {
    tags: [
      "tag:a:b",
      "url:https://a.example/",
      "url:tidemark-data:x",
      "group:https://a.example g",
      "zone:x",
    ],
    prefixes: ["/a/", "tidemark-data://x/"],
  };
  expect(namesIn({ targets })).toEqual([
    { kind: "tag", tag: "a:b" },
    { kind: "url", url: "https://a.example/" },
    { kind: "group", origin: "https://a.example", group: "g" },
    { kind: "everything" },
    { kind: "prefix", prefix: "/a/" },
  ]);
});

it.each(["b", "tag:b", "url:https:b"])("a release is everything: %s", (id) => {
  const names = namesIn({ targets: { tags: [...releaseTags(id)], prefixes: [] } });
  expect(new Set(names.map(({ kind }) => kind))).toEqual(new Set(["everything"]));
  expect(selectionOf(names, whole, facts)).toEqual(selectedEverything);
});

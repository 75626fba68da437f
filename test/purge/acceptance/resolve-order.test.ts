// The targets, the reading and the faults of an order. test/admin/purge-route.test.ts tests the HTTP
// answers.
import { expect, it } from "vitest";
import {
  type Reading,
  readOrder,
  resolvedOrder,
  type TargetNames,
} from "../../../src/purge/acceptance/resolve-order.ts";
import type { PurgeOrder } from "../../../src/protocol/purge-order.ts";

const site = "https://www.example.com";
const lower = (sent: string): Reading => ({ kind: "named", as: [sent.toLowerCase()] });

/** Lower-cases names. A URL with `!` has two names, and its note; no route has the name `other`. */
const naming: TargetNames = {
  route: (sent) =>
    sent === "other" ? { kind: "fault", why: "No such route.", hint: "Add it." } : lower(sent),
  url: (sent) =>
    sent.endsWith("!")
      ? { kind: "named", as: [sent, `${sent}2`], note: "It has two keys." }
      : lower(sent),
  prefix: lower,
  host: lower,
};

function resolved(order: PurgeOrder) {
  const read = resolvedOrder(order, naming);
  if ("fault" in read) throw new Error(read.fault.why);
  return read;
}

const faultOf = (order: PurgeOrder) => {
  const read = resolvedOrder(order, naming);
  return "fault" in read ? { why: read.fault.why, hint: read.fault.hint } : undefined;
};

it("resolves names of every kind, and counts each name once", () => {
  const read = resolved({
    tags: ["red", "red", " blue"],
    urls: [`${site}/a`],
    prefixes: ["/news/", "/NEWS/"],
    hosts: ["www.example.com"],
    routes: ["article"],
    everything: true,
    mode: "soft",
    reason: "edit",
    dryRun: true,
  });
  expect(read.targets).toEqual({
    tags: [
      "everything",
      "tag:red",
      "tag: blue",
      "tag:blue",
      `url:${site}/a`,
      "host:www.example.com",
      "route:article",
    ],
    prefixes: ["/news/"],
  });
  const counts = { tags: 2, urls: 1, prefixes: 1, hosts: 1, routes: 1, everything: true };
  expect(read.reading.counts).toEqual(counts);
  expect([read.mode, read.reason, read.isDryRun]).toEqual(["soft", "edit", true]);
});

it("is hard, covers only what it names, and has no reason, unless it says otherwise", () => {
  const none = { urls: 0, prefixes: 0, hosts: 0, routes: 0, everything: false };
  expect(resolved({ tags: ["red"] })).toEqual({
    targets: { tags: ["tag:red"], prefixes: [] },
    reading: { counts: { tags: 1, ...none }, readAs: [], notes: [], leftOutCount: 0 },
    mode: "hard",
    reason: "",
    refresh: [],
    isDryRun: false,
  });
});

it("reads the text of a request", () => {
  const text = JSON.stringify({ everything: true });
  expect(readOrder(text, naming)).toMatchObject({ targets: { tags: ["everything"] } });
  expect(readOrder("tags=red", naming)).toMatchObject({ fault: { why: "The body is not JSON." } });
});

it.each([
  String.raw`{ "tags": ["a", "tags"], "reason": "{", "\u0074ags": ["b"] }`,
  `{"urls":[],"tags":["a"],"tags":["a"]}`,
])("refuses a repeated member, whose names would be lost (RFC 8259 §4): %s", (text) => {
  const fault = { why: 'The body has "tags" twice.', hint: "Write each field once." };
  expect(readOrder(text, naming)).toEqual({ fault });
});

it.each<{ id: string; order: PurgeOrder; readAs: object[] }>([
  { id: "the same name", order: { urls: [`${site}/a`] }, readAs: [] },
  {
    id: "another spelling",
    order: { urls: [`${site}/A`], prefixes: ["/news/"], hosts: ["WWW.example.com"] },
    readAs: [
      { sent: `${site}/A`, as: [`${site}/a`] },
      { sent: "WWW.example.com", as: ["www.example.com"] },
    ],
  },
  {
    id: "a further name",
    order: { urls: [`${site}/!`] },
    readAs: [{ sent: `${site}/!`, as: [`${site}/!`, `${site}/!2`] }],
  },
])("tells the sender under which other names it was read: $id", ({ order, readAs }) => {
  expect(resolved(order).reading.readAs).toMatchObject(readAs);
  expect(resolved(order).reading.readAs).toHaveLength(readAs.length);
});

it.each<{ id: string; order: PurgeOrder; notes: string[] }>([
  {
    id: "a list in one text",
    order: { tags: ["red, blue"] },
    notes: ['"red, blue" was read as one tag. Send several tags as an array.'],
  },
  {
    id: "a pattern",
    order: { tags: ["article:*"] },
    notes: ['"article:*" was read literally: a star in a tag is not a pattern.'],
  },
  { id: "a comma", order: { tags: ["a,b"] }, notes: [] },
  { id: "a comma, and white space around", order: { tags: [" a,b "] }, notes: [] },
  { id: "white space", order: { tags: ["a b"] }, notes: [] },
  {
    id: "the same note twice",
    order: { urls: [`${site}/!`, `${site}/b`, `${site}/c!`] },
    notes: ["It has two keys."],
  },
])("notes names that may not do what the sender expects: $id", ({ order, notes }) => {
  expect(resolved(order).reading.notes).toEqual(notes);
});

const longTag = {
  why: "A tag is over 256 bytes.",
  hint: "Shorten it at the origin as well. Purge stored responses by URL or prefix.",
};
const longTarget = {
  why: "A URL, prefix or host is over 4096 bytes.",
  hint: "Purge a shorter prefix of it.",
};
const nothing = {
  why: "It names nothing to purge.",
  hint: 'Name something in tags, urls, prefixes, hosts or routes, or write "everything": true.',
};
/** Returns a prefix whose JSON text has this many bytes. */
const prefixOf = (bytes: number) => `/${"é".repeat(10)}${"a".repeat(bytes - 23)}`;

it.each<{ id: string; order: PurgeOrder; fault: object | undefined }>([
  { id: "nothing", order: { tags: [], reason: "edit" }, fault: nothing },
  { id: "everything", order: { everything: true }, fault: undefined },
  { id: "not everything", order: { everything: false }, fault: nothing },
  { id: "a tag at the limit", order: { tags: ["é".repeat(128)] }, fault: undefined },
  { id: "a tag over it", order: { tags: [`${"é".repeat(128)}a`] }, fault: longTag },
  { id: "a prefix at the limit", order: { prefixes: [prefixOf(4_096)] }, fault: undefined },
  { id: "a prefix over it", order: { prefixes: [prefixOf(4_097)] }, fault: longTarget },
  { id: "a long URL", order: { urls: [`${site}/${"a".repeat(4_096)}`] }, fault: longTarget },
  {
    id: "an unknown route",
    order: { routes: ["other"] },
    fault: { why: "No such route.", hint: "Add it." },
  },
  {
    id: "several invalid names",
    order: { tags: [""], routes: ["other"] },
    fault: { why: "A name is empty.", hint: "Leave it out." },
  },
])("refuses an order that cannot work: $id", ({ order, fault }) => {
  expect(faultOf(order)).toEqual(fault);
});

it.each<{ id: string; order: PurgeOrder; note: string }>([
  { id: "a long tag", order: { tags: ["é".repeat(129)] }, note: "A tag is over 256 bytes." },
  { id: "an empty tag", order: { tags: [" "] }, note: "A name is empty. Leave it out." },
  { id: "a long URL", order: { urls: [`${site}/${"a".repeat(4_096)}`] }, note: longTarget.why },
  { id: "a long prefix", order: { prefixes: [prefixOf(4_097)] }, note: longTarget.why },
  { id: "a long host", order: { hosts: ["a".repeat(4_097)] }, note: longTarget.why },
  { id: "an unknown route", order: { routes: ["other"] }, note: "No such route. Add it." },
])("leaves out $id, notes it, and purges the other names", ({ order, note }) => {
  const others = { tags: ["red", "blue"], urls: [`${site}/a`], prefixes: ["/news/"] };
  const kinds = ["tags", "urls", "prefixes", "hosts", "routes"] as const;
  const all = kinds.map((kind) => [
    kind,
    [...(order[kind] ?? []), ...(others[kind as "tags"] ?? [])],
  ]);
  const { targets, reading } = resolved(Object.fromEntries(all));
  expect(targets).toEqual(resolved(others).targets);
  expect(reading.notes).toEqual([expect.stringContaining(`Not purged: ${note}`)]);
  expect(reading.leftOutCount).toBe(1);
});

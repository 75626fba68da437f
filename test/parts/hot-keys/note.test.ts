// Tests notes about hot keys, which isolates share through Redis. An isolate follows a note with a
// request of its own. Redis is not trusted: a note must have the right form, and its request must
// be one that any client could send.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import { askedAgain, type HotKeyNote, readNote } from "../../../src/parts/hot-keys/note.ts";
import { encodeNotes, notesIn } from "../../../src/parts/hot-keys/stream.ts";
import { listsIn } from "../../../src/parts/operate/reports/redis-lists.ts";
import { Loops } from "../../../src/routing/loops.ts";
import { compileRoutes } from "../../../src/routing/routes.ts";
import { sentUrl } from "../../../src/routing/target.ts";
import { compileUrlReader } from "../../../src/routing/url-reader.ts";
import "../../../testing/fakes/workers-globals.ts";
import { NameSecret } from "../../../src/cache/record/record-key.ts";

const nameSecret = new NameSecret("site", "a text that no client knows");

const config = defineConfig({
  routes: [
    { name: "own", match: "/own/*", bypass: true },
    { name: "json", match: "/feed", when: { header: { accept: ["application/json"] } } },
    { name: "near", match: "/near/*", tiers: ["memory", "edge"] },
    {
      name: "keyed",
      match: "/keyed/*",
      key: { headers: ["cf-ipcountry", "x-real-ip"], cookies: ["currency"] },
      cookies: { ignore: ["seen"] },
      query: { allow: ["page"] },
    },
  ],
});
const siteHosts = ["www.example.com", "shop.example.com"];
const readUrl = compileUrlReader({
  config,
  nameSecret,
  matchRoute: compileRoutes(config),
  siteHosts,
});
const loops = new Loops({ pseudonym: () => "tidemark", nowAtMs: () => 0, log: () => undefined });
const site = { config, readUrl, siteHosts, loops };
const exchange = { site, address: undefined };

const note: HotKeyNote = {
  url: "https://www.example.com/a?b=1",
  fields: [],
  expiresAtMs: 1_893_500_000_000,
  count: 4,
};
const keyed = { ...note, url: "https://www.example.com/keyed/a" };

describe("a valid note", () => {
  const forbidden: HotKeyNote["fields"] = [
    ["x-original-url", "/admin"],
    ["x-method-override", "PUT"],
  ];

  it.each<[id: string, changes: Partial<HotKeyNote>, sends: Record<string, string | null>]>([
    ["plain", {}, { "x-forwarded-for": null, cookie: null }],
    ["plain HTTP", { url: "http://www.example.com/" }, {}],
    ["in the client's spelling", { url: "https://www.example.com/%61?c=%2d&&b=1" }, {}],
    [
      "with its selecting fields",
      { fields: [["accept-language", "de"]] },
      { "accept-language": "de", "x-forwarded-host": "www.example.com" },
    ],
    [
      "with the key of its route",
      { url: keyed.url, fields: [["cf-ipcountry", "DE"]] },
      { "cf-ipcountry": "DE", cookie: null },
    ],
    [
      "without fields that no client may send to the origin",
      { fields: forbidden },
      { "x-original-url": null, "x-method-override": null },
    ],
  ])("is followed: %s", (_id, changes, sends) => {
    const written = { ...note, ...changes };
    expect(readNote(written)).toEqual(written);
    const request = askedAgain(written, exchange);
    const headers = request?.forwarded.toHeaders([]);
    expect([request?.method, request && sentUrl(request.target)]).toEqual(["GET", written.url]);
    expect(request?.hasUnknownCookie).toBe(false);
    const sent = Object.keys(sends).map((name) => [name, headers?.get(name)]);
    expect(Object.fromEntries(sent)).toEqual(sends);
  });

  it("is followed for the route whose condition its fields meet", () => {
    const url = "https://www.example.com/feed";
    const fields = [["accept", "application/json"] as [string, string]];
    expect(askedAgain({ ...note, url, fields }, exchange)?.route.name).toBe("json");
    expect(askedAgain({ ...note, url, fields: [] }, exchange)?.route.name).not.toBe("json");
  });

  it("is followed for another host of the site", () => {
    const ofSecond = askedAgain({ ...note, url: "https://shop.example.com/" }, exchange);
    expect(ofSecond?.url).toBe("https://shop.example.com/");
  });
});

describe("a note whose request is not allowed", () => {
  it.each([
    ["another host", "https://evil.example/a"],
    ["another port", "https://www.example.com:8443/a"],
    ["the site's host in other letters", "https://WWW.example.com/a"],
    ["a user before the host", "https://www.example.com@evil.example/a"],
    ["a password", "https://u:p@www.example.com/a"],
    ["another scheme", "ftp://www.example.com/a"],
    ["no URL", "/a"],
    ["nothing", ""],
    ["a fragment", "https://www.example.com/a#b"],
    ["reserved", "https://www.example.com/_cache/stats"],
    ["reserved, encoded", "https://www.example.com/%5Fcache/stats"],
    ["reserved, after two slashes", "https://www.example.com//_cache/stats"],
    ["reserved, by dots", "https://www.example.com/a/../_cache/stats"],
    ["reserved, by backslash", "https://www.example.com\\_cache\\stats"],
    ["an ambiguous path", "https://www.example.com/a%2f..%2fb"],
    ["a tracking parameter", "https://www.example.com/a?utm_id=1"],
    ["a parameter that its route ignores", `${keyed.url}?q=1`],
    ["a route that bypasses the cache", "https://www.example.com/own/a"],
    ["a route without the shared tier", "https://www.example.com/near/a"],
  ])("is not followed because of its URL: %s", (_id, url) => {
    expect(askedAgain({ ...note, url }, exchange)).toBeUndefined();
  });

  it.each([
    ["authorization", "Bearer x", note],
    ["proxy-authorization", "Basic x", note],
    ["cookie", "session=ada", note],
    ["cf-connecting-ip", "127.0.0.1", note],
    ["x-forwarded-for", "127.0.0.1", note],
    // Rejected even though the route's key contains the field.
    ["x-real-ip", "127.0.0.1", keyed],
    ["cf-ipcountry", "DE", note],
    ["if-match", '"1"', note],
    ["upgrade", "websocket", note],
    ["accept", "text/event-stream", note],
    ["x-plan", "ü€", note],
  ])("is not followed because of a field: %s: %s", (name, value, from) => {
    expect(askedAgain({ ...from, fields: [[name, value]] }, exchange)).toBeUndefined();
  });

  it("is not followed if the site has no configured host", () => {
    expect(askedAgain(note, { ...exchange, site: { ...site, siteHosts: [] } })).toBeUndefined();
  });
});

describe("a malformed note in an entry of the stream", () => {
  const long = "x".repeat(1_025);
  const many = Array.from({ length: 17 }, () => ["a", "b"]);

  it.each<[id: string, changes: object | null | string]>([
    ["null", null],
    ["a text", "https://www.example.com/"],
    ["no URL", { url: undefined }],
    ["a long URL", { url: `https://www.example.com/${"x".repeat(2_048)}` }],
    ["many fields", { fields: many }],
    ["half a field", { fields: [["a"]] }],
    ["a field without a value", { fields: [["a", null]] }],
    ["an invalid name", { fields: [["a b", "c"]] }],
    ["a name in capitals", { fields: [["Cookie", "c"]] }],
    ["two lines in one", { fields: [["a", "b\r\ncookie: s=1"]] }],
    ["a long value", { fields: [["a", long]] }],
    ["no expiry", { expiresAtMs: "soon" }],
    ["no count", { count: 0 }],
    ["half a count", { count: 1.5 }],
    ["too large a count", { count: 1_000_001 }],
  ])("is ignored, and the next note is read: %s", (_id, changes) => {
    const written = typeof changes === "object" && changes ? { ...note, ...changes } : changes;
    const reply = [["1-0", ["v", "1", "top", JSON.stringify([written, note])]]];
    expect(listsIn(reply).flatMap(notesIn)).toEqual([note]);
  });
});

describe("an entry of the stream", () => {
  const top = JSON.stringify([note]);

  it.each([
    { id: "no list", reply: "OK" },
    { id: "null", reply: null },
    { id: "an entry without fields", reply: ["1-0"] },
    { id: "fields as an object", reply: [["1-0", { v: "1", top }]] },
    { id: "another version", reply: [["1-0", ["v", "2", "top", top]]] },
    { id: "other names", reply: [["1-0", ["v", "1", "tip", top]]] },
    { id: "no JSON", reply: [["1-0", ["v", "1", "top", "[{"]]] },
    { id: "no list in it", reply: [["1-0", ["v", "1", "top", JSON.stringify(note)]]] },
    { id: "too long", reply: [["1-0", ["v", "1", "top", top.padEnd(8_193)]]] },
  ])("is ignored if it is malformed: $id", ({ reply }) => {
    expect(listsIn(reply).flatMap(notesIn)).toEqual([]);
  });

  it("yields at most 16 notes", () => {
    const many = JSON.stringify(Array.from({ length: 17 }, () => note));
    expect(notesIn(many)).toHaveLength(16);
  });
});

it("reads the notes that it has encoded", () => {
  const notes = [note, { ...keyed, fields: [["accept-language", "dé"]] }];
  const top = encodeNotes(notes as HotKeyNote[]);
  expect(notesIn(top)).toEqual(notes);
});

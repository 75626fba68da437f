// Notes come from Redis, that is, from outside: what has another form is passed over, and what is
// followed goes through the same plan as any client's request.
import { describe, expect, it } from "vitest";
import { defineConfig } from "../../../src/config/config.ts";
import { askedAgain, type HotKeyNote, readNote } from "../../../src/proxy/site/hot-key-note.ts";
import { encodeNotes, notesIn } from "../../../src/proxy/site/hot-key-stream.ts";
import { Loops } from "../../../src/proxy/request/loops.ts";
import { compileRoutes } from "../../../src/proxy/request/routes.ts";
import { compileUrlReader } from "../../../src/proxy/request/url-reader.ts";
import "../../../testing/fakes/workers-globals.ts";

const config = defineConfig({
  routes: [
    { name: "own", match: "/own/*", bypass: true },
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
const readUrl = compileUrlReader({ config, matchRoute: compileRoutes(config), siteHosts });
const loops = new Loops({ pseudonym: "tidemark", nowAtMs: () => 0, log: () => undefined });
const site = { config, readUrl, siteHosts, loops };
const exchange = { site, address: undefined };

const note: HotKeyNote = {
  url: "https://www.example.com/a?b=1",
  fields: [],
  cookie: "",
  expiresAtMs: 1_893_500_000_000,
  count: 4,
};
const keyed = { ...note, url: "https://www.example.com/keyed/a" };

describe("a note is followed", () => {
  const rows: { id: string; written: HotKeyNote; sends: Record<string, string | null> }[] = [
    { id: "plain", written: note, sends: { "x-forwarded-for": null, cookie: null } },
    { id: "plain HTTP", written: { ...note, url: "http://www.example.com/" }, sends: {} },
    {
      id: "with what it is selected by",
      written: { ...note, fields: [["accept-language", "de"]] },
      sends: { "accept-language": "de", "x-forwarded-host": "www.example.com" },
    },
    {
      id: "with what its route keys by",
      written: { ...keyed, fields: [["cf-ipcountry", "DE"]], cookie: "currency=EUR" },
      sends: { "cf-ipcountry": "DE", cookie: "currency=EUR" },
    },
    {
      id: "without what no client may tell the origin",
      written: {
        ...note,
        fields: [
          ["x-original-url", "/admin"],
          ["x-method-override", "PUT"],
        ],
      },
      sends: { "x-original-url": null, "x-method-override": null },
    },
  ];

  it.each(rows)("$id", ({ written, sends }) => {
    expect(readNote(written)).toEqual(written);
    const lookup = askedAgain(written, exchange);
    const headers = lookup?.forwarded.toHeaders([]);
    expect([lookup?.method, lookup?.url]).toEqual(["GET", written.url]);
    expect(lookup?.hasUnknownCookie).toBe(false);
    const sent = Object.keys(sends).map((name) => [name, headers?.get(name)]);
    expect(Object.fromEntries(sent)).toEqual(sends);
  });
});

describe("a note is not followed", () => {
  const at = (url: string) => ({ ...note, url });
  const field = (name: string, value = "x"): HotKeyNote => ({ ...note, fields: [[name, value]] });

  it.each<{ id: string; written: HotKeyNote }>([
    { id: "another host", written: at("https://evil.example/a") },
    { id: "another port", written: at("https://www.example.com:8443/a") },
    { id: "the site's host in other letters", written: at("https://WWW.example.com/a") },
    { id: "a user before the host", written: at("https://www.example.com@evil.example/a") },
    { id: "a password", written: at("https://u:p@www.example.com/a") },
    { id: "another scheme", written: at("ftp://www.example.com/a") },
    { id: "no URL", written: at("/a") },
    { id: "nothing", written: at("") },
    { id: "a fragment", written: at("https://www.example.com/a#b") },
    { id: "ours", written: at("https://www.example.com/_cache/stats") },
    { id: "ours, encoded", written: at("https://www.example.com/%5Fcache/stats") },
    { id: "ours, after two slashes", written: at("https://www.example.com//_cache/stats") },
    { id: "ours, by dots", written: at("https://www.example.com/a/../_cache/stats") },
    { id: "ours, by backslash", written: at("https://www.example.com\\_cache\\stats") },
    { id: "a path that is read in two ways", written: at("https://www.example.com/a%2f..%2fb") },
    { id: "a URL that is not as it is keyed", written: at("https://www.example.com/a?c=1&b=2") },
    { id: "with a tracking parameter", written: at("https://www.example.com/a?utm_id=1") },
    { id: "with a parameter that does not count", written: { ...keyed, url: `${keyed.url}?q=1` } },
    { id: "a route that is passed by", written: at("https://www.example.com/own/a") },
    { id: "a route without the shared tier", written: at("https://www.example.com/near/a") },
    { id: "somebody's rights", written: field("authorization", "Bearer x") },
    { id: "a proxy's rights", written: field("proxy-authorization", "Basic x") },
    { id: "a session among the fields", written: field("cookie", "session=ada") },
    { id: "a session", written: { ...note, cookie: "session=ada" } },
    { id: "a session beside what is keyed", written: { ...keyed, cookie: "currency=EUR; s=1" } },
    { id: "a cookie that is ignored", written: { ...keyed, cookie: "seen=1" } },
    { id: "an address", written: field("cf-connecting-ip", "127.0.0.1") },
    { id: "an address behind a proxy", written: field("x-forwarded-for", "127.0.0.1") },
    {
      id: "an address, though the route keys by it",
      written: { ...keyed, fields: [["x-real-ip", "127.0.0.1"]] },
    },
    { id: "the platform's word, unasked", written: field("cf-ipcountry", "DE") },
    { id: "a precondition", written: field("if-match", '"1"') },
    { id: "an upgrade", written: field("upgrade", "websocket") },
    { id: "an event stream", written: field("accept", "text/event-stream") },
    { id: "a value that no field can have", written: field("x-plan", "ü€") },
  ])("$id", ({ written }) => {
    expect(askedAgain(written, exchange)).toBeUndefined();
  });

  it("unless its host is one of the sites'", () => {
    const ofSecond = askedAgain({ ...note, url: "https://shop.example.com/" }, exchange);
    expect(ofSecond?.url).toBe("https://shop.example.com/");
  });

  it("where the site has no host of its own", () => {
    expect(askedAgain(note, { ...exchange, site: { ...site, siteHosts: [] } })).toBeUndefined();
  });
});

describe("a note is passed over", () => {
  const long = "x".repeat(1_025);

  it.each([
    { id: "null", written: null },
    { id: "a text", written: "https://www.example.com/" },
    { id: "no URL", written: { ...note, url: undefined } },
    { id: "a long URL", written: { ...note, url: `https://www.example.com/${"x".repeat(2_048)}` } },
    {
      id: "many fields",
      written: { ...note, fields: Array.from({ length: 17 }, () => ["a", "b"]) },
    },
    { id: "half a field", written: { ...note, fields: [["a"]] } },
    { id: "a field without a value", written: { ...note, fields: [["a", null]] } },
    { id: "a name that no field can have", written: { ...note, fields: [["a b", "c"]] } },
    { id: "a name in capitals", written: { ...note, fields: [["Cookie", "c"]] } },
    { id: "two lines in one", written: { ...note, fields: [["a", "b\r\ncookie: s=1"]] } },
    { id: "a long value", written: { ...note, fields: [["a", long]] } },
    { id: "a long cookie", written: { ...note, cookie: long } },
    { id: "no cookie", written: { ...note, cookie: undefined } },
    { id: "no expiry", written: { ...note, expiresAtMs: "soon" } },
    { id: "no count", written: { ...note, count: 0 } },
    { id: "half a count", written: { ...note, count: 1.5 } },
    { id: "a count past belief", written: { ...note, count: 1_000_001 } },
  ])("$id", ({ written }) => {
    const reply = [["1-0", ["v", "1", "top", JSON.stringify([written, note])]]];
    expect(notesIn(reply)).toEqual([note]);
  });
});

describe("an entry of the stream is passed over", () => {
  const top = JSON.stringify([note]);

  it.each([
    { id: "no list", reply: "OK" },
    { id: "null", reply: null },
    { id: "an entry of no form", reply: ["1-0"] },
    { id: "fields of no form", reply: [["1-0", { v: "1", top }]] },
    { id: "another version", reply: [["1-0", ["v", "2", "top", top]]] },
    { id: "other names", reply: [["1-0", ["v", "1", "tip", top]]] },
    { id: "no JSON", reply: [["1-0", ["v", "1", "top", "[{"]]] },
    { id: "no list in it", reply: [["1-0", ["v", "1", "top", JSON.stringify(note)]]] },
    { id: "too long", reply: [["1-0", ["v", "1", "top", top.padEnd(8_193)]]] },
  ])("$id", ({ reply }) => {
    expect(notesIn(reply)).toEqual([]);
  });

  it("and of a good one no more than an isolate may tell", () => {
    const many = JSON.stringify(Array.from({ length: 17 }, () => note));
    expect(notesIn([["1-0", ["v", "1", "top", many]]])).toHaveLength(16);
  });
});

it("what is told comes back as it was", () => {
  const notes = [note, { ...keyed, fields: [["accept-language", "dé"]], cookie: "currency=€" }];
  const top = encodeNotes(notes as HotKeyNote[]);
  expect(notesIn([["1-0", ["v", "1", "top", top]]])).toEqual(notes);
});

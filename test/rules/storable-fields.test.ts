// Tests which fields of a response are not stored, with one row for each (RFC 9111 §3.1, §5.2.2.4,
// §5.2.2.7; RFC 9110 §7.6.1).
import { describe, expect, it } from "vitest";
import { responseDirectives } from "../../src/rules/cache-control.ts";
import {
  connectionFields,
  endToEndFields,
  qualifiedFieldNames,
  withoutQualified,
} from "../../src/rules/storable.ts";
import { fieldsWith } from "../../testing/examples/header-text.ts";

const namesKept = (fields: Record<string, string>, cacheControl = "") =>
  withoutQualified(
    endToEndFields(new Headers(fields)),
    responseDirectives(fieldsWith({ "cache-control": cacheControl })),
  ).map(([name]) => name);

describe("storing", () => {
  const ofTheHop =
    "Connection HTTP2-Settings Keep-Alive Proxy-Connection TE Transfer-Encoding Upgrade Trailer Proxy-Authenticate " +
    "Proxy-Authentication-Info Proxy-Authorization";

  it.each(ofTheHop.split(" "))("leaves out %s (§3.1)", (name) => {
    expect(namesKept({ [name]: "x", etag: '"a"' })).toEqual(["etag"]);
  });

  it.each([
    ["nominated", "RFC 9110 §7.6.1", "X-Hop", ["x-other"]],
    ["nominated-in-list", "RFC 9110 §7.6.1", "close, x-hop", ["x-other"]],
    ["nominated-with-empty-members", "RFC 9110 §5.6.1", ", ,X-HOP\t,", ["x-other"]],
    ["both-nominated", "RFC 9110 §7.6.1", "x-hop,x-other", []],
    ["part-of-a-name", "RFC 9110 §7.6.1", "x-ho", ["x-hop", "x-other"]],
  ])("leaves out fields that Connection names: %s (%s)", (_id, _clause, connection, kept) => {
    expect(namesKept({ connection, "X-Hop": "1", "X-Other": "2" })).toEqual(kept);
  });

  it.each([
    ["private", "§5.2.2.7", 'private="X-User, b"', ["a"]],
    ["no-cache", "§5.2.2.4", 'no-cache="a"', ["b", "x-user"]],
    ["both", "§5.2.2.4", 'no-cache="a", private=b', ["x-user"]],
    ["unqualified", "§5.2.2.4", "no-cache", ["a", "b", "x-user"]],
    ["unknown-name", "§5.2.2.7", 'private="z"', ["a", "b", "x-user"]],
  ])("leaves out fields of qualified directives: %s (%s)", (_id, _clause, cacheControl, kept) => {
    expect(namesKept({ a: "1", b: "2", "X-User": "3" }, cacheControl)).toEqual(kept);
  });

  const forEveryone =
    "Access-Control-Allow-Origin Age Authorization Cache-Control CDN-Cache-Control Content-Encoding Content-Type " +
    "Cookie Date ETag Expires Last-Modified Location No-Vary-Search Set-Cookie Surrogate-Control Vary";

  it.each(forEveryone.split(" "))("keeps %s if Connection names it (RFC 9110 §7.6.1)", (name) => {
    const fields = { connection: `close, ${name}`, [name]: "x" };
    expect(namesKept(fields)).toEqual([name.toLowerCase()]);
  });

  it("keeps all lines of unknown fields (§3.1)", () => {
    const lines: [string, string][] = [
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
      ["X-Unknown", "é"],
    ];
    expect(endToEndFields(new Headers(lines))).toEqual([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
      ["x-unknown", "é"],
    ]);
  });
});

const ofEachHop = [
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

it.each<[id: string, clause: string, fields: Record<string, string>, more: readonly string[]]>([
  ["none", "RFC 9110 §7.6.1", {}, []],
  ["nominated", "RFC 9110 §7.6.1", { connection: "Close, X-A" }, ["close", "x-a"]],
  ["chunked", "RFC 9112 §6.3", { "transfer-encoding": "chunked" }, ["content-length"]],
  [
    "beyond-4096-characters",
    "RFC 9110 §7.6.1",
    { connection: `${"a,".repeat(2_048)}x-a` },
    ["a", ""],
  ],
])("connectionFields has these names: %s (%s)", (_id, _clause, fields, more) => {
  expect(connectionFields(new Headers(fields))).toEqual(new Set([...ofEachHop, ...more]));
});

it.each([
  ["none", "max-age=1", []],
  ["unqualified", "no-cache, private", []],
  ["private", 'private="X-A", no-cache', ["x-a"]],
  ["no-cache", 'no-cache="x-a, x-b"', ["x-a", "x-b"]],
  ["both", 'no-cache="x-a", private="x-b, x-a"', ["x-a", "x-b"]],
  ["beside an essential field", 'no-cache="x-a, etag", private="x-b"', ["x-b"]],
  ["directives", 'private="cache-control, cdn-cache-control, surrogate-control, a"', ["a"]],
  [
    "deciding",
    'private="age, vary, x-a", no-cache="date, expires, set-cookie"',
    ["set-cookie", "x-a"],
  ],
])("qualifiedFieldNames has these names: %s (§5.2.2.4, §5.2.2.7)", (_id, text, names) => {
  const directives = responseDirectives(fieldsWith({ "cache-control": text }));
  expect([...qualifiedFieldNames(directives)].sort()).toEqual(names);
});

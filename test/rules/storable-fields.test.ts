// Tests which fields of a response are not stored, with one row for each (RFC 9111 §3.1, §5.2.2.4,
// §5.2.2.7; RFC 9110 §7.6.1).
import { describe, expect, it } from "vitest";
import { responseDirectives } from "../../src/rules/cache-control.ts";
import { connectionFields, storableFields } from "../../src/rules/storable-fields.ts";
import { fieldsWith } from "../../testing/examples/header-text.ts";

const namesKept = (fields: Record<string, string>, cacheControl = "") =>
  storableFields(
    new Headers(fields),
    responseDirectives(fieldsWith({ "cache-control": cacheControl })),
  ).map(([name]) => name);

describe("storableFields", () => {
  const ofTheHop =
    "Connection Keep-Alive Proxy-Connection TE Transfer-Encoding Upgrade Trailer Proxy-Authenticate " +
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

  it("keeps all lines of unknown fields (§3.1)", () => {
    const lines: [string, string][] = [
      ["Set-Cookie", "a=1"],
      ["Set-Cookie", "b=2"],
      ["X-Unknown", "é"],
    ];
    const directives = responseDirectives(fieldsWith({}));
    expect(storableFields(new Headers(lines), directives)).toEqual([
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
      ["x-unknown", "é"],
    ]);
  });
});

it("returns the names of Connection's fields in lower case (RFC 9110 §7.6.1)", () => {
  const names = connectionFields(new Headers({ connection: "Close, X-A" }));
  const asked = ["close", "x-a", "transfer-encoding", "etag"];
  expect(asked.filter((name) => names.has(name))).toEqual(["close", "x-a", "transfer-encoding"]);
});

// Tests how a URL becomes a normalised target: scheme, host, path and query. Also tests which paths
// are ambiguous, because two servers may read them differently.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyedQuery, namedUrl, pathAndQuery, readTarget } from "../../src/routing/target.ts";

const site = "https://www.example.com";
const at = (path: string) => readTarget(site + path);

describe("readTarget", () => {
  it.each<{ id: string; path: string; named?: string; sent?: string }>([
    { id: "plain", path: "/a/b" },
    { id: "empty", path: "", sent: "/", named: "/" },
    { id: "unreserved-escape", path: "/%7Euser/%41", named: "/~user/A" },
    { id: "escape-in-capitals", path: "/caf%c3%a9", named: "/caf%C3%A9" },
    { id: "reserved-escape-stays", path: "/a%3Fb" },
    { id: "escaped-percent-stays", path: "/a%2541" },
    { id: "query", path: "/a?x=1&y=2" },
    { id: "query-escapes", path: "/a?%78=%7e%2f", named: "/a?x=~%2F" },
    { id: "query-order", path: "/a?b=2&a=1&b=1", named: "/a?a=1&b=2&b=1" },
    { id: "order-of-escaped-names", path: "/a?%62=2&a=1", named: "/a?a=1&b=2" },
    { id: "capitals-first", path: "/a?a=1&A=1", named: "/a?A=1&a=1" },
    { id: "empty-pairs", path: "/a?&&a=1&", named: "/a?a=1" },
    { id: "only-empty-pairs", path: "/a?&", named: "/a" },
    { id: "nameless", path: "/a?=1&a" },
    { id: "empty-query", path: "/a?", sent: "/a", named: "/a" },
    { id: "second-question-mark", path: "/a?b?c" },
    { id: "fragment", path: "/a?b#c", sent: "/a?b", named: "/a?b" },
    { id: "case-of-path", path: "/A" },
    { id: "two-slashes", path: "//a//b" },
  ])(
    "keeps the spelling, and normalises the named URL: $id (RFC 3986 §6.2.2)",
    ({ path, sent = path, named = path }) => {
      const target = at(path);
      expect([pathAndQuery(target), namedUrl(target)]).toEqual([sent, site + named]);
    },
  );

  it.each([
    { id: "host-in-small-letters", url: "https://WWW.Example.COM/", host: "www.example.com" },
    { id: "port", url: "http://a.example:8787/x", host: "a.example:8787" },
    { id: "ipv6", url: "http://[::1]:8787/", host: "[::1]:8787" },
  ])("normalises the host: $id", ({ url, host }) => {
    expect(readTarget(url).host).toBe(host);
  });

  it("replaces another host by the site's host, and keeps it as ownHost", () => {
    const { host, ownHost } = readTarget("https://B.example/", ["a.example"]);
    expect({ host, ownHost }).toEqual({ host: "a.example", ownHost: "b.example" });
  });

  it.each([
    { id: "the-first", url: "https://A.example/", counts: "a.example" },
    { id: "another", url: "https://b.example./", counts: "b.example" },
    { id: "at-any-port", url: "http://b.example:8787/", counts: "b.example" },
    { id: "usual-port", url: "https://b.example:443/", counts: "b.example" },
    { id: "port-that-is-listed", url: "http://c.example:8787/", counts: "c.example:8787" },
    { id: "port-that-is-not", url: "http://c.example:8788/", counts: "a.example" },
    { id: "below", url: "https://x.b.example/", counts: "a.example" },
    { id: "unknown", url: "https://d.example/", counts: "a.example" },
  ])("keeps a listed host, and replaces any other by the first: $id", ({ url, counts }) => {
    const siteHosts = ["a.example", "b.example", "c.example:8787"];
    expect(readTarget(url, siteHosts).host).toBe(counts);
  });

  it.each([
    ["HTTPS://a.example/", "https"],
    ["http://a.example/", "http"],
  ])("reads from %s the scheme %s", (url, scheme) => {
    expect(readTarget(url).scheme).toBe(scheme);
  });
});

describe("paths with control characters or escapes", () => {
  it.each([
    ..."/a%2fb /a%2Fb /a%5cb /a%00b /a%0ab /a%1Fb /a%7fb /a%b /a%zzb /a%".split(" "),
    "/a\u0001b",
    "/a\u007fb",
  ])("are ambiguous: %j", (path) => expect(at(path).isAmbiguous).toBe(true));

  it.each(
    "/a/b /a.b/..c/d../.well-known/x /a/.../b /a%20b /%7Ea /caf%C3%A9 /a?b=%2F..%2F /-_~!$&'()*+,;=:@".split(
      " ",
    ),
  )("are not ambiguous: %s", (path) => expect(at(path).isAmbiguous).toBe(false));
});

describe("dot segments and backslashes", () => {
  it.each([
    { id: "dot", path: "/a/./b", read: "/a/b" },
    { id: "double-dot", path: "/assets/../private/dump.sql", read: "/private/dump.sql" },
    { id: "encoded", path: "/assets/%2e%2e/private", read: "/private" },
    { id: "half-encoded", path: "/assets/.%2E/private", read: "/private" },
    { id: "nested", path: "/a/b/../../c/./%2e/d", read: "/c/d" },
    { id: "above-the-root", path: "/../../a", read: "/a" },
    { id: "at-the-end", path: "/a/b/..", read: "/a/" },
    { id: "alone", path: "/.", read: "/" },
    { id: "over-an-empty-segment", path: "/a//../b", read: "/a/b" },
    { id: "before-an-empty-segment", path: "/a/..//b", read: "//b" },
    { id: "backslashes", path: "/assets\\..\\private", read: "/private" },
    { id: "backslash", path: "/a\\b", read: "/a/b" },
    { id: "tab-within", path: "/a/.\t./b", read: "/b" },
    { id: "before-a-query", path: "/a/..?x=/../", read: "/?x=/../" },
    { id: "after-a-fragment", path: "/a#/../b", read: "/a" },
    { id: "encoded-dot-in-a-name", path: "/a%2Ehtml", read: "/a%2Ehtml" },
    { id: "no-dot-segment", path: "/a/..;/...//.b/c.", read: "/a/..;/...//.b/c." },
  ])("are resolved as in the URL standard: $id", ({ path, read }) => {
    expect([pathAndQuery(at(path)), at(path).isAmbiguous]).toEqual([read, false]);
  });

  it.each([
    { id: "a-letter", path: "/a/%2%65%2%65/b", read: "/a/%2%65%2%65/b" },
    { id: "a-percent", path: "/%%32%65/b", read: "/%%32e/b" },
    { id: "a-slash", path: "/a%2%66..%2%46b", read: "/a%2%66..%2%46b" },
  ])("do not result from a broken escape that contains $id", ({ path, read }) => {
    expect(at(path)).toMatchObject({ path: read, isAmbiguous: true });
  });

  it("are absent after normalising, so that a second normalising changes nothing", () => {
    const piece = fc.constantFrom(
      ..."/ . .. %2e %2E %2f %5c \\ % %2 %25 a 2 e f ; é %zz %c3 //".split(" "),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const { path } = at(`/${pieces.join("")}`);
        expect([at(path).path, new URL(`http://a${path}`).pathname]).toEqual([path, path]);
      }),
      { seed: 31, numRuns: 2_000 },
    );
  });
});

describe("the host of an unusual URL", () => {
  it.each([
    { chars: 253, isHost: true },
    { chars: 254, isHost: false },
  ])("is invalid if it is longer than a name in the DNS: $chars", ({ chars, isHost }) => {
    const host = "a.".repeat(200).slice(0, chars);
    const named = host.replace(/\.$/, "a");
    expect(readTarget(`https://${named}/`).host).toBe(isHost ? named : "");
  });

  const noHosts =
    "http://user@evil.example/a http://user:word@a.example/ http://a.example* http://[/x " +
    "http://a.example:99999/x http://a.example:x/x http://a%2fb/x http:/// ftp://a.example/ /a * " +
    "http://a.1/ http://a.0x1f./ http://a.1:8080/";

  it.each([...noHosts.split(" "), "http://a b/x", ""])("is empty: %j", (url) => {
    expect(readTarget(url, ["site.example"]).host).toBe("");
  });

  it("ends at a backslash, as in the URL standard", () => {
    const read = readTarget("http://a.example\\..\\b/c");
    expect(read).toMatchObject({ host: "a.example", ownHost: "a.example", path: "/b/c" });
  });

  it("is read in punycode", () => {
    expect(readTarget("http://Bücher.example/").host).toBe("xn--bcher-kva.example");
  });
});

describe("keyedQuery", () => {
  const counts = (name: string) => name !== "drop";

  it.each([
    { id: "empty", query: "", keyed: "" },
    { id: "in-order", query: "b=2&a=1&b=1", keyed: "b=2&a=1&b=1" },
    { id: "dropped", query: "drop=1&b=1&drop=2&a", keyed: "b=1&a" },
    { id: "all-dropped", query: "drop", keyed: "" },
    { id: "dropped-in-escapes", query: "a=%2d&dr%6Fp=1", keyed: "a=%2d" },
    { id: "equals-in-a-value", query: "a=b=c", keyed: "a=b=c" },
    { id: "empty-pairs", query: "&&a=1&", keyed: "&&a=1&" },
    { id: "nameless", query: "=1&a", keyed: "=1&a" },
  ])("leaves out parameters, and keeps the others: $id", ({ query, keyed }) => {
    expect(keyedQuery(query, counts)).toBe(keyed);
  });
});

describe("two spellings of a URL", () => {
  it.each([
    { id: "unencoded-path", one: "http://a.example/straße", other: "http://a.example/stra%C3%9Fe" },
    { id: "space", one: "http://a.example/u/a b", other: "http://a.example/u/a%20b" },
    { id: "quote-in-query", one: "http://a.example/?q='", other: "http://a.example/?q=%27" },
    { id: "unencoded-query", one: "http://a.example/?a=ß", other: "http://a.example/?a=%C3%9F" },
    { id: "default-port", one: "http://a.example:80/", other: "http://a.example/" },
    { id: "default-port-tls", one: "https://a.example:443/", other: "https://a.example/" },
    { id: "zeros-before-a-port", one: "http://a.example:0808/", other: "http://a.example:808/" },
    { id: "zeros-before-443", one: "https://a.example:0443/", other: "https://a.example/" },
    { id: "trailing-dot", one: "http://a.example./", other: "http://a.example/" },
    { id: "dot-and-port", one: "http://a.example.:8080/", other: "http://a.example:8080/" },
  ])("have the same target: $id", ({ one, other }) => {
    const { ownHost: _, writtenPath: _written, ...read } = readTarget(one);
    const { ownHost: __, writtenPath: __written, ...expected } = readTarget(other);
    expect(read).toEqual(expected);
  });

  it("keep a port that is the default of the other scheme", () => {
    expect(readTarget("http://a.example:443/").host).toBe("a.example:443");
  });
});

// Tests how lines of access logs are read: each format, and malformed lines.
import { describe, expect, it } from "vitest";
import { formatOf, formats } from "../../src/simulate/formats.ts";

const noon = Date.UTC(2026, 9, 25, 12);

describe("a line of Common or Combined", () => {
  it.each([
    [
      "Common",
      '192.0.2.1 - - [25/Oct/2026:12:00:00 +0000] "GET /a?b=1 HTTP/1.1" 200 512',
      { atMs: noon, method: "GET", target: "/a?b=1", status: 200, bytes: 512, client: "192.0.2.1" },
    ],
    [
      "Combined, with escaped quotes in the user agent",
      '192.0.2.1 - - [25/Oct/2026:12:00:00 +0000] "GET / HTTP/2.0" 404 0 "https://a.example/\\"x" "Mozilla \\"5.0\\" [x] \\\\"',
      { target: "/", status: 404, bytes: 0 },
    ],
    [
      "a virtual host first",
      'www.example.com:443 192.0.2.1 - - [25/Oct/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
      { host: "www.example.com:443", client: "192.0.2.1" },
    ],
    [
      "a host first, and a user",
      'www.example.com 192.0.2.1 - ann [25/Oct/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1',
      { host: "www.example.com", client: "192.0.2.1" },
    ],
    [
      "a client with IPv6",
      '2001:db8::7 - - [25/Oct/2026:12:00:00 +0000] "HEAD / HTTP/1.1" 200 -',
      { client: "2001:db8::7", method: "HEAD", bytes: 0 },
    ],
    [
      "the hour after the end of summer time, whose offset differs",
      '192.0.2.1 - - [25/Oct/2026:02:30:00 +0200] "GET / HTTP/1.1" 200 1',
      { atMs: Date.UTC(2026, 9, 25, 0, 30) },
    ],
    [
      "the same hour in winter time",
      '192.0.2.1 - - [25/Oct/2026:02:30:00 +0100] "GET / HTTP/1.1" 200 1',
      { atMs: Date.UTC(2026, 9, 25, 1, 30) },
    ],
    [
      "a zone of half hours, west of Greenwich, over the end of a year",
      '192.0.2.1 - - [31/Dec/2026:22:00:00 -0330] "GET / HTTP/1.1" 200 1',
      { atMs: Date.UTC(2027, 0, 1, 1, 30) },
    ],
    [
      "escapes of nginx in the target",
      '192.0.2.1 - - [25/Oct/2026:12:00:00 +0000] "GET /\\x22a\\\\ HTTP/1.1" 200 1',
      { target: '/"a\\' },
    ],
    [
      "a letter that the client did not encode, as nginx writes it",
      '192.0.2.1 - - [25/Oct/2026:12:00:00 +0000] "GET /\\xC3\\xA4 HTTP/1.1" 200 1',
      { target: "/%C3%A4" },
    ],
    [
      "a target with spaces",
      '192.0.2.1 - - [25/Oct/2026:12:00:00 +0000] "GET /a b HTTP/1.1" 400 1',
      { target: "/a b" },
    ],
    [
      "a whole URL",
      '192.0.2.1 - - [25/Oct/2026:12:00:00 +0000] "GET http://b.example?x HTTP/1.1" 200 1',
      { host: "b.example", target: "?x" },
    ],
  ])("reads %s", (_name, line, entry) => {
    expect(formats.common(line)).toMatchObject(entry);
  });
});

describe("a line of Common", () => {
  it("has an authorization if the server knew the user", () => {
    const line = (user: string) =>
      `192.0.2.1 - ${user} [25/Oct/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1`;
    expect(formats.common(line("ann lee"))?.headers?.has("authorization")).toBe(true);
    expect(formats.common(line("-"))?.headers).toBeUndefined();
  });

  it("reads a very long target in linear time", () => {
    const target = `/${'\\"'.repeat(200_000)}`;
    const line = `192.0.2.1 - - [25/Oct/2026:12:00:00 +0000] "GET ${target} HTTP/1.1" 414 1`;
    expect(formats.common(line)?.target?.length).toBe(200_001);
  });

  it.each([
    ["nothing", ""],
    ["an empty request", '192.0.2.1 - - [25/Oct/2026:12:00:00 +0000] "" 400 0'],
    ["no method", '192.0.2.1 - - [25/Oct/2026:12:00:00 +0000] "-" 408 -'],
    ["a year before 1970", '192.0.2.1 - - [25/Oct/0000:12:00:00 +0000] "GET / HTTP/1.1" 200 1'],
    [
      "a day that no month has",
      '192.0.2.1 - - [99/Oct/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1',
    ],
    ["an unknown month", '192.0.2.1 - - [25/Okt/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1'],
    ["a time without a zone", '192.0.2.1 - - [25/Oct/2026:12:00:00] "GET / HTTP/1.1" 200 1'],
    ["a request without an end", '192.0.2.1 - - [25/Oct/2026:12:00:00 +0000] "GET /\\" 200 1'],
    ["no status", '192.0.2.1 - - [25/Oct/2026:12:00:00 +0000] "GET / HTTP/1.1" - 1'],
    ["JSON", '{"a":1}'],
  ])("refuses %s", (_name, line) => {
    expect(formats.common(line)).toBeUndefined();
  });
});

const logpush = {
  ClientRequestMethod: "GET",
  ClientRequestHost: "www.example.com",
  ClientRequestURI: "/a?b=1",
  ClientIP: "2001:db8::7",
  ClientCountry: "de",
  EdgeColoCode: "FRA",
  EdgeResponseStatus: 200,
  EdgeResponseBytes: 900,
  EdgeStartTimestamp: "2026-10-25T12:00:00Z",
  CacheCacheStatus: "hit",
};

describe("a line of Logpush", () => {
  it("has place, client, colo and the answer of Cloudflare's cache", () => {
    expect(formats.logpush(JSON.stringify(logpush))).toMatchObject({
      atMs: noon,
      host: "www.example.com",
      target: "/a?b=1",
      bytes: 900,
      client: "2001:db8::7",
      colo: "FRA",
      country: "DE",
      wasHit: true,
    });
  });

  it.each([
    ["RFC 3339 with an offset", "2026-10-25T14:00:00+02:00"],
    ["seconds", noon / 1_000],
    ["nanoseconds", noon * 1e6],
    ["nanoseconds as text", String(noon * 1e6)],
  ])("has a time in %s", (_name, stamp) => {
    const line = JSON.stringify({ ...logpush, EdgeStartTimestamp: stamp });
    expect(formats.logpush(line)?.atMs).toBe(noon);
  });

  it("has the request's fields, if the job logs them, without invalid ones", () => {
    const line = JSON.stringify({ ...logpush, RequestHeaders: { cookie: "s=1", "b c": "x" } });
    expect([...(formats.logpush(line)?.headers ?? [])]).toEqual([["cookie", "s=1"]]);
  });

  it.each([
    ["no time", { ...logpush, EdgeStartTimestamp: "soon" }],
    ["no URI", { ...logpush, ClientRequestURI: undefined }],
    ["a time before 1970", { ...logpush, EdgeStartTimestamp: -5 }],
    ["a time after 2100", { ...logpush, EdgeStartTimestamp: 1e300 }],
    ["a status of five digits", { ...logpush, EdgeResponseStatus: 99_999 }],
    ["half a status", { ...logpush, EdgeResponseStatus: 200.5 }],
    ["a status that is a text", { ...logpush, EdgeResponseStatus: "200" }],
  ])("is refused with %s", (_name, line) => {
    expect(formats.logpush(JSON.stringify(line))).toBeUndefined();
  });

  it("has no size and no duration beyond reason", () => {
    const line = { ...logpush, EdgeResponseBytes: 1e300, OriginResponseDurationMs: 1e9 };
    const entry = formats.logpush(JSON.stringify(line));
    expect(entry).toMatchObject({ bytes: undefined, originMs: undefined });
  });

  it.each(["{", "[]", "null", "7"])("is refused if it is %s", (line) => {
    expect(formats.logpush(line)).toBeUndefined();
  });
});

const own = {
  ts: "2026-10-25T12:00:00.100Z",
  event: "request",
  colo: "colo-1",
  "http.request.method": "GET",
  "http.response.status_code": 200,
  "tidemark.took_ms": 22,
  "tidemark.route": "news",
  "tidemark.key": "iV0YFdDpqPQ",
  "tidemark.result": "stored",
  "tidemark.by": "purged",
  "tidemark.purge": "1792929599000-0",
  "tidemark.body_bytes": 4,
  "tidemark.origin_ms": 13,
  "tidemark.origin_fresh_seconds": 60,
  "tidemark.body_ms": 100,
};

describe("a line of Tidemark's own log", () => {
  it("has the arrival, the key, the purge and the origin's lifetime", () => {
    expect(formats.tidemark(JSON.stringify(own))).toMatchObject({
      atMs: noon,
      target: undefined,
      colo: "colo-1",
      originMs: 100,
      wasHit: false,
      isValidated: false,
      logged: {
        route: "news",
        key: "iV0YFdDpqPQ",
        purgedAtMs: 1_792_929_599_000,
        freshSeconds: 60,
      },
    });
  });

  it("says that the origin has validated a page", () => {
    const line = JSON.stringify({ ...own, "tidemark.origin_status": 304 });
    expect(formats.tidemark(line)).toMatchObject({ isValidated: true, bytes: 4 });
  });

  it("says that a session's request had an unknown cookie", () => {
    const line = JSON.stringify({ ...own, "tidemark.refused": "unknown-cookie" });
    expect(formats.tidemark(line)).toMatchObject({ logged: { hasUnknownCookie: true } });
  });

  it.each([
    ["no-store", "never"],
    ["set-cookie", "never"],
    ["no-use", 0],
    ["too-large", 60],
  ])("says that the answer was refused: %s", (refused, freshSeconds) => {
    const line = JSON.stringify({ ...own, "tidemark.refused": refused });
    expect(formats.tidemark(line)).toMatchObject({ logged: { freshSeconds } });
  });

  it("of another event is no request", () => {
    expect(formats.tidemark(JSON.stringify({ ...own, event: "purge" }))).toBe("other");
  });
});

describe("the format of a log", () => {
  const common = '192.0.2.1 - - [25/Oct/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1';
  it.each([
    ["common", ["nonsense", common]],
    ["logpush", [JSON.stringify(logpush)]],
    ["tidemark", [JSON.stringify({ ...own, event: "started" }), JSON.stringify(own)]],
    [undefined, ["nonsense", '{"a":1}']],
  ])("is %s", (format, lines) => {
    expect(formatOf(lines)).toBe(format);
  });
});

// Tests how `tidemark warm` reads lists of pages and access logs.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { Popularity, readLoggedLine } from "../../src/warm/access-log.ts";
import { readLine } from "../../src/warm/list.ts";
import { PageList } from "../../src/warm/page-list.ts";
import { linesOf, textOf } from "../../src/warm/source-text.ts";
import { site, WarmUser } from "./warm-user.ts";

describe("a line of a list", () => {
  it.each([
    { line: "/a", isCsv: false, text: "/a" },
    { line: "  /a \t 12", isCsv: false, text: "/a" },
    { line: "/a,b", isCsv: false, text: "/a,b" },
    { line: "/a,12", isCsv: true, text: "/a" },
    { line: '"/a,b",12', isCsv: true, text: "/a,b" },
    { line: '"/a""b"', isCsv: false, text: '/a"b' },
    { line: '{"url":"/a"}', isCsv: false, text: "/a" },
    { line: '{"key":42}', isCsv: false, text: "42" },
  ])("names a page or a key: $line, CSV: $isCsv", ({ line, isCsv, text }) => {
    expect(readLine(line, { isCsv })).toEqual({ kind: "named", text });
  });

  it.each(["", "   ", "# a remark"])("names nothing: %j", (line) => {
    expect(readLine(line, { isCsv: false })).toEqual({ kind: "nothing" });
  });

  it.each([
    undefined,
    "{",
    '{"url":true}',
    '{"url":"/a","headers":[]}',
    '{"url":"/a","headers":{"a b":"c"}}',
    '{"url":"/a","headers":{"a":"c\\nd"}}',
    '"/a',
  ])("cannot be read: %j", (line) => {
    expect(readLine(line, { isCsv: false })).toEqual({ kind: "unreadable" });
  });
});

const combined = (request: string, status: number) =>
  `203.0.113.9 - ann [21/Nov/2026:10:00:00 +0000] "${request}" ${status} 512 "https://x.test/" "Mozilla/5.0 (a \\"b\\")"`;

const logged: readonly [format: string, line: string, url: string][] = [
  ["combined", combined("GET /a?x=1 HTTP/1.1", 200), "/a?x=1"],
  ["common", '::1 - - [21/Nov/2026:10:00:00 +0000] "GET /a HTTP/2.0" 304 -', "/a"],
  ["combined with a host", `www.example.com:443 ${combined("GET /a HTTP/1.1", 301)}`, "/a"],
  ["nginx, as JSON", '{"time":"x","request":"GET /a?b HTTP/1.1","status":"200"}', "/a?b"],
  [
    "nginx, as JSON by variables",
    '{"request_method":"GET","request_uri":"/a","status":200,"http_host":"www.example.com"}',
    "https://www.example.com/a",
  ],
  [
    "Caddy",
    '{"level":"info","request":{"method":"GET","host":"www.example.com","uri":"/a"},"status":200}',
    "https://www.example.com/a",
  ],
  [
    "Logpush",
    '{"ClientRequestMethod":"GET","ClientRequestHost":"www.example.com","ClientRequestURI":"/a?b","EdgeResponseStatus":200}',
    "https://www.example.com/a?b",
  ],
];

describe("a line of an access log", () => {
  it.each(logged)("is read in the format %s", (_, line, url) => {
    expect(readLoggedLine(line)).toEqual({ url });
  });

  it.each([
    combined("POST /a HTTP/1.1", 200),
    combined("GET /a HTTP/1.1", 404),
    combined("HEAD /a HTTP/1.1", 200),
    '{"method":"GET","uri":"/a","status":503}',
  ])("is ignored unless it is a successful GET: %s", (line) =>
    expect(readLoggedLine(line)).toBe("other"),
  );

  it("is recognized as empty", () => expect(readLoggedLine(" ")).toBe("empty"));

  it.each([combined("-", 400), "hello", "{", '{"a":1}', undefined])("cannot be read: %s", (line) =>
    expect(readLoggedLine(line)).toBe("unreadable"),
  );
});

describe("an access log", () => {
  it("yields the --top pages by popularity from a gzip file", async () => {
    const user = await WarmUser.at();
    const asked = ["/a", "/b", "/b", "/c", "/c", "/c", "/d"];
    const lines = asked.map((path) => combined(`GET ${path} HTTP/1.1`, 200));
    const text = [...lines, "hello", ""].join("\n");
    await writeFile(join(user.folder, "access.log.gz"), gzipSync(text));
    const { out, notes } = await user.warms(["--log", "access.log.gz", "--top", "3", "--dry-run"]);
    expect(out).toBe("/c\n/b\n/a\n");
    expect(notes).toContain("1 lines could not be read.");
  });

  it("is read without pages of other hosts", async () => {
    const user = await WarmUser.at();
    const input = logged
      .map(([, line]) => line.replaceAll("www.example.com", "other.test"))
      .join("\n");
    await user.warms(["--log", "-"], { input });
    expect(new Set(user.site.urls)).toEqual(new Set([`${site}/a?x=1`, `${site}/a`, `${site}/a?b`]));
  });

  it("is counted for a limited number of pages", () => {
    const popularity = new Popularity(2);
    for (const url of ["/a", "/b", "/c", "/b"]) popularity.note(url);
    expect(popularity.hottest(10)).toEqual(["/b", "/a"]);
    expect(popularity.leftOutCount).toBe(1);
  });
});

describe("lines of a list", () => {
  const all = async (...pieces: readonly string[]) => {
    const bytes = Readable.from(pieces.map((piece) => Buffer.from(piece)));
    const found: (string | undefined)[] = [];
    for await (const line of linesOf(textOf(bytes, { name: "a list" }))) found.push(line);
    return found;
  };

  it("end with CRLF, LF or the end of the text, even across chunks", async () => {
    expect(await all("\uFEFFa\r\nb", "b\n\nc")).toEqual(["a", "bb", "", "c"]);
  });

  it("are undefined if they are too long", async () => {
    const long = "x".repeat(40_000);
    expect(await all("a\n", long, long, long, "\nb\n")).toEqual(["a", undefined, "b"]);
  });
});

it("`PageList` accepts a limited number of pages", () => {
  const pages = new PageList({ origin: site, operatorPath: "/_cache", countMax: 2 });
  const results = ["/a", "/b", "/a", "/c"].map((path) => pages.add(path));
  expect(results).toEqual(["added", "added", "twice", "too-many"]);
  expect([...pages]).toEqual([{ path: "/a" }, { path: "/b" }]);
});

it("`PageList` distinguishes variants, but not by order or case of field names", () => {
  const pages = new PageList({ origin: site, operatorPath: "/_cache" });
  expect(pages.add("/a", { A: "1", b: "2" })).toBe("added");
  expect(pages.add("/a", { B: "2", a: "1" })).toBe("twice");
  expect(pages.add("/a", { a: "2" })).toBe("added");
  expect([...pages][0]).toEqual({ path: "/a", headers: { a: "1", b: "2" } });
});

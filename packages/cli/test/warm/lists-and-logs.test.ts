// Lists and access logs: what a line names.
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

const lines = [
  { line: "/a", isCsv: false, text: "/a" },
  { line: "  /a \t 12", isCsv: false, text: "/a" },
  { line: "/a,b", isCsv: false, text: "/a,b" },
  { line: "/a,12", isCsv: true, text: "/a" },
  { line: '"/a,b",12', isCsv: true, text: "/a,b" },
  { line: '"/a""b"', isCsv: false, text: '/a"b' },
  { line: '{"url":"/a"}', isCsv: false, text: "/a" },
  { line: '{"key":42}', isCsv: false, text: "42" },
] as const;

describe("a line of a list", () => {
  it.each(lines)("$line, CSV: $isCsv", ({ line, isCsv, text }) => {
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

const logged = [
  { name: "combined", line: combined("GET /a?x=1 HTTP/1.1", 200), url: "/a?x=1" },
  {
    name: "common",
    line: '::1 - - [21/Nov/2026:10:00:00 +0000] "GET /a HTTP/2.0" 304 -',
    url: "/a",
  },
  {
    name: "with a host before",
    line: `www.example.com:443 ${combined("GET /a HTTP/1.1", 301)}`,
    url: "/a",
  },
  {
    name: "nginx, as JSON",
    line: '{"time":"x","request":"GET /a?b HTTP/1.1","status":"200"}',
    url: "/a?b",
  },
  {
    name: "nginx, as JSON by variables",
    line: '{"request_method":"GET","request_uri":"/a","status":200,"http_host":"www.example.com"}',
    url: "https://www.example.com/a",
  },
  {
    name: "Caddy",
    line: '{"level":"info","request":{"method":"GET","host":"www.example.com","uri":"/a"},"status":200}',
    url: "https://www.example.com/a",
  },
  {
    name: "Logpush",
    line: '{"ClientRequestMethod":"GET","ClientRequestHost":"www.example.com","ClientRequestURI":"/a?b","EdgeResponseStatus":200}',
    url: "https://www.example.com/a?b",
  },
] as const;

describe("a line of a log", () => {
  it.each(logged)("$name", ({ line, url }) => {
    expect(readLoggedLine(line)).toEqual({ url });
  });

  it.each([
    combined("POST /a HTTP/1.1", 200),
    combined("GET /a HTTP/1.1", 404),
    combined("HEAD /a HTTP/1.1", 200),
    '{"method":"GET","uri":"/a","status":503}',
  ])("is no page: %s", (line) => expect(readLoggedLine(line)).toBe("other"));

  it("is not counted if it is empty", () => expect(readLoggedLine(" ")).toBe("empty"));

  it.each([combined("-", 400), "hello", "{", '{"a":1}', undefined])("cannot be read: %s", (line) =>
    expect(readLoggedLine(line)).toBe("unreadable"),
  );
});

describe("a log", () => {
  it("gives its hottest pages first, as many as are wanted, gzip or not", async () => {
    const user = await WarmUser.at();
    const asked = ["/a", "/b", "/b", "/c", "/c", "/c", "/d"];
    const text = [...asked.map((path) => combined(`GET ${path} HTTP/1.1`, 200)), "hello", ""].join(
      "\n",
    );
    await writeFile(join(user.folder, "access.log.gz"), gzipSync(text));
    const { out, notes } = await user.warms(["--log", "access.log.gz", "--top", "3", "--dry-run"]);
    expect(out).toBe("/c\n/b\n/a\n");
    expect(notes).toContain("1 lines could not be read.");
  });

  it("leaves out pages of other hosts that it names", async () => {
    const user = await WarmUser.at();
    const input = logged
      .map(({ line }) => line.replaceAll("www.example.com", "other.test"))
      .join("\n");
    await user.warms(["--log", "-"], { input });
    expect(new Set(user.site.urls)).toEqual(new Set([`${site}/a?x=1`, `${site}/a`, `${site}/a?b`]));
  });

  it("counts no more different pages than there is room for", () => {
    const popularity = new Popularity(2);
    for (const url of ["/a", "/b", "/c", "/b"]) popularity.note(url);
    expect(popularity.hottest(10)).toEqual(["/b", "/a"]);
    expect(popularity.leftOutCount).toBe(1);
  });
});

describe("lines", () => {
  const all = async (...pieces: readonly string[]) => {
    const bytes = Readable.from(pieces.map((piece) => Buffer.from(piece)));
    const found: (string | undefined)[] = [];
    for await (const line of linesOf(textOf(bytes, { name: "a list" }))) found.push(line);
    return found;
  };

  it("end with CR, LF, or the text, and are whole across pieces", async () => {
    expect(await all("\uFEFFa\r\nb", "b\n\nc")).toEqual(["a", "bb", "", "c"]);
  });

  it("that are too long are not held, and those behind are read", async () => {
    const long = "x".repeat(40_000);
    expect(await all("a\n", long, long, long, "\nb\n")).toEqual(["a", undefined, "b"]);
  });
});

it("takes no more pages than one run may have, and counts the others", () => {
  const pages = new PageList({ origin: site, operatorPath: "/_cache", countMax: 2 });
  expect(["/a", "/b", "/a", "/c"].map((path) => pages.add(path))).toEqual([
    "added",
    "added",
    "twice",
    "too-many",
  ]);
  expect([...pages]).toEqual([{ path: "/a" }, { path: "/b" }]);
});

it("keeps apart the variants of a page, and not the order and case of their fields", () => {
  const pages = new PageList({ origin: site, operatorPath: "/_cache" });
  expect(pages.add("/a", { A: "1", b: "2" })).toBe("added");
  expect(pages.add("/a", { B: "2", a: "1" })).toBe("twice");
  expect(pages.add("/a", { a: "2" })).toBe("added");
  expect([...pages][0]).toEqual({ path: "/a", headers: { a: "1", b: "2" } });
});

// Tests how `tidemark warm` reads lists of pages.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { readLine, PageList } from "../../src/warm/page-list.ts";
import { site, WarmUser } from "./warm-user.ts";

describe("a line of a list", () => {
  it.each([
    { line: "/a", text: "/a" },
    { line: "  /a,b \r", text: "/a,b" },
    { line: '{"url":"/a"}', text: "/a" },
  ])("names a page: $line", ({ line, text }) => {
    expect(readLine(line)).toEqual({ kind: "page", text });
  });

  it.each(["", "   ", "# a remark"])("names nothing: %j", (line) => {
    expect(readLine(line)).toEqual({ kind: "nothing" });
  });

  it.each([
    "{",
    '{"url":true}',
    '{"headers":{}}',
    '{"url":"/a","headers":[]}',
    '{"url":"/a","headers":{"a b":"c"}}',
    '{"url":"/a","headers":{"a":"c\\nd"}}',
  ])("cannot be read: %j", (line) => {
    expect(readLine(line)).toEqual({ kind: "unreadable" });
  });
});

it("warm --list reads a gzip file with a byte order mark", async () => {
  const user = await WarmUser.at();
  await writeFile(join(user.folder, "list.gz"), gzipSync("\uFEFF/a\r\n\n/b"));
  expect(await user.warms(["--list", "list.gz"])).toMatchObject({ code: 0 });
  expect(user.site.urls).toEqual([`${site}/a`, `${site}/b`]);
});

it("warm --list refuses a list that is not UTF-8", async () => {
  const user = await WarmUser.at();
  await writeFile(join(user.folder, "list"), Buffer.from("/\u00ff\n", "latin1"));
  const { code, notes } = await user.warms(["--list", "list"]);
  expect([code, user.site.urls]).toEqual([1, []]);
  expect(notes).toContain("It is not UTF-8.");
});

it("`PageList` accepts a limited number of pages", () => {
  const pages = new PageList({ origin: site, operatorPath: "/_cache", countMax: 2 });
  const results = ["/a", "/b", "/a", "/c"].map((path) => pages.add(path));
  expect(results).toEqual(["added", "added", "twice", "too-many"]);
  expect([...pages]).toEqual([{ path: "/a" }, { path: "/b" }]);
});

it("`PageList` accepts paths of up to 8,192 characters, as they are sent", () => {
  const pages = new PageList({ origin: site, operatorPath: "/_cache" });
  const pathOf = (text: string, count: number) => `/${text.repeat(count)}`;
  expect(pages.add(pathOf("a", 8_191))).toBe("added");
  expect(pages.add(pathOf("a", 8_192))).toBe("no-url");
  expect(pages.add(pathOf("\u00e4", 2_000))).toBe("no-url");
});

it("`PageList` distinguishes variants, but not by order or case of field names", () => {
  const pages = new PageList({ origin: site, operatorPath: "/_cache" });
  expect(pages.add("/a", { A: "1", b: "2" })).toBe("added");
  expect(pages.add("/a", { B: "2", a: "1" })).toBe("twice");
  expect(pages.add("/a", { a: "2" })).toBe("added");
  expect([...pages][0]).toEqual({ path: "/a", headers: { a: "1", b: "2" } });
});

// Tests which patterns of Varnish clients are read, and that hostile patterns are refused in linear
// time.
import { describe, expect, it } from "vitest";
import { hostsIn, pathIn, tagsIn } from "../../../src/parts/hooks/varnish-order.ts";

describe("a pattern of tags", () => {
  it.each<[client: string, pattern: string, tags: readonly string[] | "all"]>([
    ["Magento, one tag", "((^|,)cat_p_1(,|$))", ["cat_p_1"]],
    [
      "Magento, several tags",
      "((^|,)cat_p_1(,|$))|((^|,)cat_c_p_22(,|$))|((^|,)FPC(,|$))",
      ["cat_p_1", "cat_c_p_22", "FPC"],
    ],
    ["Magento, a flush", ".*", "all"],
    ["FOSHttpCache", "(^|,)(tag1|tag2)(,|$)", ["tag1", "tag2"]],
    ["FOSHttpCache, one tag", "(^|,)(tag1)(,|$)", ["tag1"]],
    [
      "FOSHttpCache, with preg_quote",
      String.raw`(^|,)(a\.b|c\+d|e\-1|f\:2|g\#h|i\|j|k\(l\)|m\\n|o\[p\]|q\{r\}|s\^t\$)(,|$)`,
      ["a.b", "c+d", "e-1", "f:2", "g#h", "i|j", "k(l)", String.raw`m\n`, "o[p]", "q{r}", "s^t$"],
    ],
    ["FOSHttpCache 1", "(tag1|tag2)(,.+)?$", ["tag1", "tag2"]],
    [
      "Drupal",
      "node:1|node_list|config:system.menu.main",
      ["node:1", "node_list", "config:system.menu.main"],
    ],
    ["a tag twice", "a|b|a", ["a", "b"]],
    ["a tag in UTF-8", "(^|,)(größe|日本)(,|$)", ["größe", "日本"]],
    ["a tag with a space", "(^|,)(my tag)(,|$)", ["my tag"]],
    ["a group around all", "(a|b)", ["a", "b"]],
  ])("of %s is read", (_, pattern, tags) => {
    expect(tagsIn(pattern)).toEqual(tags);
  });

  it.each([
    "",
    "|",
    "a|",
    "|a",
    "a||b",
    "()",
    "(a|)",
    "(^|,)(,|$)",
    "(^|,)()(,|$)",
    // A prefix of tags, and a suffix.
    "(^|,)a",
    "(^|,)a.*",
    "a(,|$)",
    "^a$",
    // A catastrophic expression, and other expressions.
    "(a+)+$",
    "(a|a)*",
    "(?:a|b)",
    "(?=a)",
    "a{2}",
    "[ab]",
    "a?",
    ".+",
    ".*.*",
    ".*a",
    "a|.*",
    // Classes, codes and unfinished escapes.
    String.raw`\d`,
    String.raw`a\w`,
    String.raw`\000`,
    String.raw`\x41`,
    "a\\",
    String.raw`(^|,)(a\)(,|$)`,
    // Unbalanced groups.
    "(a",
    "a)",
    "((^|,)a(,|$)",
    "(^|,)(a|b)(,|$))",
    "(((((((a)))))))",
    "a,b",
    String.raw`a\,b`,
  ])("of another form is refused: %j", (pattern) => {
    expect(tagsIn(pattern)).toBeUndefined();
  });

  it.each([
    ["open groups", "(".repeat(1_048_576)],
    ["closed groups", "(a)".repeat(349_525)],
    ["stars", "a*".repeat(524_288)],
    ["backslashes", "\\".repeat(1_048_575)],
    ["an expression that backtracks", `${"a".repeat(1_000_000)}(a+)+$`],
    ["anchors", "(^|,)".repeat(209_715)],
  ])("of 1 MB is refused: %s", (_, pattern) => {
    expect(tagsIn(pattern)).toBeUndefined();
  });

  it("of 1 MB is read in full if it is an alternation of tags", () => {
    const pattern = Array.from({ length: 60_000 }, (_, at) => `((^|,)p_${at}(,|$))`).join("|");
    expect(pattern.length).toBeGreaterThan(1_048_576);
    expect(tagsIn(pattern)).toHaveLength(60_000);
  });
});

describe("a pattern of hosts", () => {
  it.each<[pattern: string, hosts: readonly string[] | "all" | undefined]>([
    [".*", "all"],
    ["www.example.com", ["www.example.com"]],
    [String.raw`^www\.example\.com$`, ["www.example.com"]],
    ["^(a.example|b.example:8080)$", ["a.example", "b.example:8080"]],
    ["^.*$", undefined],
    [String.raw`.*\.example\.com`, undefined],
    ["", undefined],
  ])("%j is %j", (pattern, hosts) => {
    expect(hostsIn(pattern)).toEqual(hosts);
  });
});

describe("a pattern of paths", () => {
  it.each([".*", "^.*", ".*$", "^.*$", "/.*", "^/.*", "^/.*$", "^/", "^", "/news/.*", "/news.*"])(
    "%j is the whole host",
    (pattern) => {
      expect(pathIn(pattern)).toEqual({ kind: "all" });
    },
  );

  it.each([
    ["^/news/1$", "/news/1"],
    ["^/$", "/"],
    [String.raw`^/a\.html$`, "/a.html"],
    ["^/a.html$", "/a.html"],
    [String.raw`^/a\?b\=1$`, "/a?b=1"],
    [String.raw`^/a\$$`, "/a$"],
  ])("%j is a path", (pattern, path) => {
    expect(pathIn(pattern)).toEqual({ kind: "path", path });
  });

  it.each([
    ["^/news/", "/news/"],
    ["^/news/.*", "/news/"],
    ["^/news/.*$", "/news/"],
  ])("%j is a prefix", (pattern, path) => {
    expect(pathIn(pattern)).toEqual({ kind: "prefix", path });
  });

  it.each([
    "",
    "$",
    "^$",
    "/",
    "/news",
    "/news$",
    "news",
    "news.*",
    "^news$",
    ".*css$",
    String.raw`\.png$`,
    String.raw`^/a\.*`,
    String.raw`^/a\$`,
    "/(a|b)/.*",
    "/a.*b.*",
    "/a/.+",
    "^/a|^/b",
    "^^/a$",
  ])("of another form is refused: %j", (pattern) => {
    expect(pathIn(pattern)).toBeUndefined();
  });
});

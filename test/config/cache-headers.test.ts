// Tests the fields by which a handler lets Tidemark store its answer.
import { describe, expect, it } from "vitest";
import { cacheHeaders, type SharedAnswer } from "../../src/config/cache-headers.ts";
import { storingOf } from "../../src/http-rules.ts";
import { defineConfig } from "../../src/tidemark.ts";
import { fieldTagsOf } from "../../src/pages/stored/tags.ts";

describe("cacheHeaders", () => {
  it.each<[SharedAnswer, Record<string, string>]>([
    [{ fresh: "1h" }, { "Cache-Control": "max-age=0, s-maxage=3600" }],
    [
      { fresh: "5m", staleWhileRevalidate: "1d", browser: "10s", tags: ["a:1", "b c", "a:1"] },
      {
        "Cache-Control": "max-age=10, s-maxage=300, stale-while-revalidate=86400",
        "Cache-Tag": "a:1,b c",
      },
    ],
  ])("returns the fields of %j", (answer, headers) => {
    expect(cacheHeaders(answer)).toEqual(headers);
  });

  it("returns fields that Tidemark reads as they were meant", () => {
    const tags = ["a:1", "a".repeat(256), "r%C3%A9sum%C3%A9"];
    const response = new Response("page", { headers: cacheHeaders({ fresh: "90s", tags }) });
    expect(storingOf(response, 0)).toMatchObject({ kind: "fresh", seconds: 90 });
    expect(fieldTagsOf(response.headers, defineConfig({}))).toEqual([["cache-tag", tags]]);
  });

  it.each<[string, object, string]>([
    ["a duration in seconds", { fresh: 60 }, '"60" is not a duration.'],
    ["no lifetime", {}, '"undefined" is not a duration.'],
    ["a misspelt option", { fresh: "1m", tag: ["a"] }, '"tag": no such option exists'],
    ["a comma", { fresh: "1m", tags: ["a,b"] }, '"a,b" cannot be sent as a tag.'],
    ["an empty tag", { fresh: "1m", tags: [""] }, '"" cannot be sent as a tag.'],
    ["a space at the end", { fresh: "1m", tags: ["a "] }, '"a " cannot be sent as a tag.'],
    ["a letter beyond ASCII", { fresh: "1m", tags: ["é"] }, '"é" cannot be sent as a tag.'],
    ["a line break", { fresh: "1m", tags: ["a\nb"] }, "cannot be sent as a tag."],
    ["a tag of 257 bytes", { fresh: "1m", tags: ["a".repeat(257)] }, "cannot be sent as a tag."],
    [
      "9 KB of tags",
      { fresh: "1m", tags: Array.from({ length: 1_500 }, (_, at) => `t${1_000 + at}`) },
      "Its tags have more than 8192 bytes.",
    ],
  ])("refuses %s", (_, answer, why) => {
    expect(() => cacheHeaders(answer as SharedAnswer)).toThrow(why);
  });
});

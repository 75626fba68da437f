// The spellings of URLs and tags that a purge treats as the same name.
import { describe, expect, it } from "vitest";
import { isLatin1 } from "../../../src/base/latin1.ts";
import { comparedUrl, tagSpellings } from "../../../src/purge/journal/spelling.ts";

describe("purges compare a URL", () => {
  it.each([
    { id: "as it is, without escapes", url: "/a?b=2&c=1", as: "/a?b=2&c=1" },
    { id: "without escapes in its path", url: "/a%28b%2A", as: "/a(b*" },
    { id: "without escapes in its query", url: "/a?b%5Bc%5D=1", as: "/a?b[c]=1" },
    { id: "with an escaped separator in its query", url: "/a?b=1%26c%2B", as: "/a?b=1%26c%2B" },
    { id: "without an escaped separator in its path", url: "/a%26b?c", as: "/a&b?c" },
    { id: "with a question mark in its query", url: "/a?b=?c%28", as: "/a?b=?c(" },
    { id: "that is only a query", url: "?b=%26", as: "?b=%26" },
    { id: "with an escaped slash and an escaped escape", url: "/a%2Fb%2528", as: "/a%2Fb%2528" },
  ])("$id", ({ url, as }) => {
    expect(comparedUrl(url)).toBe(as);
  });
});

describe("a purge of a tag also covers other spellings of the tag", () => {
  it.each([
    { id: "ASCII", tag: "news", as: ["news"] },
    { id: "white space of a group", tag: " news", as: [" news", "news"] },
    {
      id: "Latin-1, which workerd decodes as UTF-8",
      tag: "größe",
      as: ["größe", "gr%C3%B6%C3%9Fe", "gr\ufffd\ufffde", "gr%c3%b6%c3%9fe"],
    },
    {
      id: "more than Latin-1",
      tag: "größe €",
      as: ["größe €", "gr%C3%B6%C3%9Fe %E2%82%AC", "gr%c3%b6%c3%9fe %e2%82%ac"],
    },
    {
      id: "Latin-1 with white space",
      tag: "é ",
      as: ["é ", "é", "%C3%A9 ", "%C3%A9", "\ufffd ", "\ufffd", "%c3%a9 ", "%c3%a9"],
    },
    {
      id: "Cyrillic",
      tag: "тег",
      as: ["тег", "%D1%82%D0%B5%D0%B3", "%d1%82%d0%b5%d0%b3"],
    },
    {
      id: "escaped Cyrillic",
      tag: "%d1%82%D0%B5%D0%B3",
      as: ["%d1%82%D0%B5%D0%B3", "тег", "%D1%82%D0%B5%D0%B3", "%d1%82%d0%b5%d0%b3"],
    },
    {
      id: "a comma and Cyrillic",
      tag: "а,b",
      as: ["а,b", "%D0%B0,b", "а%2Cb", "%D0%B0%2Cb", "%d0%b0,b", "а%2cb", "%d0%b0%2cb"],
    },
    {
      id: "an emoji beside ASCII escapes",
      tag: "a%2Cb 🎉",
      as: ["a%2Cb 🎉", "a%2Cb %F0%9F%8E%89", "a%2cb 🎉", "a%2cb %f0%9f%8e%89"],
    },
    { id: "escapes in lower case", tag: "a%2fb", as: ["a%2fb", "a%2Fb"] },
    { id: "escapes that are not UTF-8", tag: "%ff%C3", as: ["%ff%C3", "%FF%C3", "%ff%c3"] },
    {
      id: "half a character",
      tag: "\ud83c",
      as: ["\ud83c", "%EF%BF%BD", "%ef%bf%bd"],
    },
  ])("$id", ({ tag, as }) => {
    expect(tagSpellings(tag)).toEqual(as);
  });
});

it.each([
  { text: "", expected: false },
  { text: "news", expected: false },
  { text: "\x7f", expected: false },
  { text: "\x80", expected: true },
  { text: "\xff", expected: true },
  { text: "\u0100", expected: false },
  { text: "é€", expected: false },
])("Latin-1 encodes $text, but with other bytes than UTF-8: $expected", ({ text, expected }) => {
  expect(isLatin1(text)).toBe(expected);
});

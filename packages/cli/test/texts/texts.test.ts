// Tests the tables of sentences, and how values take their places.
import { describe, expect, it } from "vitest";
import { fill } from "../../src/texts/fill.ts";
import { findings, partsOf, worded } from "../../src/texts/findings.ts";
import {
  differences,
  passes,
  reasonText,
  refusals,
  skips,
  verdicts,
  warmText,
} from "../../src/texts/reasons.ts";

describe("a text", () => {
  it.each([
    ["a list, quoted", "[{names}]", { names: ["a", "b"] }, '["a", "b"]'],
    ["seconds", "for {ageSeconds}", { ageSeconds: 5 }, "for 5 s"],
    ["a duration", "{lagMs} and {leadMs}", { lagMs: 350, leadMs: -12_000 }, "350 ms and 12 s"],
    ["a share", "{usedShare}", { usedShare: 0.8512 }, "85.1 %"],
    ["a part with its value", "so«, by {by}».", { by: "a" }, "so, by a."],
    ["no part without its value", "so«, by {by} of {names}».", { by: "a", names: [] }, "so."],
    ["a place of which nothing is known", "by {by}", {}, "by {by}"],
    ["no value of the prototype", "{constructor}", {}, "{constructor}"],
    ["braces of code", "cache: { a: [{names}] }", { names: ["b"] }, 'cache: { a: ["b"] }'],
  ])("has %s", (_, text, values, filled) => {
    expect(fill(text, values)).toBe(filled);
  });
});

it("each finding has its effect, cause and remedy", () => {
  const lacking = Object.entries(findings).filter(([, text]) => {
    const { what, cause, remedy } = partsOf(text);
    return ![what, cause, remedy].every((part) => /(?:\.»?|\}»?)$/.test(part));
  });
  expect(lacking.map(([code]) => code)).toEqual([]);
});

it("each reason is a part of a sentence", () => {
  const texts = [verdicts, passes, refusals, skips, differences].flatMap((one) =>
    Object.entries<string>(one),
  );
  expect(texts.filter(([, text]) => /^[A-Z]|\.$/.test(text)).map(([code]) => code)).toEqual([]);
});

it("a closer reason comes before the rule, and a code of a newer site is shown as it is", () => {
  const texts = { rule: "the rule", closer: "closer, {by}" };
  expect(reasonText(texts, "rule", { case: "closer", values: { by: "a" } })).toBe("closer, a");
  expect(reasonText(texts, "rule", { case: "newer" })).toBe("the rule");
  expect(reasonText(texts, "newest")).toBe("newest");
  expect(reasonText(texts, "constructor")).toBe("constructor");
});

it("pages that vary silently get the remedy of their fields", () => {
  const values = { fields: ["accept-language"], pages: ["/a"] };
  const finding = { code: "varies-silently", level: "warning", since: null, values } as const;
  expect(worded({ ...finding, about: 'route "a"' })).toMatchObject({
    remedy: expect.stringContaining("or list their languages in key.language of the route. If"),
    details: 'Pages: "/a".',
  });
});

it.each([
  ["not-stored: private", " (it says private, so it is for one client (RFC 9111 §5.2.2.7))"],
  ["passed-by: method", " (the method is neither GET nor HEAD (RFC 9110 §9.3))"],
  ["failed: its origin fails", ""],
])("a reason of warming has the same sentence: %s", (reason, text) => {
  expect(warmText(reason)).toBe(text);
});

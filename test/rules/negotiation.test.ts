// Tests the choice of a language and of a media type by a client's preferences (RFC 9110 §12.5).
import { describe, expect, it } from "vitest";
import { preferredLanguage, preferredType } from "../../src/rules/negotiation.ts";

describe("preferredLanguage (RFC 9110 §12.5.4, RFC 4647 §3)", () => {
  const few = ["en", "de", "fr"];
  const british = ["en", "en-GB", "pt-BR", "zh-Hant"];

  it.each([
    ["de", few, "de", "an equal tag"],
    ["DE-at", few, "de", "a longer range, in any case (RFC 4647 §3.4)"],
    ["pt", british, "pt-BR", "a shorter range (RFC 4647 §3.3.1)"],
    ["en", ["en-GB", "en"], "en", "an equal tag before a longer one"],
    ["pt-PT", british, "en", "a sibling"],
    ["en-gb", british, "en-GB", "the longest tag"],
    ["zh-Hant-TW-x-private", british, "zh-Hant", "a range with private subtags"],
    ["den, freeze", few, "en", "no part of a subtag"],
    ["fr;q=0.5, de;q=0.9", few, "de", "the larger weight"],
    ["fr, de", few, "fr", "the client's order among equal weights"],
    ["en-GB,de;q=0.9,en;q=0.1", few, "en", "a preferred range before its shorter form"],
    ["de;q=0, de-AT;q=0.5, fr;q=0.1", few, "fr", "no excluded language"],
    ["en;q=0", few, "de", "a default that is not excluded"],
    ["en;q=0, en-GB;q=0.5", british, "en-GB", "the longest range that names a tag"],
    ["en;q=0,de;q=0,fr;q=0", few, "en", "the default, if all are excluded"],
    ["*", few, "en", "the first language for the wildcard"],
    ["en;q=0.1, *;q=0.5", few, "de", "by a wildcard, no language that a range names"],
    ["*;q=0, fr;q=0.1", few, "fr", "no language by a refused wildcard"],
    ["*-CH, fr;q=0.1", few, "fr", "no language by an extended range"],
    ["de;q=nan, fr;q=0.1", few, "fr", "nothing by an invalid weight"],
    ["fr;q=0.1, en;q=nan, de;q=0.9", few, "de", "the larger weight beside an invalid one"],
    ["de-AT;q=0", few, "en", "nothing by a refused longer range"],
    ["de;q=2, fr;Q=0.1", few, "fr", "nothing by a weight above 1"],
    ["de;q=, fr; q = 0.1", few, "fr", "nothing by an empty weight"],
    [",;,;q=1,", few, "en", "the default for no range"],
    ["", few, "en", "the default without a field"],
  ])("%s among %j: %s, %s", (field, tags, chosen) => {
    expect(preferredLanguage(field, tags)).toBe(chosen);
    // Tidemark's own requests have only the chosen tag.
    expect(preferredLanguage(chosen, tags)).toBe(chosen);
  });
});

describe("preferredType (RFC 9110 §12.5.1)", () => {
  const images = ["image/avif", "image/webp"];
  const safari = "image/webp,image/avif,image/jxl,video/*;q=0.8,image/png,image/*;q=0.8,*/*;q=0.5";

  it.each([
    [safari, "image/avif", "the first of the list among equal weights"],
    ["image/avif;q=0.5, IMAGE/WebP", "image/webp", "the larger weight, in any case"],
    ["image/avif;q=0, image/webp;q=0.001", "image/webp", "no refused type"],
    ["image/avif;q=nan", undefined, "nothing by an invalid weight"],
    ["*/*", undefined, "nothing by a wildcard"],
    ["image/*", undefined, "nothing by a range of types"],
    ["image/avif2, ximage/webp", undefined, "nothing by a part of a name"],
    ["image/avif;level=1;q=0.2, image/webp;q=0.1", "image/avif", "a range with a parameter"],
    ["image/avif;level=1, image/avif;q=0.1, image/webp;q=0.2", "image/webp", "the plain range"],
    ["", undefined, "nothing without a field"],
  ])("%s: %s, %s", (field, chosen, _why) => {
    expect(preferredType(field, images)).toBe(chosen);
  });
});

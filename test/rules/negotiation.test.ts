// Tests the choice of a language and of a media type by a client's preferences (RFC 9110 §12.5).
import { describe, expect, it, vi } from "vitest";
import { compileLanguages, preferredType } from "../../src/rules/negotiation.ts";

describe("compileLanguages (RFC 9110 §12.5.4, RFC 4647 §3)", () => {
  const few = ["en", "de", "fr"];
  const british = ["en", "en-GB", "pt-BR", "zh-Hant"];

  it.each([
    ["de", few, "de", "an equal tag"],
    ["DE-at", few, "de", "a longer range, in any case (RFC 4647 §3.4)"],
    ["pt", british, "pt-BR", "a shorter range (RFC 4647 §3.3.1)"],
    ["en", ["en-GB", "en"], "en", "an equal tag before a longer one"],
    ["pt-PT", british, "pt-BR", "another region of the same language and script"],
    ["zh-CN", ["zh-Hant", "zh-Hans"], "zh-Hans", "the likely script of a region"],
    ["zh-TW,zh;q=0.9", ["zh-Hans", "zh-Hant"], "zh-Hant", "the likely script of another region"],
    ["zh-tw", ["zh", "zh-Hant"], "zh-Hant", "the script before the shorter tag"],
    ["zh-tw", ["en", "zh"], "zh", "the shorter tag, if no tag has the script"],
    ["zh-hk", ["zh-CN", "zh-TW"], "zh-TW", "a region of the same script"],
    ["zh-sg", ["zh-TW", "zh-CN"], "zh-CN", "a region of the likely script"],
    ["zh", ["zh-Hant", "zh-Hans"], "zh-Hans", "the likely script of a language"],
    ["zh", ["en", "zh-Hant"], "zh-Hant", "another script, if the range names none"],
    ["zh-CN, en;q=0.5", ["zh-Hant", "en"], "en", "no script that the client may not read"],
    ["sr-ME", ["sr-Cyrl", "sr-Latn"], "sr-Latn", "the script of a region, not of the language"],
    ["sr-Latn-RS", ["sr", "sr-Latn"], "sr-Latn", "the script that a range names"],
    ["pt", ["pt-PT", "pt-BR"], "pt-BR", "the likely region"],
    ["en-AU", ["de", "en-US", "en"], "en", "a tag without a region before another region"],
    ["de-CH-1996", ["de", "de-CH"], "de-CH", "the longest beginning of a range"],
    [`zh-${"x-private-".repeat(4)}`, ["en", "zh"], "zh", "a long range by its beginning"],
    ["zh-a, de", few, "de", "no malformed range"],
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
    const choose = compileLanguages(tags);
    expect(choose(field)).toBe(chosen);
    // Tidemark's own requests have only the chosen tag.
    expect(choose(chosen)).toBe(chosen);
  });

  it("completes each range of clients once, and remembers at most 256", () => {
    const maximize = vi.spyOn(Intl.Locale.prototype, "maximize");
    const choose = compileLanguages(["zh-Hant", "zh-Hans"]);
    const letters = "abcdefghijklmnopqrstuvwxyz".split("");
    const regions = letters.flatMap((one) => letters.map((other) => `zh-${one}${other}`));
    const of = (ranges: readonly string[]) => {
      maximize.mockClear();
      for (const range of ranges) choose(range);
      return maximize.mock.calls.length;
    };
    expect([of(["zh-CN"]), of(["zh-CN", "de-AT"])]).toEqual([1, 0]);
    expect([of(regions.slice(0, 100)), of(regions.slice(0, 100))]).toEqual([99, 0]);
    expect([of(regions), of(regions)]).toEqual([576, 676]);
    maximize.mockRestore();
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

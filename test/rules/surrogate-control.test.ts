// Tests the parsing of Surrogate-Control, with one row for each form of a directive (W3C Edge
// Architecture Specification 1.0 §2.2).
import { describe, expect, it } from "vitest";
import { surrogateCapability, surrogateDirectives } from "../../src/rules/cache-control.ts";

/** Returns the directives as texts, which are short enough for rows. */
const read = (text: string | null) =>
  surrogateDirectives(text).map(({ name, argument }) =>
    argument === undefined ? name : `${name}=${argument}`,
  );

describe("surrogateDirectives", () => {
  it.each([
    ["absent", null, []],
    ["empty", "", []],
    ["max-age", "max-age=60", ["max-age=60"]],
    ["capitals", "MaX-aGe=60", ["max-age=60"]],
    ["no-store", "no-store", ["no-store"]],
    ["private", "private", ["private"]],
    ["no-cache", "no-cache", ["no-cache"]],
    ["s-maxage", "s-maxage=60", ["s-maxage=60"]],
    ["no-store-remote", "no-store-remote", ["no-store"]],
    ["extension", "foobar, max-age=60", ["foobar", "max-age=60"]],
    ["stale-extension", "max-age=60+30", ["max-age=60", "stale-while-revalidate=30"]],
    ["for-tidemark", "max-age=60;tidemark", ["max-age=60"]],
    ["for-tidemark-and-others", "no-store; abc ;tidemark", ["no-store"]],
    ["for-another", "max-age=60;abc", []],
    ["no-store-for-another", "no-store;abc", []],
    ["for-tidemark-first", "max-age=60, max-age=5;tidemark", ["max-age=5", "max-age=60"]],
    ["for-tidemark-in-capitals", "no-store;Tidemark", ["no-store"]],
    ["private-after-a-semicolon", "no-store; private", ["private", "no-store"]],
    ["max-age-after-a-semicolon", "private; max-age=60", ["max-age", "private"]],
    ["space-before-equals", "private; max-age =60", ["max-age", "private"]],
    ["private-after-a-blank", "max-age=60, a=1 private", ["max-age=60", "a=1 private", "private"]],
    ["private-after-a-target", "max-age=60;abc private", ["private", "max-age=60"]],
    ["no-store-after-an-argument", "max-age=60;a=1 no-store", ["a", "no-store", "max-age=60"]],
    ["no-store-after-another-target", "max-age=60;abc;no-store", ["no-store"]],
    ["for-another-with-private-in-its-name", "no-store;private.cdn, max-age=9", ["max-age=9"]],
    ["only-content", 'content="ESI/1.0"', []],
    ["only-unknown", "foo", []],
    [
      "quoted-semicolon-and-comma",
      'content="a;b, no-store", max-age=60',
      ["content=a;b, no-store", "max-age=60"],
    ],
    ["escaped-quote", String.raw`content="a\";b", max-age=60`, ['content=a";b', "max-age=60"]],
    ["escaped-backslash", String.raw`content="a\\";abc, no-store`, ["no-store"]],
    ["unclosed-quote", 'max-age=60, content="a;tidemark', ["max-age=60", "content=a;tidemark"]],
    ["empty-members", ",; ,max-age=60,", ["max-age=60"]],
    ["targeted-content", 'content="ESI/1.0";abc, no-store', ["no-store"]],
    ["malformed-restricts", "max-age =100", ["max-age"]],
    ["malformed-extension", "max-age=60+", ["max-age=60+"]],
    ["letter-before-extension", "max-age=x60+30", ["max-age=x60+30"]],
    ["letter-after-extension", "max-age=60+30x", ["max-age=60+30x"]],
    ["extension-of-another-directive", "s-maxage=60+30", ["s-maxage=60+30"]],
  ])("returns the directives for all and for Tidemark: %s (§2.2)", (_id, text, says) => {
    expect(read(text)).toEqual(says);
  });
});

it("announces the version of Surrogate-Control that this cache reads (§2.3)", () => {
  expect(surrogateCapability).toBe('tidemark="Surrogate/1.0"');
});

// Generates header text, also text that `Headers` would reject, and fields that contain such text.
import * as fc from "fast-check";
import type { Fields } from "../../src/rules/fields.ts";

/** Settings by which every run generates the same texts, so that a failure is repeatable. */
export const seeded = { seed: 9111, numRuns: 400 } as const;

/**
 * @param texts by lower-case name
 * @returns fields whose methods throw for a name that is not a token, like those of `Headers`
 */
export function fieldsWith(texts: Readonly<Record<string, string>>): Fields {
  const has = (name: string) => new Headers([[name, ""]]).has(name) && Object.hasOwn(texts, name);
  return { has, get: (name) => (has(name) ? (texts[name] ?? null) : null) };
}

const pieces =
  '" \\ , ; = * - / W/ ( ) ? : @ 0 1 60 -1 1.5 99999999999 a Z é ü 日本 \u{1f6b0} \u0000 \u00a0 \t \r\n ' +
  "max-age s-maxage max-stale private no-cache no-store bytes GMT Sun, Sunday, Nov 06 1994 08:49:37";

/** Pieces of well-formed text in any order, long repetitions of one piece, and any other text. */
export const headerText: fc.Arbitrary<string> = fc.oneof(
  fc.array(fc.constantFrom(...pieces.split(" "), " ")).map((chosen) => chosen.join("")),
  fc
    .tuple(fc.constantFrom(...pieces.split(" "), " "), fc.integer({ min: 0, max: 3_000 }))
    .map(([piece, count]) => piece.repeat(count)),
  fc.string({ unit: "binary" }),
);

// Tests all parsers of header fields with generated texts. No parser throws, and none needs time
// that grows faster than the length of the text.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headerText } from "../../testing/examples/header-text.ts";
import { fieldParsers } from "./field-parsers.ts";

const runs = { seed: 9_110, numRuns: 300 };

describe("a generated text", () => {
  it.each(fieldParsers)("is read without an exception: %s", (_name, read) => {
    const anyText = fc.oneof(headerText, fc.string({ unit: fc.nat(255).map(String.fromCharCode) }));
    fc.assert(
      fc.property(anyText, (text) => {
        expect(() => read(text)).not.toThrow();
      }),
      runs,
    );
  });
});

/** Names, and pieces whose end a parser looks for: white space, quotes, escapes and separators. */
const pieces = [
  "a,",
  "a ",
  " ",
  "\t",
  '"',
  "\\",
  '\\"',
  '"\\',
  ",",
  ";",
  "=",
  ", ",
  '",',
  'W/"',
  "a=1,",
  "a",
];
const frames = [
  (run: string) => run,
  (run: string) => `a${run}b`,
  (run: string) => `a="${run}`,
  // Different names.
  (run: string) => run.replaceAll("a", (_, at: number) => `a${at.toString(36)}`),
] as const;
const [shortBytes, longBytes] = [4_096, 32_768];

/**
 * A shorter time is noise. A linear parser takes about 20 ms, and a quadratic parser takes a second.
 */
const alwaysAllowedMs = 250;

/**
 * Measures time, because steps inside a regular expression cannot be counted. A text of eight times
 * the length may take 32 times as long. A quadratic parser takes 64 times as long.
 */
describe("32 KiB of punctuation", () => {
  it.each(fieldParsers)("is read in less than quadratic time: %s", (_name, read) => {
    const texts = pieces.flatMap((piece) => frames.map((frame) => [piece, frame] as const));
    const slow = texts.filter(([piece, frame]) => {
      const msFor = (bytes: number) => {
        const text = frame(piece.repeat(Math.ceil(bytes / piece.length)));
        return leastMs(() => read(text));
      };
      const longMs = msFor(longBytes);
      return longMs > alwaysAllowedMs && longMs > msFor(shortBytes) * 32;
    });
    expect(slow.map(([piece, frame]) => frame(piece))).toEqual([]);
  });
});

/** Returns the shortest of up to three times, because another process may delay one of them. */
function leastMs(work: () => unknown): number {
  let least = Infinity;
  for (let go = 0; go < 3 && least > alwaysAllowedMs; go += 1) {
    const startedAtMs = performance.now();
    work();
    least = Math.min(least, performance.now() - startedAtMs);
  }
  return least;
}

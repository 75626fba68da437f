// Whatever a client or an origin sends, each field is read without a throw, and in time that grows
// with its length.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { headerText } from "../../testing/examples/header-text.ts";
import { fieldParsers } from "./field-parsers.ts";

const runs = { seed: 9_110, numRuns: 300 };

describe("any text", () => {
  it.each(fieldParsers)("is read without a throw: %s", (_name, read) => {
    const anyText = fc.oneof(headerText, fc.string({ unit: fc.nat(255).map(String.fromCharCode) }));
    fc.assert(
      fc.property(anyText, (text) => {
        expect(() => read(text)).not.toThrow();
      }),
      runs,
    );
  });
});

/** What parsers wait for the end of: white space, quotes, escapes, separators. */
const pieces = [" ", "\t", '"', "\\", '\\"', '"\\', ",", ";", "=", ", ", '",', 'W/"', "a=1,", "a"];
const frames = [
  (run: string) => run,
  (run: string) => `a${run}b`,
  (run: string) => `a="${run}`,
] as const;
const [shortBytes, longBytes] = [8_192, 65_536];

/** Less is not told from noise: a linear reader takes some 40 ms, a quadratic one seconds. */
const alwaysAllowedMs = 1_000;

/**
 * Steps inside a regular expression cannot be counted, so time is: eight times the text may take
 * thirty-two times as long, where a quadratic reader takes sixty-four times as long.
 */
describe("64 KiB of punctuation", () => {
  it.each(fieldParsers)("takes no more than its share: %s", (_name, read) => {
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

/** Of three goes where the first was slow: another process may have had the processor. */
function leastMs(work: () => unknown): number {
  let least = Infinity;
  for (let go = 0; go < 3 && least > alwaysAllowedMs; go += 1) {
    const startedAtMs = performance.now();
    work();
    least = Math.min(least, performance.now() - startedAtMs);
  }
  return least;
}

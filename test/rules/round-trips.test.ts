// Tests that generated directives, and dates in their three forms, are read as they were written.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDirectives } from "../../src/rules/cache-control.ts";
import { parseHttpDate } from "../../src/rules/http-date.ts";
import { dateText, receivedAtMs } from "../../testing/examples/generated-dates.ts";
import { seeded } from "../../testing/examples/header-text.ts";

const token = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9a-z]{1,12}$/);
/** The characters of a quoted string, some of which need an escape (RFC 9110 §5.6.4). */
const quotable = fc.string({
  unit: fc.constantFrom("\t", " ", '"', "\\", ",", ";", "=", "a", "Z", "9", "\u0080", "\u00ff"),
});

const directive = fc.oneof(
  token.map((name) => ({ name, argument: undefined, text: name })),
  fc
    .tuple(token, token)
    .map(([name, argument]) => ({ name, argument, text: `${name}=${argument}` })),
  fc.tuple(token, quotable).map(([name, argument]) => ({
    name,
    argument,
    text: `${name}="${argument.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
  })),
);

describe("generated directives", () => {
  it("are read as they were written, with any quoted text (RFC 9110 §5.6.4)", () => {
    const separators = fc.constantFrom(",", ", ", " ,\t", ", ,,");
    fc.assert(
      fc.property(fc.array(directive), separators, (written, separator) => {
        const text = written.map((one) => one.text).join(separator);
        expect(parseDirectives(text)).toEqual(written);
      }),
      seeded,
    );
  });
});

describe("a date", () => {
  it("is read as the same time in each of its three forms (RFC 9110 §5.6.7)", () => {
    const good = new Set(["fixdate", "rfc850", "asctime"]);
    const dates = dateText(-86_400 * 40, -60, 0, 1, 600, 86_400 * 59).filter(({ form }) =>
      good.has(form),
    );
    fc.assert(
      fc.property(dates, ({ text, offsetSeconds }) => {
        expect(parseHttpDate(text, receivedAtMs)).toBe(receivedAtMs + offsetSeconds * 1_000);
      }),
      seeded,
    );
  });
});

// One row per form of a directive (W3C Edge Architecture Specification 1.0 §2.2).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { surrogateDirectives } from "../../src/rules/surrogate-control.ts";
import { headerText, seeded } from "../../testing/examples/header-text.ts";

/** As text, so that a row shows at a glance what counts. */
const read = (text: string | null) =>
  surrogateDirectives(text).map(({ name, argument }) =>
    argument === undefined ? name : `${name}=${argument}`,
  );

describe("surrogateDirectives", () => {
  it.each([
    { id: "absent", text: null, says: [] },
    { id: "empty", text: "", says: [] },
    { id: "max-age", text: "max-age=60", says: ["max-age=60"] },
    { id: "capitals", text: "MaX-aGe=60", says: ["max-age=60"] },
    { id: "no-store", text: "no-store", says: ["no-store"] },
    { id: "no-store-remote", text: "no-store-remote", says: ["no-store"] },
    { id: "extension", text: "foobar, max-age=60", says: ["foobar", "max-age=60"] },
    {
      id: "stale-extension",
      text: "max-age=60+30",
      says: ["max-age=60", "stale-while-revalidate=30"],
    },
    { id: "for-us", text: "max-age=60;tidemark", says: ["max-age=60"] },
    { id: "for-us-among-others", text: "no-store; abc ;tidemark", says: ["no-store"] },
    { id: "for-another", text: "max-age=60;abc", says: [] },
    { id: "no-store-for-another", text: "no-store;abc", says: [] },
    { id: "ours-first", text: "max-age=60, max-age=5;tidemark", says: ["max-age=5", "max-age=60"] },
    { id: "for-us-in-capitals", text: "no-store;Tidemark", says: ["no-store"] },
    { id: "slipped-private", text: "no-store; private", says: ["private", "no-store"] },
    { id: "slipped-max-age", text: "private; max-age=60", says: ["max-age", "private"] },
    { id: "slipped-for-another", text: "max-age=60;abc;no-store", says: ["no-store"] },
    { id: "content-alone", text: 'content="ESI/1.0"', says: [] },
    { id: "unknown-alone", text: "foo", says: [] },
    {
      id: "quoted-semicolon-and-comma",
      text: 'content="a;b, no-store", max-age=60',
      says: ["content=a;b, no-store", "max-age=60"],
    },
    {
      id: "escaped-quote",
      text: String.raw`content="a\";b", max-age=60`,
      says: ['content=a";b', "max-age=60"],
    },
    { id: "targeted-content", text: 'content="ESI/1.0";abc, no-store', says: ["no-store"] },
    { id: "malformed-restricts", text: "max-age =100", says: ["max-age"] },
    { id: "malformed-extension", text: "max-age=60+", says: ["max-age=60+"] },
  ])("$id (§2.2)", ({ text, says }) => {
    expect(read(text)).toEqual(says);
  });

  it("never throws", () => {
    fc.assert(
      fc.property(headerText, (text) => {
        expect(Array.isArray(surrogateDirectives(text))).toBe(true);
      }),
      seeded,
    );
  });
});

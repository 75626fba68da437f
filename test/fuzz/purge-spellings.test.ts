// Random queries under random rules for parameters: a purge by any spelling of a page's URL names the page.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { namingOf } from "../../src/admin/naming.ts";
import { NameSecret } from "../../src/cache/record/record-key.ts";
import { defineConfig } from "../../src/config/config.ts";
import { defineRule } from "../../src/part/rule/define-rule.ts";
import { comparedUrl } from "../../src/purge/journal/spelling.ts";
import { keyUrl } from "../../src/routing/key.ts";
import { compileRoutes } from "../../src/routing/routes.ts";
import { readTarget } from "../../src/routing/target.ts";
import { fuzz } from "../../testing/fuzz.ts";

const nameSecret = new NameSecret("site", "a text that no client knows");
const names = ["a", "ab", "a[]", "b[x]", "b%5Bx]", "b[*", "é", "a b", "a-b", "x'y", "k:v"];
const lists = fc.subarray(names);
const escapes = fc.array(fc.boolean(), { minLength: 40, maxLength: 40 });

const cases = fc.record({
  strip: lists,
  allow: fc.option(lists, { nil: undefined }),
  checked: fc.subarray(
    names.filter((name) => name !== "a b"),
    { minLength: 1 },
  ),
  order: fc.constantFrom("sort", undefined),
  pairs: fc.array(
    fc.tuple(
      fc.constantFrom(...names.filter((name) => !/[%*]/.test(name))),
      fc.constantFrom(..."1 é [ ' a,b x=y".split(" ")),
    ),
    { maxLength: 5 },
  ),
  spellings: fc.tuple(escapes, escapes),
});

/** Returns a URL with some characters escaped, and the parameters of different names sorted or not. */
function spelled(pairs: readonly (readonly [string, string])[], bits: readonly boolean[]): string {
  const [isSorted = false, ...others] = bits;
  const ordered = isSorted
    ? pairs.toSorted(([one], [other]) => (one < other ? -1 : Number(one > other)))
    : pairs;
  const query = ordered.map(([name, value]) => `${name}=${value}`).join("&");
  const text = `/p(1)?${query}`.replaceAll(/[a-z[\]'(:]/g, (character, at: number) => {
    const escape = `%${character.charCodeAt(0).toString(16)}`;
    return others[at % others.length] === true ? escape : character;
  });
  return new URL(`https://www.example.com${text}`).href;
}

it("a purge by a URL names the page in each of its spellings", async () => {
  await fuzz(
    cases,
    async ({ strip, allow, checked, order, pairs, spellings: [asked, sent] }) => {
      const use = [
        defineRule({ name: "gate", checks: { query: checked }, admits: () => "checked" }),
      ];
      const config = defineConfig({
        key: { query: { strip } },
        routes: [{ name: "pages", match: "*", query: { allow, order }, use }],
      });
      const matchRoute = compileRoutes(config);
      const target = readTarget(spelled(pairs, asked));
      const [route] = config.routes;
      const page = keyUrl(target, route!, { config, nameSecret }).url;
      const named = namingOf({ config, nameSecret, matchRoute, siteHosts: [] }).url(
        spelled(pairs, sent),
      );
      const as = named.kind === "named" ? named.as.map(comparedUrl) : [];
      expect(as).toEqual([comparedUrl(page)]);
    },
    { runs: 2_000 },
  );
});

// Checks that the types of a written configuration accept only what the schema accepts, and that
// each field documents its default and an example.
import { readFileSync } from "node:fs";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { RouteInput } from "../../src/config/route-options.ts";
import type { WrittenRoute } from "../../src/config/written-route.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { defineConfig, type PathParameters } from "../../src/tidemark.ts";
import { refusalOf } from "./refusal-of.ts";

/** Makes every member readonly, because the schema has mutable arrays but accepts readonly ones. */
type Unchanged<Form> = unknown extends Form
  ? Form
  : Form extends (...parameters: never[]) => unknown
    ? Form
    : { readonly [Name in keyof Form]: Unchanged<Form[Name]> };

describe("the types of a written configuration", () => {
  // In the schema, `FormsOf` checks that the types have the same names.
  it("accept only what the schema accepts", () => {
    expectTypeOf(defineConfig).parameter(0).toEqualTypeOf<WrittenConfig>();
    expectTypeOf<WrittenRoute>().toExtend<Unchanged<RouteInput>>();
    expectTypeOf<WrittenConfig>().toExtend<Unchanged<ConfigInput>>();
  });

  const route = (more: Omit<WrittenRoute, "name" | "match">): WrittenConfig => ({
    routes: [{ name: "page", match: "/page", ...more }],
  });
  const site = (written: WrittenConfig) => written;

  // Each of the following lines must fail to compile, and the schema must refuse its value.
  it.each([
    // @ts-expect-error a duration is a number with s, m, h or d
    { id: "words", written: route({ fresh: "5 minutes" }) },
    // @ts-expect-error a duration has its unit
    { id: "seconds", written: route({ browser: 60 }) },
    // @ts-expect-error lifetimes by status are durations
    { id: "by-status", written: route({ fresh: { 200: "1 h" } }) },
    // @ts-expect-error a duration is a whole number
    { id: "fraction", written: route({ staleIfError: "1.5s" }) },
    // @ts-expect-error `fresh` does not accept this word
    { id: "origin", written: route({ fresh: { 200: "origin" } }) },
    // @ts-expect-error not a tier
    { id: "tier", written: route({ tiers: ["disk"] }) },
    // @ts-expect-error misspelt
    { id: "misspelt", written: route({ frsh: "5m" }) },
    // @ts-expect-error a size is a number of bytes
    { id: "size", written: site({ limits: { memoryBytes: "32 MiB" } }) },
    // @ts-expect-error a name is missing
    { id: "name", written: site({ routes: [{ match: "/" }] }) },
  ])("reject a value that the schema refuses: $id", ({ written }) => {
    expect(refusalOf(written)).not.toBe("accepted");
  });

  it("have the parameters that all patterns of a route have", () => {
    defineConfig({
      routes: [
        {
          name: "one",
          match: "b.example:8080/:shop/@:user/:id.html",
          tags: (given) => {
            type Names = "shop" | "user" | "id";
            expectTypeOf(given).toEqualTypeOf<{ readonly [Name in Names]: string }>();
            return [given.id];
          },
        },
        {
          name: "several",
          match: ["/a/:id/*", "/b/:id/:more"],
          tags: (given) => {
            expectTypeOf(given).toEqualTypeOf<{ readonly id: string }>();
            return [given.id];
          },
        },
        { name: "none", match: "*", tags: ["all"] },
      ],
    });
    expectTypeOf<keyof PathParameters<"/b\\:c/:id">>().toEqualTypeOf<"id">();
    const match: string = "/a/:id";
    defineConfig({ routes: [{ name: "unknown", match, tags: ({ id }) => [`${id}`] }] });
    expect(() =>
      defineConfig({
        // @ts-expect-error the pattern has another parameter
        routes: [{ name: "misspelt", match: "/a/:slug", tags: ({ slig }) => [slig] }],
      }),
    ).toThrow("uses parameters that a pattern in match lacks: slig");
    // @ts-expect-error tags are a list
    const text = () => defineConfig({ routes: [{ name: "t", match: "/:a", tags: ({ a }) => a }] });
    expectTypeOf(text).toBeFunction();
  });

  it("accept a duration with each unit", () => {
    const fresh = { 200: "90s", 203: "5m", 204: "12h", 301: "365d" } as const;
    const { routes } = defineConfig(route({ fresh }));
    expect([...(routes[0]?.freshSecondsByStatus.values() ?? [])]).toEqual([
      90, 300, 43_200, 31_536_000,
    ]);
  });
});

const fieldsIn = (path: string) =>
  [
    ...readFileSync(path, "utf8").matchAll(/(\/\*\*(?:(?!\*\/).)*\*\/)?\s*readonly (\w+)\??: /gs),
  ].map(([, said = "", name = ""]) => ({ name, said }));

it.each([
  { path: "src/config/written.ts", countMin: 30 },
  { path: "src/config/written-route.ts", countMin: 35 },
  { path: "src/config/written-origin.ts", countMin: 20 },
])("the fields of $path have docstrings with a default and an example", ({ path, countMin }) => {
  const fields = fieldsIn(path);
  expect(fields.length).toBeGreaterThanOrEqual(countMin);
  const silent = fields.filter(
    ({ said }) => !/(?:Default:|Required\.|No default\.)/.test(said) || !said.includes("@example"),
  );
  expect(silent.map(({ name }) => name)).toEqual([]);
});

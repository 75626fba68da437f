// The types of a written configuration take what the schema takes, and each field says its default and
// shows an example.
import { readFileSync } from "node:fs";
import { describe, expect, expectTypeOf, it } from "vitest";
import type { WrittenRoute } from "../../src/config/written-route.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import type { RouteInput } from "../../src/config/route-schema.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { defineConfig } from "../../src/tidemark.ts";
import { refusalOf } from "./refusal-of.ts";

/** The schema gives arrays that can be changed, and takes those that cannot. */
type Unchanged<Form> = Form extends (...parameters: never[]) => unknown
  ? Form
  : { readonly [Name in keyof Form]: Unchanged<Form[Name]> };

describe("the types", () => {
  // That the names are the same, `FormsOf` checks beside the schema.
  it("allow nothing that the schema does not take", () => {
    expectTypeOf(defineConfig).parameter(0).toEqualTypeOf<WrittenConfig>();
    expectTypeOf<WrittenRoute>().toExtend<Unchanged<RouteInput>>();
    expectTypeOf<WrittenConfig>().toExtend<Unchanged<ConfigInput>>();
  });

  const route = (more: Omit<WrittenRoute, "name" | "match">): WrittenConfig => ({
    routes: [{ name: "page", match: "/page", ...more }],
  });
  const site = (written: WrittenConfig) => written;

  // Each line that follows must not compile, and the schema refuses the same.
  it.each([
    // @ts-expect-error a duration is a number with s, m, h or d
    { id: "words", written: route({ fresh: "5 minutes" }) },
    // @ts-expect-error a duration has its unit
    { id: "seconds", written: route({ browser: 60 }) },
    // @ts-expect-error lifetimes by status are durations too
    { id: "by-status", written: route({ fresh: { 200: "1 h" } }) },
    // @ts-expect-error a duration is a whole number
    { id: "fraction", written: route({ waitTimeout: "1.5s" }) },
    // @ts-expect-error not a lifetime that `fresh` knows
    { id: "origin", written: route({ fresh: { 200: "origin" } }) },
    // @ts-expect-error no such tier
    { id: "tier", written: route({ tiers: ["disk"] }) },
    // @ts-expect-error not built yet
    { id: "device", written: route({ key: { device: true } }) },
    // @ts-expect-error misspelt
    { id: "misspelt", written: route({ frsh: "5m" }) },
    // @ts-expect-error a size is a number of bytes
    { id: "size", written: site({ limits: { memoryBytes: "32 MiB" } }) },
    // @ts-expect-error not built yet
    { id: "store", written: site({ allowStoring: true }) },
    // @ts-expect-error no setting any more
    { id: "retention", written: site({ purge: { retention: "1d" } }) },
    // @ts-expect-error a name is missing
    { id: "name", written: site({ routes: [{ match: "/" }] }) },
  ])("refuse, as the schema does: $id", ({ written }) => {
    expect(refusalOf(written)).not.toBe("accepted");
  });

  it("take a duration with each unit", () => {
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

describe.each(["src/config/written.ts", "src/config/written-route.ts"])("%s", (path) => {
  it("says of each field what holds without it, and shows one", () => {
    const fields = fieldsIn(path);
    expect(fields.length).toBeGreaterThan(15);
    const silent = fields.filter(
      ({ said }) =>
        !/(?:Default:|Required\.|No default\.)/.test(said) || !said.includes("@example"),
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});

// Tests which routes can have slices, and which builds they have.
import { expect, it } from "vitest";
import { configOfBuild, defineConfig } from "../../../src/config/config.ts";
import { configWarnings } from "../../../src/admin/config-warnings.ts";
import { slices } from "../../../src/parts/slices/slices.ts";
import { refusalOf, route } from "../../config/refusal-of.ts";

it("a route with a build has no slices", () => {
  const ofBuilds = (builds: "named" | "shared") =>
    ({ kind: "route", name: "one", traits: { builds }, contents: {} }) as const;
  const written = route({ use: [ofBuilds("named"), slices()] });
  expect(refusalOf(written)).toBe(
    'route "news", use: has slices(), which would mix bodies of two builds; omit slices() or release()',
  );
  expect(refusalOf(route({ use: [ofBuilds("shared"), slices()] }))).toBe("accepted");
});

it("a page with ESI tags has no slices", () => {
  const ofEsi = { kind: "route", name: "esi", traits: { assembles: true }, contents: {} };
  expect(refusalOf(route({ use: [ofEsi, slices()] }))).toContain("omit one of them");
});

it("a route in slices has no builds of the process", () => {
  const config = defineConfig(route({ use: [slices()] }));
  expect(configOfBuild(config, "a").routes.map((one) => one.builds)).toEqual([undefined]);
});

it("slices have no effect with bypass", () => {
  const warnings = configWarnings(defineConfig(route({ bypass: true, use: [slices()] })));
  expect(warnings.map(({ what }) => what)).toEqual([
    'Route "news" has fields without effect: use.',
  ]);
});

// Tests the options of `release`, and the routes that can have them.
import { expect, it } from "vitest";
import { configOfBuild, defineConfig } from "../../../src/config/config.ts";
import { release, type ReleaseOptions } from "../../../src/parts/release/release.ts";
import { refusalOf, route } from "../../config/refusal-of.ts";

it.each<[written: unknown, why: string]>([
  ["always", "has other options"],
  [{}, "has other options"],
  [{ header: "x-build", keep: 3 }, "has other options"],
  [{ header: "x-build", keeps: 3 }, "has other options"],
  [undefined, "has other options"],
  [{ header: "x build" }, "has header with a name that no header field can have"],
  [{ header: "Cache-Tag" }, 'has header: "Cache-Tag", which clients need'],
  [{ keep: 0 }, "has keep, which must be a whole number of releases from 1 to 20"],
  [{ keep: 21 }, "has keep, which must be a whole number of releases from 1 to 20"],
  [{ keep: 1.5 }, "has keep, which must be a whole number of releases from 1 to 20"],
])("refuses %j", (written, why) => {
  expect(() => release(written as ReleaseOptions)).toThrow(`release ${why}. Write release({`);
});

it.each([
  [{ use: [release("keep")], negative: { 404: "30s" } }, "negative has 404"],
  [{ use: [release({ keep: 2 })], fresh: { 200: "1d", 410: "30s" } }, "fresh has 410"],
])("a lost asset has no lifetime of its own: %j", (changes, why) => {
  expect(refusalOf(route(changes))).toContain(
    `${why}, but a server of another build may lack an asset`,
  );
});

it.each([
  ["keep", undefined],
  [{ header: "x-build" }, {}],
] as const)("a route with %j has no build of the process", (options, builds) => {
  const config = defineConfig(route({ use: [release(options)] }));
  expect(configOfBuild(config, "a").routes.map((one) => one.builds)).toEqual([builds]);
});

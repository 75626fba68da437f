// The built Worker: its size under a budget, and nothing in it that no request needs.
import { expect, it } from "vitest";
import {
  bundleBytesMax,
  bundleContents,
  bundledPackages,
  bundleGzipBytesMax,
  packageOf,
} from "../../local/bundle-contents.ts";

/** A module of Node's own would not be found, and end this with the name of who imports it. */
const contents = await bundleContents();

it("stays under its budget", () => {
  expect(contents.bytes).toBeGreaterThan(100_000);
  expect(contents.bytes).toBeLessThanOrEqual(bundleBytesMax);
  expect(contents.gzipBytes).toBeLessThanOrEqual(bundleGzipBytesMax);
});

it("holds the packages that are listed, and no other", () => {
  const packages = new Set(contents.files.map(({ path }) => packageOf(path)));
  packages.delete(undefined);
  expect(packages).toEqual(new Set<string | undefined>(Object.keys(bundledPackages)));
});

it("holds of our own files those of src and the configuration alone", () => {
  const own = contents.files.filter(({ path }) => packageOf(path) === undefined);
  expect(own.length).toBeGreaterThan(50);
  const foreign = own.filter(
    ({ path }) => !/^(?:src\/|worker\.ts$|tidemark\.config\.ts$)/.test(path),
  );
  expect(foreign).toEqual([]);
});

it("has nothing in it of what an origin imports", () => {
  expect(contents.files.filter(({ path }) => path.startsWith("src/purger/"))).toEqual([]);
});

it("has nothing in it of data, which this site has none of", () => {
  expect(contents.files.filter(({ path }) => path.startsWith("src/data/"))).toEqual([]);
});

it("has of webhooks, which this site has none of, only what tells a sender from other values", () => {
  const ofWebhooks = contents.files.filter(({ path }) => path.startsWith("src/webhooks/"));
  expect(ofWebhooks.map(({ path }) => path)).toEqual(["src/webhooks/port/hook.ts"]);
});

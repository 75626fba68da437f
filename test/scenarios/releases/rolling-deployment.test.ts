// Two deployments with 10,000 requests: no page names an asset that answers 404, and no page of a left
// build comes from the cache. Each planted fault is seen.
import { afterEach, expect, it, vi } from "vitest";
import { playTimers } from "../../../testing/site/two-colos.ts";
import { deployed, usual } from "./deployments.ts";

const planted = vi.hoisted(() => ({ faults: {} as Record<string, unknown> }));
vi.mock(import("../../../src/pages/stored/release.ts"), async (load) => {
  const real = await load();
  const functions = Object.entries(real).map(([name, own]) => [
    name,
    (...given: unknown[]) =>
      ((planted.faults[name] ?? own) as (...given: unknown[]) => unknown)(...given),
  ]);
  return Object.fromEntries(functions) as typeof real;
});

playTimers();
afterEach(() => void (planted.faults = {}));

it("serves no page without its assets, and stores no page of a left build", async () => {
  const site = await deployed();
  expect([...site.faults]).toEqual([]);
  expect(site.requestCount).toBeGreaterThanOrEqual(10_000);
  // Both builds did answer during both deployments.
  for (const build of ["a of a", "a of a,b", "b of a,b", "b of b"]) {
    expect(site.servedBuilds).toContain(build);
  }
}, 120_000);

const [assets, pages] = usual.routes ?? [];
const tagged = { ...assets, release: { header: "x-build-id" } };
const rows = [
  {
    fault: "pages of a left build are stored",
    functions: { isOfOtherBuild: () => false },
    seen: "a left page from the cache",
  },
  {
    fault: "validators cross builds",
    functions: {
      isOfCurrentBuild: () => true,
      isSameBuild: () => true,
      markEntityTag: () => undefined,
    },
    seen: "a left page from the cache",
  },
  {
    fault: "a stale page of a left build answers during its refresh",
    functions: { isOfCurrentBuild: () => true },
    seen: "a left page from the cache",
  },
  {
    fault: "a client's ETag crosses builds",
    functions: { markEntityTag: () => undefined },
    seen: "a left page from the cache",
  },
  {
    fault: "a 404 replaces an asset",
    functions: { isMissingAsset: () => false },
    seen: "an asset is missing",
  },
  {
    fault: "an asset does not stay",
    functions: { isAssetKept: () => false },
    seen: "an asset is missing",
  },
  {
    fault: "the route of assets has releases",
    config: { routes: [tagged, pages] } as typeof usual,
    seen: "an asset is missing",
  },
];

it.each(rows)(
  "sees: $fault",
  async ({ functions = {}, config = usual, seen }) => {
    planted.faults = functions;
    const site = await deployed(config, seen);
    expect([...site.faults]).toContain(seen);
  },
  120_000,
);

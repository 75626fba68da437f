// Two deployments with 10,000 requests: no page names an asset that answers 404, and no page of a left
// build comes from the cache. Each planted fault is seen.
import { afterEach, expect, it, vi } from "vitest";
import { playTimers } from "../../../testing/site/two-colos.ts";
import { deployed, usual } from "./deployments.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import type { PartContents } from "../../../src/admin/part-contents.ts";
import type { RoutePart } from "../../../src/part/port/part.ts";
import type { Phases } from "../../../src/part/port/phases.ts";
import { release } from "../../../src/parts/release/release.ts";

const planted = vi.hoisted(() => ({ marks: true }));
vi.mock(import("../../../src/pages/stored/build.ts"), async (load) => {
  const real = await load();
  const markEntityTag: typeof real.markEntityTag = (...given) =>
    planted.marks && real.markEntityTag(...given);
  return { ...real, markEntityTag };
});

// Another body under the same ETag would show itself.
vi.mock(import("../../../src/pages/storing/lying-validators.ts"), async (load) => {
  const real = await load();
  const withheldTag: typeof real.withheldTag = (metadata, pending) =>
    planted.marks ? real.withheldTag(metadata, pending) : metadata;
  return { ...real, withheldTag };
});

/** Returns the routes with phases that replace those of the part. */
function withPhases(phases: Phases): ConfigInput {
  const replaced = ({ contents, ...part }: RoutePart): RoutePart => {
    const { openPhases, ...others } = contents as PartContents;
    const open: typeof openPhases = (host) => {
      const own = openPhases?.(host);
      return (route) => ({ ...own?.(route), ...phases });
    };
    return { ...part, contents: { ...others, openPhases: open } };
  };
  const routes = usual.routes?.map((route) => ({ ...route, use: route.use?.map(replaced) }));
  return { routes };
}

playTimers();
afterEach(() => void (planted.marks = true));

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
const tagged = { ...assets, use: [release({ header: "x-build-id" })] };
const rows: { fault: string; config?: ConfigInput; marks?: false; seen: string }[] = [
  {
    fault: "pages of a left build are stored",
    config: withPhases({ refuses: undefined }),
    seen: "a left page from the cache",
  },
  {
    fault: "validators cross builds",
    config: withPhases({ against: undefined, build: undefined }),
    seen: "a left page from the cache",
  },
  {
    fault: "a stale page of a left build answers during its refresh",
    config: withPhases({ against: undefined }),
    seen: "a left page from the cache",
  },
  { fault: "a client's ETag crosses builds", marks: false, seen: "a left page from the cache" },
  {
    fault: "a 404 replaces an asset",
    config: withPhases({ fails: undefined }),
    seen: "an asset is missing",
  },
  {
    fault: "an asset does not stay",
    config: withPhases({ standsIn: undefined }),
    seen: "an asset is missing",
  },
  {
    fault: "the route of assets names builds",
    config: { routes: [tagged, pages] } as ConfigInput,
    seen: "an asset is missing",
  },
];

it.each(rows)(
  "sees: $fault",
  async ({ config = usual, marks = true, seen }) => {
    planted.marks = marks;
    const site = await deployed(config, seen);
    expect([...site.faults]).toContain(seen);
  },
  120_000,
);

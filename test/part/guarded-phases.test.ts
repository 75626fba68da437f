// Tests phases of planted parts: what each may decide, and that one that throws decides for the safe side.
import { describe, expect, it } from "vitest";
import type { PartContents } from "../../src/admin/part-contents.ts";
import type { RoutePart } from "../../src/part/port/part.ts";
import type { Phases } from "../../src/part/port/phases.ts";
import { cc, page, unreachable } from "../../testing/fakes/origin-in-process.ts";
import { countsOf } from "../../testing/site/counts-of.ts";
import type { Site } from "../../testing/site/harness.ts";
import { openJournalled, send } from "../../testing/site/purge-sender.ts";
import { found } from "../parts/operate/health/health-world.ts";

/** Returns a part with these phases. */
function planted(phases: Phases, name = "planted", traits: RoutePart["traits"] = {}): RoutePart {
  const contents: PartContents = { openPhases: () => () => phases };
  return { kind: "route", name, traits, contents };
}

const kept = cc("max-age=60, stale-if-error=600", { etag: '"same"', "cache-tag": "red" });

/** Opens a site with one route, and stores its page. */
async function openWith(use: RoutePart[], origin = () => page("page", kept)) {
  const config = { routes: [{ name: "pages", match: "*", use }] };
  const { site } = openJournalled({ config, origin });
  const { cacheStatus } = await site.get("/a");
  return { site, isStored: cacheStatus.includes("; stored") };
}

const boom = () => {
  throw new RangeError("s3cret");
};

/** Each phase that throws, and what a client sees. */
const throwing: Partial<
  Record<keyof Phases, (site: Site, isStored: boolean) => Promise<void> | void>
> = {
  build: (_, isStored) => expect(isStored).toBe(false),
  fails: (_, isStored) => expect(isStored).toBe(false),
  refuses: (_, isStored) => expect(isStored).toBe(false),
  keepSeconds: async (site) => expect((await site.get("/a")).cacheStatus).toContain("; hit"),
  async against(site) {
    expect((await site.get("/a")).cacheStatus).not.toContain("; hit");
    site.origin.script = unreachable;
    expect((await site.get("/a")).status).toBe(502);
  },
  async standsIn(site) {
    site.clock.advance(700);
    site.origin.script = unreachable;
    expect((await site.get("/a")).status).toBe(502);
  },
  async mark(site) {
    site.clock.advance(100);
    site.origin.script = () => page("lost", {}, 404);
    for (const _ of ["first", "second"]) expect((await site.get("/a")).text).toBe("page");
  },
};

it.each(Object.entries(throwing))(
  "if %s throws, it decides for the safe side",
  async (name, check) => {
    const others: Phases =
      name === "mark"
        ? {
            fails: ({ status }) =>
              status === 404 ? { rule: "missing-asset", names: [] } : undefined,
            standsIn: () => "kept",
          }
        : {};
    const use = [planted({ ...others, [name]: boom }, "planted", { builds: "named" })];
    const { site, isStored } = await openWith(use);
    await check(site, isStored);
    expect(countsOf(site, "partFaults")).toEqual({
      "partFaults|planted": expect.any(Number) as number,
    });
    const lines = site.lines.filter(({ event }) => event === "part-failed");
    expect(lines).toHaveLength(1);
    expect(JSON.stringify(lines)).not.toContain("s3cret");
    expect(await found(site, "part-failed")).toMatchObject({ about: 'route "pages"' });
  },
);

describe("no phase lets a response answer that the core refuses", () => {
  const generous: Phases = {
    standsIn: () => "planted",
    against: () => undefined,
    refuses: () => undefined,
    fails: () => undefined,
    keepSeconds: () => Infinity,
  };

  it("after a hard purge", async () => {
    const { site } = await openWith([planted(generous)]);
    await send(site, { tags: ["red"] });
    site.origin.script = unreachable;
    expect((await site.get("/a")).status).toBe(502);
  });

  it("from a private answer", async () => {
    const answer = () => page("own", cc("private, max-age=60"));
    const named = { build: () => ({ build: "a", field: "cache-control" }), ...generous };
    const { site, isStored } = await openWith(
      [planted(named, "planted", { builds: "named" })],
      answer,
    );
    expect(isStored).toBe(false);
    expect((await site.get("/a")).cacheStatus).not.toContain("; hit");
  });

  it("from an answer with a build that no ETag can have", async () => {
    const named = { build: () => ({ build: 'a"b', field: "x-build" }) };
    const { site, isStored } = await openWith([planted(named, "planted", { builds: "named" })]);
    expect(isStored).toBe(false);
    const { cacheStatus, fields } = await site.get("/a");
    expect([cacheStatus, fields.get("etag")]).toEqual([
      "tidemark; fwd=uri-miss; fwd-status=200; detail=part-failed",
      '"same"',
    ]);
    expect(countsOf(site, "partFaults")).toEqual({ "partFaults|planted": 2 });
    expect(await found(site, "part-failed")).toMatchObject({ about: 'route "pages"' });
  });

  it.each([Number.NaN, -1, Infinity])("keepSeconds of %s makes nothing fresh", async (seconds) => {
    const { site } = await openWith([planted({ keepSeconds: () => seconds })]);
    site.clock.advance(61);
    expect((await site.get("/a")).cacheStatus).toContain("fwd=stale");
  });
});

it("a fresh response answers only while the origin fails, if a part says so", async () => {
  const { site } = await openWith([planted({ against: () => "origin-first" })]);
  expect((await site.get("/a")).cacheStatus).toContain("fwd=stale");
  site.origin.script = unreachable;
  expect(await site.get("/a")).toMatchObject({ status: 200, text: "page" });
});

it("of two parts, the stricter decides, and the longer time counts", async () => {
  const use = [
    planted({ against: () => "origin-first", keepSeconds: () => 0 }, "one"),
    planted({ against: () => "never", keepSeconds: () => 200_000 }, "two"),
    planted({ standsIn: () => "planted" }, "three"),
  ];
  const { site } = await openWith(use);
  site.origin.script = unreachable;
  expect((await site.get("/a")).status).toBe(502);
  const [, two, three] = use as [RoutePart, RoutePart, RoutePart];
  const kind = planted({ keepSeconds: () => 200_000 }, "two");
  expect(two.name).toBe(kind.name);
  const other = await openWith([kind, three]);
  other.site.clock.advance(190_000);
  other.site.origin.script = unreachable;
  expect((await other.site.get("/a")).text).toBe("page");
});

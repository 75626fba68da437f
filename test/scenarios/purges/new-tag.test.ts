// Tests that the present tags of the reader's route count in each judgement beside the stored ones (rule 5), so that a
// tag that a release adds covers what the older release stored. test/data/new-tag.test.ts tests the same for data, and
// beyond-view.test.ts the number of calls.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import type { TagsOf } from "../../../src/config/written-route.ts";
import { durableObjectJournal } from "../../../src/stores/durable-object/durable-object-journal.ts";
import { durableObjectRecords } from "../../../src/stores/durable-object/durable-object-records.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { FakeRecordObjects } from "../../../testing/fakes/fake-record-objects.ts";
import {
  cc,
  OriginInProcess,
  page,
  type Script,
  unchanged,
  unreachable,
} from "../../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { explained, explainToken } from "../../../testing/site/explained.ts";
import { Site, type SiteOptions } from "../../../testing/site/harness.ts";
import { send } from "../../../testing/site/purge-sender.ts";

type Tags = readonly string[] | TagsOf;
type WrittenRoute = NonNullable<ConfigInput["routes"]>[number];

const allowing = "max-age=600, stale-while-revalidate=600, stale-if-error=600";
const numbered: Script = (_, nth) => page(`page ${nth}`, cc(allowing, { etag: '"1"' }));

/** The releases of a site, whose isolates share an origin, a clock, a database, and unless they say otherwise a colo. */
class Releases {
  readonly clock = new FakeClock();
  readonly cache = new FakeCache(this.clock);
  readonly origin: OriginInProcess;
  readonly #stores: SiteOptions;

  constructor(script: Script = numbered, stores?: SiteOptions) {
    this.origin = new OriginInProcess(script);
    this.#stores = stores ?? { upstash: new UnsteadyUpstash(this.clock) };
  }

  open(tags: Tags, route: object = {}, options: SiteOptions = {}): Site {
    const { clock, cache, origin } = this;
    const routes = [{ name: "all", match: "/:slug", tags, ...route } as WrittenRoute];
    const env = { ADMIN_TOKEN: explainToken, ...this.#stores.env };
    const site = { clock, cache, config: { routes }, random: 0.9, ...this.#stores };
    return new Site({ ...site, env, ...options }, origin);
  }
}

const bearer = { authorization: `Bearer ${explainToken}` };
const elsewhere = ({ clock }: Releases) => ({ cache: new FakeCache(clock) });

/** Purges a tag, and lets all isolates learn of it. */
async function purge(site: Site, tag: string, more: object = {}): Promise<string> {
  const { status, text } = await send(site, { tags: [tag], ...more }, bearer);
  expect(status).toBe(200);
  return text;
}

const textOf = async (site: Site, path = "/a") => (await site.get(path)).text;

describe.each([
  { store: "Redis", stores: () => undefined },
  {
    store: "Durable Objects",
    stores: () => ({
      journal: durableObjectJournal(),
      records: durableObjectRecords({ objects: 1 }),
      env: { JOURNAL: new FakeObject().namespace, RECORDS: new FakeRecordObjects().namespace },
    }),
  },
])("a tag that a release adds to a route, over $store", ({ stores }) => {
  it.each<{ at: string; route?: object; isElsewhere?: boolean; isRead?: boolean }>([
    { at: "in the shared tier, unread", isElsewhere: true },
    { at: "in memory, from the shared tier", isElsewhere: true, isRead: true },
    { at: "at the edge, unread", route: { tiers: ["memory", "edge"] } },
    { at: "in memory, from the edge", route: { tiers: ["memory", "edge"] }, isRead: true },
    { at: "at the edge alone", route: { tiers: ["edge"] }, isRead: true },
    { at: "in the shared tier alone", route: { tiers: ["shared"] }, isRead: true },
  ])("covers a page $at", async ({ route, isElsewhere, isRead }) => {
    const releases = new Releases(numbered, stores());
    await releases.open(["labels"], route).get("/a");
    const after = releases.open(
      ["labels", "datasets"],
      route,
      isElsewhere ? elsewhere(releases) : {},
    );
    expect(isRead ? await textOf(after) : "page 1").toBe("page 1");
    await purge(after, "datasets");
    expect(await textOf(after)).toBe("page 2");
    releases.clock.advance(11);
    expect(await textOf(after)).toBe("page 2");
  });
});

/** Stores a page by a release without `datasets`, and opens one with it, which reads the page. */
async function added({ script = numbered, route = {}, tags = ["datasets"] as Tags } = {}) {
  const releases = new Releases(script);
  const before = releases.open(["labels"], route);
  await before.get("/a");
  const after = releases.open(tags, route, elsewhere(releases));
  expect(await textOf(after)).toBe("page 1");
  return { releases, before, after };
}

describe("a purge of the added tag", () => {
  it("reaches an isolate that has not accepted it within N, and not the readers of the older release", async () => {
    const { releases, before, after } = await added();
    await purge(before, "datasets");
    releases.clock.advance(11);
    expect(await textOf(before)).toBe("page 1");
    expect(await textOf(after)).toBe("page 2");
  });

  it("forbids stale use, also while the origin fails", async () => {
    const { releases, after } = await added();
    releases.clock.advance(700);
    await purge(after, "datasets");
    releases.origin.script = unreachable;
    expect((await after.get("/a")).status).toBe(502);
  });

  it("makes the page stale if it is soft, and the next load has no validator", async () => {
    const { releases, after } = await added();
    await purge(after, "datasets", { mode: "soft" });
    releases.clock.advance(1);
    expect((await after.get("/a")).cacheStatus).toContain("hit; ttl=-1");
    expect(releases.origin.last.fields.has("if-none-match")).toBe(false);
    expect(await textOf(after)).toBe("page 2");
  });

  it("withholds the validator of an expired page (rule 23)", async () => {
    const script: Script = (request, nth) =>
      request.headers.has("if-none-match")
        ? unchanged(cc("max-age=600", { etag: '"1"' }))
        : page(`page ${nth}`, cc("max-age=600", { etag: '"1"' }));
    const { releases, after } = await added({ script });
    releases.clock.advance(700);
    await purge(after, "datasets");
    expect(await textOf(after)).toBe("page 2");
  });

  it("counts for a reader of its position, in a view that does not have it", async () => {
    const { releases, before, after } = await added();
    releases.clock.advance(2);
    const { sealedPosition } = JSON.parse(await purge(before, "datasets")) as {
      sealedPosition: string;
    };
    const own = { headers: { "tidemark-position": sealedPosition } };
    expect((await after.get("/a", own)).text).toBe("page 2");
  });

  it("is explained by the tag, beside the tags of the copy", async () => {
    const { after } = await added();
    await purge(after, "datasets");
    const { verdict, look } = await explained(after, "/a");
    expect(verdict).toMatchObject({ by: "purged" });
    const shared = look?.tiers.find(({ tier }) => tier === "shared");
    expect(shared?.copy).toMatchObject({ tags: ["labels"], addedTags: ["datasets"] });
    expect(look?.purges).toMatchObject({ newest: [{ targets: { tags: ["datasets"] } }] });
  });

  it("is counted by a dry run", async () => {
    const { releases, after } = await added();
    const dry = { dryRun: true };
    expect(JSON.parse(await purge(after, "datasets", dry))).toMatchObject({
      isolate: { examined: 1, covered: 1 },
      shared: { examined: 1, covered: 1 },
    });
    const tags = (parameters: object) => Object.values<string>(parameters as never);
    const named = releases.open(tags, {}, elsewhere(releases));
    expect(JSON.parse(await purge(named, "a", dry))).toMatchObject({ shared: { covered: 1 } });
  });
});

it("a tag that a release removes covers what carries it", async () => {
  const releases = new Releases();
  await releases.open(["labels", "datasets"]).get("/a");
  const after = releases.open(["labels"], {}, elsewhere(releases));
  expect(await textOf(after)).toBe("page 1");
  await purge(after, "datasets");
  expect(await textOf(after)).toBe("page 2");
});

describe("the present tags are those of the route's option `tags`, as when a page is stored", () => {
  it.each<{ id: string; tags: Tags; tag: string; isCovered: boolean }>([
    {
      id: "of the page's parameters",
      tags: ({ slug }) => [`of:${slug}`],
      tag: "of:a",
      isCovered: true,
    },
    { id: "of another page", tags: ({ slug }) => [`of:${slug}`], tag: "of:b", isCovered: false },
    { id: "with white space", tags: [" datasets "], tag: "datasets", isCovered: true },
    { id: "in another case", tags: ["Datasets"], tag: "datasets", isCovered: false },
    { id: "with text that is escaped", tags: ["%D1%82%D0%B5%D0%B3"], tag: "тег", isCovered: true },
    { id: "beside one that is too long", tags: ["x".repeat(257), "t"], tag: "t", isCovered: true },
    { id: "an empty one", tags: ["", "datasets"], tag: "other", isCovered: false },
  ])("$id: $isCovered", async ({ tags, tag, isCovered }) => {
    const { after } = await added({ tags });
    await purge(after, tag);
    expect(await textOf(after)).toBe(isCovered ? "page 2" : "page 1");
  });

  it("those of `answer` are not judged, because they need the origin's answer", async () => {
    const { after } = await added({ route: { answer: [{ when: { status: 200 }, tags: ["ok"] }] } });
    const releases = new Releases();
    await releases.open([]).get("/a");
    const ruled = releases.open([], { answer: [{ when: { status: 200 }, tags: ["ok"] }] });
    await purge(ruled, "ok");
    expect(await textOf(ruled)).toBe("page 1");
    await purge(after, "ok");
    expect(await textOf(after)).toBe("page 2");
  });

  it.each<{ id: string; fails: () => unknown }>([
    { id: "throws", fails: () => expect.unreachable() },
    { id: "returns a promise", fails: () => Promise.reject(new Error()) },
    { id: "returns no text", fails: () => [1] },
  ])(
    "a page of which the function $id is not used, as it would not be stored",
    async ({ fails }) => {
      const tags = (({ slug }) => (slug === "a" ? fails() : [])) as TagsOf;
      const releases = new Releases();
      await releases.open(["labels"]).get("/a");
      const after = releases.open(tags, {}, elsewhere(releases));
      expect(await textOf(after)).toBe("page 2");
      expect(await textOf(after)).toBe("page 3");
      const { verdict, look } = await explained(after, "/a");
      expect(verdict).toMatchObject({ by: "nothing-stored" });
      expect(look?.tiers.find(({ tier }) => tier === "shared")?.has).toBe("untagged response");
    },
  );

  it("of a function that names more than before count for a page in memory", async () => {
    const named = ["labels"];
    const site = new Releases().open(() => [...named]);
    await site.get("/a");
    named.push("datasets");
    expect(await textOf(site)).toBe("page 1");
    await purge(site, "datasets");
    expect(await textOf(site)).toBe("page 2");
    named.pop();
    await purge(site, "datasets");
    expect(await textOf(site)).toBe("page 3");
  });

  it("are worked out once for each page and route", async () => {
    let calls = 0;
    const tags = () => [`call ${(calls += 1)}`];
    const { after } = await added({ tags });
    const before = calls;
    for (let nth = 0; nth < 10; nth += 1) expect(await textOf(after)).toBe("page 1");
    expect(calls).toBe(before);
  });
});

// Tests this source and earlier releases over the same Durable Objects: an upgrade, a rollback, a
// change between both again and again, and isolates of one version over objects of the other.
import { beforeAll, describe, expect, it } from "vitest";
import { namesCovering } from "../../src/purge/journal/book.ts";
import { releaseTags } from "../../src/purge/journal/purge-target.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { idle, read, type Seen } from "../../testing/site/harness.ts";
import type { Isolate } from "../../testing/released/isolate.ts";
import { env, journalOf, purge, sendWebhook, standing } from "../../testing/released/life.ts";
import {
  bypassedRoute,
  livedInObjects,
  ObjectPlaces,
  subscriber,
  throwSwitch,
} from "../../testing/released/object-places.ts";
import { objectsReleases } from "../../testing/released/release.ts";
import { entries, openWorker } from "../../testing/released/worker-text.ts";

/** A time longer than N, in seconds. After that, no isolate uses an earlier copy of the view. */
const pastN = 30;

const releases = objectsReleases();
const last = releases.find(({ worker }) => worker !== undefined);
let today = "";
const workerOf = (version: string) => (version === "today" ? today : (last?.worker ?? ""));
const otherOf = (version: string) => (version === "today" ? "the release" : "today");

beforeAll(async () => {
  today = await openWorker(undefined, entries.objects);
});

const tierOf = ({ cacheStatus }: Seen) =>
  /^tidemark; hit; ttl=\d+; detail=(\w+)$/.exec(cacheStatus)?.[1];

/** Runs both the objects and the returned isolate with a version. */
async function deployed(places: ObjectPlaces, version: string): Promise<Isolate> {
  await places.deploy(workerOf(version));
  return places.open(workerOf(version));
}

/** Pages that any origin of these tests has, and that objects store. */
const paths = standing
  .filter(({ headers, isAtEdgeAlone }) => headers === undefined && isAtEdgeAlone !== true)
  .map(({ path }) => path);

/** Requests all pages by a new isolate, whose edge cache is empty, and returns their tiers. */
async function tiersOf(places: ObjectPlaces, version: string) {
  const isolate = await places.open(workerOf(version));
  const tiers = [];
  for (const path of paths) tiers.push(tierOf(await isolate.get(path)) ?? "none");
  return tiers;
}
const everyTier = (tier: string) => paths.map(() => tier);

/** Stores all pages, and checks that the next isolate answers all of them from the objects. */
async function storesPages(places: ObjectPlaces, version: string): Promise<void> {
  const isolate = await places.open(workerOf(version));
  for (const path of [...paths, ...paths]) await isolate.get(path);
  expect(await tiersOf(places, version)).toEqual(everyTier("shared"));
}

async function findingsOf(isolate: Isolate): Promise<readonly Record<string, unknown>[]> {
  const headers = { authorization: `Bearer ${env.ADMIN_TOKEN}` };
  const answer = await read(await isolate.ask("/_cache/health", { headers }));
  return (JSON.parse(answer.text) as { findings: Record<string, unknown>[] }).findings;
}
const aboutObjects = ({ code }: Record<string, unknown>) =>
  /^(object-|tier-failing|journal-)/.test(String(code));

const fromObject = async (places: ObjectPlaces, tags: readonly string[], id: string) => {
  const fields = ["v", "1", "mode", "hard", "tags", JSON.stringify(tags), "prefixes", "[]"];
  const entry = { n: "n", fields, tags, prefixes: [] };
  const limits = { keptCount: 100, countMax: 100, charsMax: 100_000 };
  const ask = { request: id, entries: [entry], ...limits };
  const reply = (await places.callJournal("append", ask)) as { places: [{ n: string }] };
  return reply.places[0].n;
};

/** Asks the object as an isolate of a version does, about a page with a tag. */
const unpurged = (
  places: ObjectPlaces,
  version: string,
  { n, tag, end }: Record<"n" | "tag" | "end", string>,
) => {
  const [path, url] = ["/page", "https://www.example.com/page"];
  const own =
    version === "today"
      ? { names: namesCovering({ url, route: "rest", tags: [tag] }) }
      : { tags: ["everything", `tag:${tag}`], paths: [path, url] };
  return places.callJournal("unpurged", { end, records: [{ n, ...own }] });
};

describe.each(releases)("over the objects of $version", ({ forms }) => {
  it("all pages are stored again, and no finding is about an object", async () => {
    const places = ObjectPlaces.found(forms);
    const isolate = await deployed(places, "today");
    await storesPages(places, "today");
    expect((await findingsOf(isolate)).filter(aboutObjects)).toEqual([]);
  });

  it("the journal, the switch and the subscribers' states stay", async () => {
    const places = ObjectPlaces.found(forms);
    const isolate = await deployed(places, "today");
    expect(await journalOf(isolate)).toEqual(forms.journal);
    const { cacheStatus } = await isolate.get(`/${bypassedRoute}/a`);
    expect(cacheStatus).toContain("detail=switch");
    const states = await places.callJournal("states", { names: [subscriber] });
    expect(states).toEqual(["a state"]);
  });

  it("a webhook that is delivered again adds no entry", async () => {
    const places = ObjectPlaces.found(forms);
    const isolate = await deployed(places, "today");
    const { count } = (await places.callJournal("extent", {})) as { count: number };
    await isolate.get("/plain");
    await sendWebhook(isolate, places);
    expect(await places.callJournal("extent", {})).toMatchObject({ count });
  });
});

describe("over the objects of this source", () => {
  it("the last release stores pages, and reads the journal and the switch", async () => {
    const forms = await livedInObjects(today);
    const places = ObjectPlaces.found(forms);
    const isolate = await deployed(places, "the release");
    await storesPages(places, "the release");
    expect(await journalOf(isolate)).toEqual(forms.journal);
    const { cacheStatus } = await isolate.get(`/${bypassedRoute}/a`);
    expect(cacheStatus).toContain("detail=switch");
  });
});

describe.each(["today", "the release"])("if both versions alternate, %s", (version) => {
  const other = otherOf(version);

  it("answers from its own records, as often as the versions change", async () => {
    const places = new ObjectPlaces();
    const found: Awaited<ReturnType<typeof tiersOf>>[] = [];
    for (const each of [other, version, other, version, other, version]) {
      await places.deploy(workerOf(each));
      found.push(await tiersOf(places, each));
      await storesPages(places, each);
    }
    // The first start of this source empties the table. Later, a version replaces a record of the
    // other one only if both choose the same object for its key.
    const shared = expect.arrayContaining(["shared"]) as string[];
    expect(found.slice(-2)).toEqual([shared, shared]);
  });

  it.each([
    { id: "tag", path: "/plain", order: { tags: ["site"] } },
    { id: "URL", path: "/packed", order: { urls: ["https://www.example.com/packed"] } },
    { id: "prefix", path: "/articles/a", order: { prefixes: ["/articles/"] } },
    { id: "everything", path: "/missing", order: { everything: true } },
  ])("obeys a purge by $id of the other version", async ({ path, order }) => {
    const places = new ObjectPlaces();
    const isolate = await deployed(places, version);
    await isolate.get(path);
    await isolate.get(path);
    places.origin.script = () => page("new", cc("max-age=86400"));
    await purge(await deployed(places, other), order);
    places.clock.advance(pastN);
    await places.deploy(workerOf(version));
    for (const each of [isolate, await places.open(workerOf(version))]) {
      expect((await each.get(path)).text).toBe("new");
    }
  });

  // Rule 27: a stamp that is older than the view.
  it("vouches for no stamp from before a purge of the other version", async () => {
    const places = new ObjectPlaces();
    await places.deploy(workerOf(version));
    const n = await fromObject(places, ["tag:first"], "1");
    for (const round of ["a", "b"]) {
      await places.deploy(workerOf(other));
      await fromObject(places, [`tag:${round}`], `other ${round}`);
      await places.deploy(workerOf(version));
      const end = await fromObject(places, ["tag:nobody"], `own ${round}`);
      const of = { tag: round, end };
      expect(await unpurged(places, version, { ...of, n })).toEqual([false]);
      // The release does not know which purges this source has noted, so it vouches for none.
      const ofEnd = await unpurged(places, version, { ...of, n: end });
      expect(ofEnd).toEqual([version === "today"]);
    }
  });

  it("vouches for no record that the other version asks about", async () => {
    const places = new ObjectPlaces();
    await places.deploy(workerOf(version));
    const n = await fromObject(places, ["tag:first"], "1");
    const end = await fromObject(places, ["tag:a"], "2");
    const reply = await unpurged(places, other, { n, end, tag: "a" }).catch(() => "refused");
    expect([[false], "refused"]).toContainEqual(reply);
  });
});

it("knows the release that was told while the last release ran", async () => {
  const places = new ObjectPlaces();
  await places.deploy(today);
  await fromObject(places, releaseTags("one"), "1");
  await places.deploy(workerOf("the release"));
  const n = await fromObject(places, releaseTags("two"), "2");
  await places.deploy(today);
  const reply = await places.callJournal("read", { countMax: 0, charsMax: 0 });
  expect(reply).toMatchObject({ released: [expect.any(String), expect.arrayContaining([n])] });
});

describe("an isolate over the objects of the other version", () => {
  it.each(["today", "the release"])(
    "of %s answers, but stores no record there",
    async (version) => {
      const places = new ObjectPlaces();
      await places.deploy(workerOf(otherOf(version)));
      const isolate = await places.open(workerOf(version));
      for (const path of paths) expect((await isolate.get(path)).status).toBeLessThan(500);
      expect(await tiersOf(places, version)).toEqual(everyTier("none"));
    },
  );

  it.each(["today", "the release"])(
    "of %s purges and throws the switch for both",
    async (version) => {
      const places = new ObjectPlaces();
      const other = otherOf(version);
      const reader = await deployed(places, other);
      await reader.get("/plain");
      places.origin.script = () => page("new", cc("max-age=86400"));
      const purger = await places.open(workerOf(version));
      await purge(purger, { tags: ["site"] });
      await throwSwitch(purger, [bypassedRoute]);
      await idle();
      places.clock.advance(pastN);
      expect((await reader.get("/plain")).text).toBe("new");
      expect((await reader.get(`/${bypassedRoute}/a`)).cacheStatus).toContain("detail=switch");
    },
  );

  it("has a finding with the cause and the remedy, until the objects change", async () => {
    const places = new ObjectPlaces();
    await places.deploy(workerOf("the release"));
    const isolate = await places.open(today);
    await isolate.get("/plain");
    const found = (await findingsOf(isolate)).filter(aboutObjects);
    const finding = (object: string) => ({
      code: "object-version",
      level: "warning",
      cause: expect.stringMatching(`^${object} runs another version of the Worker`),
      remedy: expect.stringMatching(
        /^Give one version all requests: npx wrangler versions deploy <version>@100%\. /,
      ),
    });
    const objects = ["The metrics' Durable Object", "A Durable Object of the records"];
    expect(found).toMatchObject(objects.map(finding));
    await places.deploy(today);
    places.clock.advance(600);
    for (const path of paths) await isolate.get(path);
    expect((await findingsOf(isolate)).filter(aboutObjects)).toEqual([]);
  });
});

it("a purge of a URL reaches a page that 0.2.0 stores under a tracking parameter of later versions", async () => {
  const places = new ObjectPlaces();
  const purger = await deployed(places, "today");
  const reader = await deployed(places, "the release");
  const path = "/plain?srsltid=a";
  await reader.get(path);
  places.origin.script = () => page("new", cc("max-age=86400"));
  await purge(purger, { urls: [`https://www.example.com${path}`] });
  places.clock.advance(pastN);
  expect((await reader.get(path)).text).toBe("new");
});

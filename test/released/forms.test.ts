// Tests this source and the last release over one Redis and one edge cache, as in a roll-out or a
// roll-back. Neither answers from a record of the other, and each obeys the other's purges. Each
// reads the other's journal, leases and, in a roll-out, notes of hot keys.
import { beforeAll, describe, expect, it } from "vitest";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { type AskInit, idle, read, type Seen, until } from "../../testing/site/harness.ts";
import type { Isolate } from "../../testing/released/isolate.ts";
import {
  type Forms,
  groupEnding,
  heldPage,
  hotPage,
  journalOf,
  lived,
  ownPage,
  purge,
  purged,
  sendWebhook,
  SharedPlaces,
  standing,
} from "../../testing/released/life.ts";
import { lastRelease } from "../../testing/released/release.ts";
import { openWorker } from "../../testing/released/worker-text.ts";

/** A time longer than N, in seconds. After that, no isolate uses an earlier copy of the view. */
const pastN = 30;
/** The limit for this source to write all data. Purges are read back after N/2 in real time. */
const lifeMsMax = 120_000;

const release = lastRelease();
let today = "";
const formsBy: Record<string, Forms> = { released: release.forms };
const workerOf = (version: string) => (version === "released" ? release.worker : today);

beforeAll(async () => {
  today = await openWorker();
  formsBy["today"] = await lived(today);
}, lifeMsMax);

const tierOf = ({ cacheStatus }: Seen) =>
  /^tidemark; hit; ttl=\d+; detail=(\w+)$/.exec(cacheStatus)?.[1];

/** Sends a request without waiting for background work, such as that of a purge. */
async function ask(isolate: Isolate, path: string, init?: AskInit): Promise<Seen> {
  return read(await isolate.ask(path, init));
}

describe.each([
  ["this source, with data of the last release,", "released", "today"],
  ["the last release, with data of this source,", "today", "released"],
])("%s", (_id, writer, reader) => {
  const forms = (): Forms => formsBy[writer]!;
  const found = () => SharedPlaces.found(forms());
  const open = (places: SharedPlaces) => places.open(workerOf(reader));
  /** Returns places with the reader's own data, which the writer has not changed yet. */
  const own = () => SharedPlaces.found(formsBy[reader]!);
  const openWriter = (places: SharedPlaces) => places.open(workerOf(writer));
  const tiers = ["edge", "shared"] as const;

  it.each(tiers)("answers from none of the %s tier's records, and stores its own", async (tier) => {
    const opened = () => {
      const places = found();
      if (tier === "shared") places.cache.empty();
      return places;
    };
    const lasting = standing.filter(({ isAtEdgeAlone }) => tier === "edge" || !isAtEdgeAlone);
    // The data are not empty: the version that wrote them answers from them.
    const isolateOfWriter = await openWriter(opened());
    for (const { path, headers = {} } of lasting) {
      expect([path, tierOf(await isolateOfWriter.get(path, { headers }))]).toEqual([path, tier]);
    }
    const places = opened();
    const isolate = await open(places);
    const paths = new Set([...lasting.map(({ path }) => path), ...purged]);
    for (const path of paths) {
      const { status, text, cacheStatus } = await isolate.get(path);
      const missed = [path, 200, "new", expect.stringContaining("; fwd=uri-miss;")];
      expect([path, status, text, cacheStatus]).toEqual(missed);
    }
    places.origin.script = () => page("newer", cc("max-age=86400"));
    for (const path of paths) {
      const { text, cacheStatus } = await isolate.get(path);
      expect([path, text, cacheStatus]).toEqual([path, "new", expect.stringContaining("; hit;")]);
    }
    // Nor does the other version answer from the records that have now replaced its own.
    const other = await openWriter(places);
    for (const path of paths) expect([path, (await other.get(path)).text]).toEqual([path, "newer"]);
  });

  // A copy by 0.1.0 lacks the state of the switch, which later copies contain.
  it("ignores the other version's copy of the view, and reads the journal once", async () => {
    const places = found();
    const isolate = await open(places);
    await ask(isolate, "/plain");
    const reads = places.upstash.journalCommands.filter((name) => /RANGE$|^EVAL_RO$/.test(name));
    expect(reads).toHaveLength(1);
  });

  it("reads each entry of the journal, including marks, with the same content", async () => {
    expect(await journalOf(await open(found()))).toEqual(forms().journal);
  });

  it("adds no second entry for a webhook that is delivered again", async () => {
    const places = found();
    places.clock.advance(pastN);
    const isolate = await open(places);
    await isolate.get("/plain");
    const count = places.upstash.journal.length;
    const { text } = await sendWebhook(isolate, places);
    expect(forms().database.journal.map(([position]) => position)).toContain(
      (JSON.parse(text) as { position: string }).position,
    );
    expect(places.upstash.journal.length).toBe(count);
  });

  it.each([
    { id: "tag", path: "/plain", order: { tags: ["site"] } },
    { id: "tag beyond ASCII", path: "/named", order: { tags: ["Gr\u00f6\u00dfe"] } },
    { id: "tag from the route", path: "/articles/a", order: { tags: ["article:a"] } },
    { id: "URL", path: "/packed", order: { urls: ["https://www.example.com/packed"] } },
    { id: "prefix", path: "/articles/a", order: { prefixes: ["/articles/"] } },
    { id: "host", path: "/picture", order: { hosts: ["www.example.com"] } },
    { id: "route", path: "/crowd/page", order: { routes: ["crowd"] } },
    { id: "everything", path: "/missing", order: { everything: true } },
    {
      id: "everything, for a body in a separate record",
      path: "/large",
      order: { everything: true },
    },
  ])("obeys a purge by $id of the other version", async ({ path, order }) => {
    for (const tier of tiers) {
      const places = own();
      const isolate = await open(places);
      expect(tierOf(await isolate.get(path))).toBe("edge");
      await purge(await openWriter(places), order);
      places.clock.advance(pastN);
      if (tier === "shared") places.cache.empty();
      // The second isolate has the purged record in memory.
      for (const each of [await open(places), isolate]) {
        expect([tier, (await ask(each, path)).text]).toEqual([tier, "new"]);
      }
      // Other records still answer. An unreadable entry would cover everything.
      if ("hosts" in order || "everything" in order) continue;
      expect(tierOf(await (await open(places)).get("/empty"))).toBe(tier);
    }
  });

  it("asks the origin for a record that the other version has softly purged", async () => {
    const places = own();
    const order = { urls: ["https://www.example.com/renewed"], mode: "soft" };
    await purge(await openWriter(places), order);
    places.clock.advance(pastN);
    const { cacheStatus } = await (await open(places)).get("/renewed");
    expect(cacheStatus).toContain("fwd=stale");
    expect(places.origin.last.path).toBe("/renewed");
  });

  it("obeys an invalidation by a group that the other version's origin has named", async () => {
    const places = own();
    await ask(await openWriter(places), groupEnding, { method: "POST" });
    await idle();
    places.clock.advance(pastN);
    const isolate = await open(places);
    expect((await isolate.get("/grouped")).text).toBe("new");
    expect(tierOf(await isolate.get("/plain"))).toBe("edge");
  });

  it.runIf(reader === "today")("forwards at once if a word replaces the lease", async () => {
    const places = found();
    const isolate = await open(places);
    await isolate.get(ownPage);
    // SET and GET find the word. The isolate takes no lease, so it releases none.
    expect(places.upstash.leaseCommands).toEqual(["SET", "GET"]);
    expect(places.origin.count).toBe(1);
  });

  // 0.1.0 does not know the word "lead-anonymously".
  it.runIf(reader === "released")("treats an unknown word as a lease, and waits 3 s", async () => {
    const places = found();
    const isolate = await open(places);
    const asked = ask(isolate, ownPage);
    await until(() => places.upstash.leaseCommands.length > 2);
    expect(places.origin.count).toBe(0);
    places.clock.advance(3);
    await asked;
    expect(places.origin.count).toBe(1);
  });

  it("waits for a held lease, and requests the page after the lease expires", async () => {
    const places = found();
    const isolate = await open(places);
    const asked = ask(isolate, heldPage);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(places.origin.count).toBe(0);
    places.clock.advance(4);
    expect((await asked).text).toBe("new");
  });

  // Version 0.1.0 ignores notes without the member `cookie`, and then refreshes nothing.
  it.runIf(reader === "today")("refreshes a hot key from the release's notes", async () => {
    const places = found();
    places.clock.advance(60);
    const isolate = await open(places);
    await isolate.fireCron();
    expect(places.origin.asked.map(({ path }) => path)).toContain(hotPage);
  });
});

it.each([
  ["/a?x[]=1&x%5B%5D=2", {}],
  ["/a?filter%5Ba%5D=1", { key: { query: { strip: ["filter[*"] } } }],
  ["/a?b[x]=1", { key: { query: { strip: ["b%5Bx]"] } } }],
  ["/a?a=1&b[x%5D=1", { routes: [{ name: "a", match: "/a", query: { allow: ["a", "b%5Bx*"] } }] }],
])(
  "a purge at this source covers a page of version 0.2.0 by its own URL: %s",
  async (path, config) => {
    const places = new SharedPlaces();
    const old = await places.open(release.worker, config);
    await ask(old, path);
    places.origin.script = () => page("new");
    await purge(await places.open(today, config), { urls: [`https://www.example.com${path}`] });
    places.clock.advance(pastN);
    expect((await ask(old, path)).text).toBe("new");
  },
);

// Tests that this source and the last release each read what the other has written to Redis and the
// edge tier. After a roll-out, this source reads data of the release. After a roll-back, the
// release reads data of this source.
import { beforeAll, describe, expect, it } from "vitest";
import { type AskInit, idle, read, type Seen } from "../../testing/site/harness.ts";
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
  softlyPurged,
  standing,
  until,
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
  /** Returns the answers to `standing` of the version that wrote the data. */
  const answersOfWriter = async () => {
    const isolate = await found().open(workerOf(writer));
    return Promise.all(standing.map(({ path, headers = {} }) => ask(isolate, path, { headers })));
  };
  const gist = ({ status, text, fields }: Seen) => {
    const { age, ...others } = Object.fromEntries(fields);
    return { status, text, age, others };
  };

  it("answers from each record in the edge tier like the version that wrote it", async () => {
    const places = found();
    const isolate = await open(places);
    const answers = await answersOfWriter();
    for (const [nth, { path, headers = {} }] of standing.entries()) {
      const seen = await isolate.get(path, { headers });
      expect([path, tierOf(seen)]).toEqual([path, "edge"]);
      expect(gist(seen)).toEqual(gist(answers[nth]!));
    }
    expect(places.origin.count).toBe(0);
  });

  it("answers in another colo from each record in Redis", async () => {
    const places = found();
    places.cache.empty();
    const isolate = await places.open(workerOf(reader), "NRT");
    for (const { path, headers = {}, isAtEdgeAlone } of standing) {
      if (isAtEdgeAlone) continue;
      expect([path, tierOf(await isolate.get(path, { headers }))]).toEqual([path, "shared"]);
    }
    expect(places.origin.count).toBe(0);
  });

  // A copy by 0.1.0 lacks the state of the switch, which later copies contain.
  it("ignores the other version's copy of the view, and reads the journal once", async () => {
    const places = found();
    const isolate = await open(places);
    expect(tierOf(await ask(isolate, "/plain"))).toBe("edge");
    const reads = places.upstash.journalCommands.filter((name) => /RANGE$|^EVAL_RO$/.test(name));
    expect(reads).toHaveLength(1);
  });

  it.each(["edge", "shared"])(
    "does not answer from purged records in the %s tier",
    async (tier) => {
      const places = found();
      if (tier === "shared") places.cache.empty();
      places.clock.advance(pastN);
      const isolate = await open(places);
      for (const path of purged) {
        const { text, cacheStatus } = await isolate.get(path);
        expect([path, text, cacheStatus]).toEqual([path, "new", expect.stringContaining("fwd=")]);
      }
      expect(places.origin.count).toBe(purged.length);
      // A record that was not purged still answers. An unreadable entry would cover everything.
      expect(tierOf(await isolate.get("/plain"))).toBe(tier);
    },
  );

  it("validates a softly purged record", async () => {
    const places = found();
    places.clock.advance(pastN);
    const isolate = await open(places);
    const { cacheStatus } = await isolate.get(softlyPurged);
    expect(cacheStatus).toContain("fwd=stale");
    expect(places.origin.last.fields.get("if-none-match")).toBe('"soft"');
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
  ])("purges records by $id", async ({ path, order }) => {
    for (const tier of ["edge", "shared"]) {
      const places = found();
      if (tier === "shared") places.cache.empty();
      const isolate = await open(places);
      await purge(isolate, order);
      const { text, cacheStatus } = await ask(isolate, path);
      expect([tier, text, cacheStatus]).toEqual([tier, "new", expect.stringContaining("fwd=")]);
    }
  });

  it("purges records softly", async () => {
    const places = found();
    const isolate = await open(places);
    await purge(isolate, { tags: ["spring"], mode: "soft" });
    await purge(isolate, { urls: ["https://www.example.com/renewed"], mode: "soft" });
    await ask(isolate, "/renewed");
    expect(places.origin.last.fields.get("if-none-match")).toBe('"one"');
  });

  it("invalidates records by a group that the answer to an unsafe method names", async () => {
    const places = found();
    const isolate = await open(places);
    await ask(isolate, groupEnding, { method: "POST" });
    await idle();
    places.clock.advance(pastN);
    const other = await open(places);
    expect((await other.get("/grouped")).text).toBe("new");
    expect(tierOf(await other.get("/plain"))).toBe("edge");
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

  it("refreshes a hot key from the other version's notes", async () => {
    const places = found();
    places.clock.advance(60);
    const isolate = await open(places);
    await isolate.fireCron();
    expect(places.origin.asked.map(({ path }) => path)).toContain(hotPage);
  });
});

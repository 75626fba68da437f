// What one version has left in Redis and in the edge cache, another finds: after a roll-out today's
// code finds what the last release wrote, after a roll-back it is the other way round.
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

/** Longer than N, after which nobody judges by a copy that was there before. */
const pastN = 30;
/** Purges are read back in half of N, which passes in real time. */
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

/** What a purge leaves to be done is not waited for. */
async function ask(isolate: Isolate, path: string, init?: AskInit): Promise<Seen> {
  return read(await isolate.ask(path, init));
}

describe.each([
  ["rolled out: today's code finds what the last release wrote", "released", "today"],
  ["rolled back: the last release finds what today's code wrote", "today", "released"],
])("%s", (_id, writer, reader) => {
  const forms = (): Forms => formsBy[writer]!;
  const found = () => SharedPlaces.found(forms());
  const open = (places: SharedPlaces) => places.open(workerOf(reader));
  /** What the writer itself answers. */
  const answersOfWriter = async () => {
    const isolate = await found().open(workerOf(writer));
    return Promise.all(standing.map(({ path, headers = {} }) => ask(isolate, path, { headers })));
  };
  const gist = ({ status, text, fields }: Seen) => {
    const { age, ...others } = Object.fromEntries(fields);
    return { status, text, age, others };
  };

  it("every record at the edge is a hit, as whoever wrote it would answer", async () => {
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

  it("every record in Redis is a hit, in another colo", async () => {
    const places = found();
    places.cache.empty();
    const isolate = await places.open(workerOf(reader), "NRT");
    for (const { path, headers = {}, isAtEdgeAlone } of standing) {
      if (isAtEdgeAlone) continue;
      expect([path, tierOf(await isolate.get(path, { headers }))]).toEqual([path, "shared"]);
    }
    expect(places.origin.count).toBe(0);
  });

  // Its form has changed since 0.1.0: it has the state of the switch.
  it("a copy of the view at the edge counts as none, which costs one read of the journal", async () => {
    const places = found();
    const isolate = await open(places);
    expect(tierOf(await ask(isolate, "/plain"))).toBe("edge");
    const reads = places.upstash.journalCommands.filter((name) => /RANGE$|^EVAL_RO$/.test(name));
    expect(reads).toHaveLength(1);
  });

  it.each(["edge", "shared"])("what was purged does not answer from the %s tier", async (tier) => {
    const places = found();
    if (tier === "shared") places.cache.empty();
    places.clock.advance(pastN);
    const isolate = await open(places);
    for (const path of purged) {
      const { text, cacheStatus } = await isolate.get(path);
      expect([path, text, cacheStatus]).toEqual([path, "new", expect.stringContaining("fwd=")]);
    }
    expect(places.origin.count).toBe(purged.length);
    // The purges cover no more than they name: nothing of them was unreadable.
    expect(tierOf(await isolate.get("/plain"))).toBe(tier);
  });

  it("what was purged softly is validated", async () => {
    const places = found();
    places.clock.advance(pastN);
    const isolate = await open(places);
    const { cacheStatus } = await isolate.get(softlyPurged);
    expect(cacheStatus).toContain("fwd=stale");
    expect(places.origin.last.fields.get("if-none-match")).toBe('"soft"');
  });

  it("every entry of the journal, marks included, tells what it told", async () => {
    expect(await journalOf(await open(found()))).toEqual(forms().journal);
  });

  it("a webhook that comes again makes no other entry", async () => {
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
    { id: "tag of its route", path: "/articles/a", order: { tags: ["article:a"] } },
    { id: "URL", path: "/packed", order: { urls: ["https://www.example.com/packed"] } },
    { id: "prefix", path: "/articles/a", order: { prefixes: ["/articles/"] } },
    { id: "host", path: "/picture", order: { hosts: ["www.example.com"] } },
    { id: "route", path: "/crowd/page", order: { routes: ["crowd"] } },
    { id: "everything", path: "/missing", order: { everything: true } },
    { id: "everything, where its body lies apart", path: "/large", order: { everything: true } },
  ])("a purge covers what the other wrote: $id", async ({ path, order }) => {
    for (const tier of ["edge", "shared"]) {
      const places = found();
      if (tier === "shared") places.cache.empty();
      const isolate = await open(places);
      await purge(isolate, order);
      const { text, cacheStatus } = await ask(isolate, path);
      expect([tier, text, cacheStatus]).toEqual([tier, "new", expect.stringContaining("fwd=")]);
    }
  });

  it("a soft purge covers what the other wrote", async () => {
    const places = found();
    const isolate = await open(places);
    await purge(isolate, { tags: ["spring"], mode: "soft" });
    await purge(isolate, { urls: ["https://www.example.com/renewed"], mode: "soft" });
    await ask(isolate, "/renewed");
    expect(places.origin.last.fields.get("if-none-match")).toBe('"one"');
  });

  it("a group that an answer invalidates covers what the other wrote", async () => {
    const places = found();
    const isolate = await open(places);
    await ask(isolate, groupEnding, { method: "POST" });
    await idle();
    places.clock.advance(pastN);
    const other = await open(places);
    expect((await other.get("/grouped")).text).toBe("new");
    expect(tierOf(await other.get("/plain"))).toBe("edge");
  });

  it.runIf(reader === "today")("the word of a lease is obeyed", async () => {
    const places = found();
    const isolate = await open(places);
    await isolate.get(ownPage);
    // One look at the lease tells it: nothing to let go.
    expect(places.upstash.leaseCommands).toEqual(["SET", "GET"]);
    expect(places.origin.count).toBe(1);
  });

  // 0.1.0 does not know lead-anonymously.
  it.runIf(reader === "released")("a new word is waited for as a lease, for 3 s", async () => {
    const places = found();
    const isolate = await open(places);
    const asked = ask(isolate, ownPage);
    await until(() => places.upstash.leaseCommands.length > 2);
    expect(places.origin.count).toBe(0);
    places.clock.advance(3);
    await asked;
    expect(places.origin.count).toBe(1);
  });

  it("a lease that is held is waited for, and taken once it is over", async () => {
    const places = found();
    const isolate = await open(places);
    const asked = ask(isolate, heldPage);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(places.origin.count).toBe(0);
    places.clock.advance(4);
    expect((await asked).text).toBe("new");
  });

  it("hot keys that the other noted are kept warm", async () => {
    const places = found();
    places.clock.advance(60);
    const isolate = await open(places);
    await isolate.fireCron();
    expect(places.origin.asked.map(({ path }) => path)).toContain(hotPage);
  });
});

// Tests a dry run of a purge. It counts the records that the purge would cover, and purges nothing.
import { describe, expect, it, vi } from "vitest";
import { durableObjectJournal } from "../../../src/stores/durable-object/durable-object-journal.ts";
import { durableObjectRecords } from "../../../src/stores/durable-object/durable-object-records.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../../testing/fakes/fake-object.ts";
import { FakeRecordObjects } from "../../../testing/fakes/fake-record-objects.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openColos, openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { adminToken, bearer, send } from "../../../testing/site/purge-sender.ts";

const tagOf = (url: string) => (url.includes("/red") ? "red" : "blue");

function openTwo(): { near: Site; far: Site; upstash: UnsteadyUpstash } {
  const clock = new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const [near, far] = openColos(2, {
    clock,
    upstash,
    env: { ADMIN_TOKEN: adminToken },
    origin: ({ url }) => page("page", cc("max-age=600", { "cache-tag": tagOf(url) })),
  }) as [Site, Site];
  return { near, far, upstash };
}

const triedOut = async (site: Site, body: object) =>
  JSON.parse((await send(site, { ...body, dryRun: true })).text) as Record<string, unknown>;

describe("a dry run", () => {
  it("counts covered records of this isolate and of the shared tier", async () => {
    const { near, far } = openTwo();
    for (const path of ["/red/1", "/blue/1"]) await near.get(path);
    await far.get("/red/2");
    expect(await triedOut(near, { tags: ["red"] })).toMatchObject({
      dryRun: true,
      targets: { tags: 1, prefixes: 0 },
      isolate: { examined: 2, covered: 1 },
      shared: { examined: 3, covered: 2, isWhole: true },
      urls: ["https://www.example.com/red/1", "https://www.example.com/red/2"],
    });
  });

  it.each([
    { id: "prefix", body: { prefixes: ["/red/"] }, covered: 2 },
    { id: "url", body: { urls: ["https://www.example.com/red/1?utm_source=x"] }, covered: 1 },
    { id: "everything", body: { everything: true }, covered: 3 },
    { id: "nothing-there", body: { tags: ["green"] }, covered: 0 },
  ])("counts the records that the same purge would cover: $id", async ({ body, covered }) => {
    const { near } = openTwo();
    for (const path of ["/red/1", "/red/2", "/blue/1"]) await near.get(path);
    expect(await triedOut(near, body)).toMatchObject({ isolate: { examined: 3, covered } });
  });

  it("purges nothing, and adds nothing to the journal", async () => {
    const { near, upstash } = openTwo();
    await near.get("/red/1");
    const entriesBefore = upstash.journal.length;
    await triedOut(near, { everything: true });
    await near.settle();
    expect(upstash.journal.length).toBe(entriesBefore);
    expect((await near.get("/red/1")).cacheStatus).toContain("; hit");
  });

  it("examines at most 1,000 records of the shared tier, and reports that it stopped", async () => {
    const { near, upstash } = openTwo();
    await near.get("/red/1000");
    const { records, ...kept } = upstash.kept;
    const [[key, record]] = records as [(typeof records)[number]];
    const recordAt = (at: number) => record.text.replaceAll("/red/1000", `/red/${1_000 + at}`);
    const thousand = Array.from({ length: 1_001 }, (_, at) => recordAt(at));
    upstash.lay({
      ...kept,
      // A record has a mark of the beginning of its key's digest.
      records: thousand.map((text, at) => [key.slice(0, -4) + (1_000 + at), { ...record, text }]),
    });
    const { shared, urls } = await triedOut(near, { tags: ["red"] });
    const whyNotWhole = "The examination stopped at its limit of 1000 records.";
    expect(shared).toEqual({ examined: 1_000, covered: 1_000, isWhole: false, whyNotWhole });
    expect(urls).toHaveLength(20);
  });

  it("reads at most 50 pages of the database's keys, including foreign keys", async () => {
    const { near, upstash } = openTwo();
    upstash.foreignKeyCount = 5_000;
    await near.get("/red/1");
    expect(await triedOut(near, { tags: ["red"] })).toMatchObject({
      shared: { examined: 1, covered: 1, isWhole: true },
    });
    upstash.foreignKeyCount = 50_000;
    upstash.commands.length = 0;
    expect(await triedOut(near, { tags: ["red"] })).toMatchObject({
      shared: {
        examined: 0,
        covered: 0,
        isWhole: false,
        whyNotWhole: "The database holds so many other keys that not all were examined.",
      },
    });
    expect(upstash.commands.filter((name) => name === "SCAN")).toHaveLength(50);
  });

  it("examines the shared tier for at most 5 s", async () => {
    const { near, upstash } = openTwo();
    upstash.foreignKeyCount = 50_000;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const answer = vi.spyOn(upstash, "answer");
    answer.mockImplementation(async (path, body) => {
      await vi.advanceTimersByTimeAsync(1_000);
      return FakeUpstash.prototype.answer.call(upstash, path, body);
    });
    try {
      expect(await triedOut(near, { tags: ["red"] })).toMatchObject({
        shared: { isWhole: false, whyNotWhole: "The examination took longer than 5 s." },
      });
    } finally {
      vi.useRealTimers();
    }
    expect(answer).toHaveBeenCalledTimes(5);
  });

  it("reports that the shared tier is unavailable", async () => {
    const { near, upstash } = openTwo();
    await near.get("/red/1");
    upstash.mode = "down";
    expect(await triedOut(near, { tags: ["red"] })).toMatchObject({
      isolate: { examined: 1, covered: 1 },
      shared: "unavailable",
    });
  });

  it("reports that objects cannot be listed", async () => {
    const clock = new FakeClock();
    const site = openSite({
      clock,
      records: durableObjectRecords(),
      journal: durableObjectJournal(),
      env: {
        ADMIN_TOKEN: adminToken,
        JOURNAL: new FakeObject().namespace,
        RECORDS: new FakeRecordObjects().namespace,
      },
      origin: () => page("page", cc("max-age=600", { "cache-tag": "red" })),
    });
    await site.get("/red/1");
    expect(await triedOut(site, { tags: ["red"] })).toMatchObject({
      isolate: { examined: 1, covered: 1 },
      shared: "not listable",
      limits: expect.stringMatching(/^The counts include only this isolate's memory\. Other/),
    });
  });

  it("requires a credential", async () => {
    const { near } = openTwo();
    const seen = await send(near, { everything: true, dryRun: true }, {});
    expect([seen.status, (await send(near, { tags: ["a"], dryRun: true }, bearer)).status]).toEqual(
      [401, 200],
    );
  });
});

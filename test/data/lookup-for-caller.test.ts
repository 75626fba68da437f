// Tests loads outside of `getOrSet`: `lookUp`, and `set` with the start that it returns.
import { describe, expect, it } from "vitest";
import { DataIsolate, openArticles } from "../../testing/data/data-isolate.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { idle } from "../../testing/site/harness.ts";
import { purgeOthers } from "../../testing/site/purges-of-others.ts";

const orders = [{ tags: ["red"] }, { keys: ["articles/42"] }, { prefixes: ["articles"] }];

const hows = (["start", "startAfter"] as const).flatMap((by) =>
  [false, true].map((everywhere) => ({ by, everywhere })),
);

describe.each(hows)("a set with the start of %j", ({ by, ...how }) => {
  it("stores the value for all isolates", async () => {
    const { isolate, articles } = openArticles();
    const { value, [by]: start } = await articles.lookUp("42");
    expect(value).toBeUndefined();
    expect(await articles.set("42", "new", { start, ...how })).toContain("shared");
    expect((await articles.lookUp("42")).value).toBe("new");
    expect(await isolate.elsewhere().articles().get("42")).toBe("new");
  });

  it.each(orders)("is covered by the purge %j since the start", async (order) => {
    const { isolate, articles } = openArticles({ tags: ["red"] });
    const { [by]: start } = await articles.lookUp("42");
    await isolate.data.purge(order);
    await articles.set("42", "read before the purge", { start, ...how });
    expect(await articles.get("42")).toBeUndefined();
    isolate.clock.advance(10);
    expect(await isolate.elsewhere().articles().get("42")).toBeUndefined();
  });

  it.each(orders)("is covered by the purge %j of another isolate", async (order) => {
    const { isolate, articles } = openArticles({ tags: ["red"] });
    const { [by]: start } = await articles.lookUp("42");
    await isolate.elsewhere().data.purge(order);
    await articles.set("42", "read before the purge", { start, ...how });
    isolate.clock.advance(10);
    expect(await articles.get("42")).toBeUndefined();
    expect(await isolate.elsewhere().articles().get("42")).toBeUndefined();
  });

  it("does not replace a value that was set after the start", async () => {
    const { articles, isolate } = openArticles();
    const { [by]: start } = await articles.lookUp("42");
    await articles.set("42", "later");
    await articles.set("42", "loaded before", { start, ...how });
    const found = await articles.get("42");
    expect([undefined, "later"]).toContain(found);
    isolate.clock.advance(10);
    expect(await isolate.elsewhere().articles().get("42")).toBe(found);
  });
});

it("a load after the lookup is stored also at once after a purge", async () => {
  const { isolate, articles } = openArticles({ tags: ["red"] });
  await articles.set("42", "first");
  isolate.clock.advance(5);
  await isolate.data.purge({ tags: ["red"] });
  const { startAfter } = await articles.lookUp("42");
  await articles.set("42", "second", { start: startAfter, everywhere: false });
  expect(await articles.get("42")).toBe("second");
});

it("a load replaces the stale value that its lookup found", async () => {
  const { isolate, articles } = openArticles({ fresh: "10s", stale: "1h" });
  await articles.getOrSet("42", () => "first");
  await isolate.settle();
  isolate.clock.advance(20);
  const { start } = await articles.lookUp("42");
  expect(await articles.set("42", "second", { start, everywhere: false })).toContain("shared");
  expect(await isolate.elsewhere().articles().get("42")).toBe("second");
});

it("a set with a start stores nothing if the journal has refused another write since", async () => {
  const { isolate, articles } = openArticles();
  const { start } = await articles.lookUp("42");
  isolate.upstash.journalMode = "down";
  await expect(articles.set("41", "other")).rejects.toThrow("was not set");
  isolate.upstash.journalMode = "works";
  expect(await articles.set("42", "old", { start })).toEqual([]);
});

it("a set with a start ends the copies of other isolates", async () => {
  const { isolate, articles } = openArticles();
  await articles.set("42", "first");
  const elsewhere = isolate.elsewhere().articles();
  expect(await elsewhere.get("42")).toBe("first");
  const { value, start } = await articles.lookUp("42");
  expect(value).toBe("first");
  await articles.set("42", "second", { start });
  isolate.clock.advance(10);
  expect(await elsewhere.get("42")).toBe("second");
});

it("a start that the isolate takes while another isolate's purge is in transit is covered", async () => {
  const isolate = new DataIsolate();
  const articles = isolate.articles();
  await articles.get("41");
  const looked = articles.lookUp("42");
  await isolate.data.purge({ keys: ["articles/42"] });
  const { start } = await looked;
  await articles.set("42", "old", { start, everywhere: false });
  await idle();
  expect(await articles.get("42")).toBeUndefined();
});

it("a purge during the renewal of a lookup covers the load, also if the journal's clock is behind", async () => {
  const ofJournal = new FakeClock();
  const upstash = new UnsteadyUpstash(ofJournal);
  const clock = new FakeClock();
  clock.advance(5);
  const isolate = new DataIsolate({ clock, upstash });
  const articles = isolate.articles();
  await articles.get("41");
  for (const each of [ofJournal, clock]) each.advance(12);
  const answer = upstash.answer.bind(upstash);
  const writer = isolate.elsewhere();
  upstash.answer = async (...request) => {
    upstash.answer = answer;
    await writer.data.purge({ keys: ["articles/42"] });
    return answer(...request);
  };
  const { start } = await articles.lookUp("42");
  await articles.set("42", "read before the purge", { start, everywhere: false });
  expect(await articles.get("42")).toBeUndefined();
});

describe("a lookup with further tags", () => {
  async function stored() {
    const { isolate, articles } = openArticles({ fresh: "1h", stale: "10s", tags: ["own"] });
    await articles.set("42", "old");
    const found = async (on = articles, tags = ["page"]) => {
      const { value, isStale } = await on.lookUp("42", { tags });
      return [value, isStale];
    };
    return { isolate, articles, found };
  }

  it("does not find a value from before a purge of such a tag", async () => {
    const { isolate, articles, found } = await stored();
    expect(await found()).toEqual(["old", false]);
    await isolate.data.purge({ tags: ["page"] });
    expect(await found()).toEqual([undefined, false]);
    expect(await found(articles, ["other"])).toEqual(["old", false]);
    expect(await articles.get("42")).toBe("old");
    isolate.clock.advance(10);
    expect(await found(isolate.elsewhere().articles())).toEqual([undefined, false]);
    const { start } = await articles.lookUp("42", { tags: ["page"] });
    await articles.set("42", "new", { start, everywhere: false });
    expect(await found()).toEqual(["new", false]);
    expect(await found(isolate.elsewhere().articles())).toEqual(["new", false]);
  });

  it("finds a value from before a soft purge stale, as long as the namespace allows", async () => {
    const { isolate, found } = await stored();
    await isolate.data.purge({ tags: ["page"], soft: true });
    expect(await found()).toEqual(["old", true]);
    isolate.clock.advance(11);
    expect(await found()).toEqual([undefined, false]);
    await isolate.data.purge({ tags: ["own"], soft: true });
    expect(await found(undefined, ["other"])).toEqual(["old", true]);
  });

  it("asks the epochs about the tag if the view has dropped the value's stamp", async () => {
    const { isolate, articles, found } = await stored();
    for (let at = 0; at < 100; at += 1) {
      const tags = Array.from(
        { length: 1_000 },
        (_, nth) => `filler-${at}-${nth}-${"x".repeat(200)}`,
      );
      await isolate.data.purge({ tags });
    }
    isolate.clock.advance(10);
    const elsewhere = isolate.elsewhere().articles();
    expect(await found(elsewhere, ["other"])).toEqual(["old", false]);
    expect(await found(elsewhere, [`filler-0-0-${"x".repeat(200)}`])).toEqual([undefined, false]);
    expect(await found(articles, [`filler-0-0-${"x".repeat(200)}`])).toEqual([undefined, false]);
    expect(await found(elsewhere, ["other"])).toEqual(["old", false]);
  });

  it("judges a value from before 1,200 purges, also with further tags (rule 27)", async () => {
    const { isolate } = await stored();
    await purgeOthers(isolate, 1_200);
    isolate.clock.advance(20);
    const { value, judge } = await isolate.elsewhere().articles().lookUp("42");
    expect([value, await judge(["own"]), await judge(["page"])]).toEqual(["old", "fresh", "fresh"]);
  });

  it("rejects an invalid tag", async () => {
    const { articles } = openArticles();
    await expect(articles.lookUp("42", { tags: [""] })).rejects.toThrow("A tag of data is invalid");
  });
});

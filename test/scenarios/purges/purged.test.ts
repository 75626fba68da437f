// What becomes of a purged response in the isolate that took the purge: asked for anew, stored again.
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { idle, openSite } from "../../../testing/site/harness.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const purge = {
  method: "POST",
  headers: { authorization: "Bearer admin-of-this-site" },
  body: '{"tags":["news"]}',
};
const softPurge = { ...purge, body: '{"tags":["news"],"mode":"soft"}' };

it("what a purge covers is stored again at once in the isolate that took it", async () => {
  const clock = new FakeClock();
  const site = openSite({
    clock,
    upstash: new FakeUpstash(clock),
    env: { ADMIN_TOKEN: "admin-of-this-site" },
    origin: (_, nth) => page(`page ${nth}`, cc("max-age=60", { "cache-tag": "news" })),
  });
  await site.get("/a");
  await site.ask("/_cache/purge", purge);
  await idle();
  expect(await (await site.ask("/a")).text()).toBe("page 2");
  await idle();
  const third = await site.ask("/a");
  expect([await third.text(), third.headers.get("cache-status")]).toEqual([
    "page 2",
    "tidemark; hit; ttl=60; detail=memory",
  ]);
});

it("what a purge covers is stored again also when its entry was lost with the journal", async () => {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const origin = (_: Request, nth: number) =>
    page(`page ${nth}`, cc("max-age=60", { "cache-tag": "news" }));
  const site = openSite({ clock, upstash, env: { ADMIN_TOKEN: "admin-of-this-site" }, origin });
  await site.get("/a");
  const { journal } = upstash;
  const add = journal.add.bind(journal);
  // Acknowledged, and lost with all the rest before anybody reads it.
  journal.add = (rest) => {
    const id = add(rest);
    journal.empty();
    journal.add = add;
    return id;
  };
  expect((await site.ask("/_cache/purge", purge)).status).toBe(200);
  await idle();
  clock.advance(9.5);
  await (await site.ask("/a")).text();
  await idle();
  await (await site.ask("/a")).text();
  await idle();
  expect((await site.ask("/a")).headers.get("cache-status")).toContain("; hit");
});

describe("a softly purged response", () => {
  it.each([
    { id: "of-the-same-second", ageOfContentSeconds: 0, isSent: false },
    { id: "of-a-second-before", ageOfContentSeconds: 1, isSent: true },
  ])(
    "is validated by a date only if it is strong: $id",
    async ({ ageOfContentSeconds, isSent }) => {
      const clock = new FakeClock();
      const modified = new Date(clock.atMs - ageOfContentSeconds * 1_000).toUTCString();
      const site = openSite({
        clock,
        upstash: new FakeUpstash(clock),
        env: { ADMIN_TOKEN: "admin-of-this-site" },
        origin: () =>
          page(
            "page",
            cc("max-age=60", {
              "last-modified": modified,
              "cache-tag": "news",
              date: clock.date(),
            }),
          ),
      });
      await site.get("/a");
      await site.settle();
      const answered = site.ask("/_cache/purge", softPurge);
      expect((await answered).status).toBe(200);
      await site.ask("/a");
      expect(site.origin.last.fields.has("if-modified-since")).toBe(isSent);
    },
  );

  it("of a date that was weak: also once a 304 has brought a later Date", async () => {
    const clock = new FakeClock();
    const modified = clock.date();
    const fields = () =>
      cc("max-age=60", { "last-modified": modified, "cache-tag": "news", date: clock.date() });
    let text = "v1";
    const site = openSite({
      clock,
      upstash: new FakeUpstash(clock),
      env: { ADMIN_TOKEN: "admin-of-this-site" },
      origin: ({ headers }) =>
        headers.get("if-modified-since") === modified ? unchanged(fields()) : page(text, fields()),
    });
    await site.get("/a");
    text = "v2";
    clock.advance(61);
    expect((await site.get("/a")).text).toBe("v1");
    expect((await site.ask("/_cache/purge", softPurge)).status).toBe(200);
    clock.advance(1);
    expect(await (await site.ask("/a")).text()).toBe("v2");
  });
});

// Tests the isolate that accepted a purge. It fetches a purged page again and stores the new
// response.
import { describe, expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { idle } from "../../../testing/site/harness.ts";
import { cc, page, type Script, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const hard = { tags: ["news"] };
const soft = { ...hard, mode: "soft" };
const numbered: Script = (_, nth) => page(`page ${nth}`, cc("max-age=60", { "cache-tag": "news" }));

it("a page is stored again right after a hard purge", async () => {
  const { site } = openJournalled({ origin: numbered });
  await site.get("/a");
  await send(site, hard);
  await idle();
  expect((await site.get("/a")).text).toBe("page 2");
  const { text, cacheStatus } = await site.get("/a");
  expect([text, cacheStatus]).toEqual(["page 2", "tidemark; hit; ttl=60; detail=memory"]);
});

it("a page is stored again after the journal has lost the entry of a hard purge", async () => {
  const { site, upstash } = openJournalled({ origin: numbered });
  await site.get("/a");
  const { journal } = upstash;
  const add = journal.add.bind(journal);
  // The journal acknowledges the entry, and loses all entries before an isolate reads them.
  journal.add = (rest) => {
    const id = add(rest);
    journal.empty();
    journal.add = add;
    return id;
  };
  expect((await send(site, hard)).status).toBe(200);
  await idle();
  site.clock.advance(9.5);
  for (const _ of ["unknown stamp", "stored"]) await site.get("/a");
  expect((await site.get("/a")).cacheStatus).toContain("; hit");
});

describe("the request to the origin after a soft purge", () => {
  const fieldsOf = (modified: string, date: string) =>
    cc("max-age=60", { "last-modified": modified, "cache-tag": "news", date });

  it.each([
    { id: "modified-in-the-second-of-Date", ageSeconds: 0, isSent: false },
    { id: "modified-a-second-before-Date", ageSeconds: 1, isSent: true },
  ])("has If-Modified-Since only with a strong date: $id", async ({ ageSeconds, isSent }) => {
    const { site } = openJournalled();
    const modified = site.clock.date(-ageSeconds);
    site.origin.script = () => page("page", fieldsOf(modified, site.clock.date()));
    await site.get("/a");
    expect((await send(site, soft)).status).toBe(200);
    await site.ask("/a");
    expect(site.origin.last.fields.has("if-modified-since")).toBe(isSent);
  });

  it("has no If-Modified-Since if only a 304 made Last-Modified strong", async () => {
    const { site } = openJournalled();
    const modified = site.clock.date();
    let text = "v1";
    site.origin.script = ({ headers }) => {
      const fields = fieldsOf(modified, site.clock.date());
      return headers.has("if-modified-since") ? unchanged(fields) : page(text, fields);
    };
    await site.get("/a");
    text = "v2";
    site.clock.advance(61);
    expect((await site.get("/a")).text).toBe("v1");
    expect((await send(site, soft)).status).toBe(200);
    site.clock.advance(1);
    expect((await site.get("/a")).text).toBe("v2");
  });
});

// Tests the isolate that accepted a purge. It fetches a purged page again and stores the new
// response.
import { expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { idle } from "../../../testing/site/harness.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";

const hard = { tags: ["news"] };
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

it("each entry of a large purge applies, although the journal cannot be read after it", async () => {
  const origin: Script = ({ url }) =>
    page("page", cc("max-age=600", { "cache-tag": new URL(url).pathname.slice(1) }));
  const { site, upstash } = openJournalled({ origin });
  const paths = ["/tag-0", "/tag-1500", "/tag-2999", "/other"];
  for (const path of paths) await site.get(path);
  const { journal } = upstash;
  const add = journal.add.bind(journal);
  let entryCount = 0;
  journal.add = (rest) => {
    entryCount += 1;
    upstash.journalMode = "down";
    return add(rest);
  };
  const tags = Array.from({ length: 3_000 }, (_, nth) => `tag-${nth}`);
  expect((await send(site, { tags })).status).toBe(200);
  expect(entryCount).toBeGreaterThan(3);
  const hits = [];
  for (const path of paths)
    if ((await site.get(path)).cacheStatus.includes("; hit")) hits.push(path);
  expect(hits).toEqual(["/other"]);
});

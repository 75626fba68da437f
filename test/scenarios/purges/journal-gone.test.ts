// A deployment without a database, after one that had one: what was stored under the purge journal is
// not answered where nobody can tell what was purged.
import { expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { idle, openSite } from "../../../testing/site/harness.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const fields = cc("max-age=600", { etag: '"1"', "cache-tag": "red" });

it("what was purged does not return once Redis is unset", async () => {
  const texts = { page: "poisoned" };
  const origin = ({ headers }: Request) =>
    headers.has("if-none-match") ? unchanged(fields) : page(texts.page, fields);
  const { site: before } = openJournalled({ origin });
  await before.get("/a");
  texts.page = "clean";
  expect((await send(before, { tags: ["red"] })).status).toBe(200);
  await idle();
  const { clock, cache } = before;
  const after = openSite({ clock, cache, origin });
  expect((await after.get("/a")).text).toBe("clean");
  expect((await after.get("/a")).cacheStatus).toContain("; hit");
});

it("what is stored without a journal answers without one", async () => {
  const first = openSite({ origin: () => page("page", fields) });
  await first.get("/a");
  const { clock, cache } = first;
  const second = openSite({ clock, cache, origin: () => page("page", fields) });
  expect((await second.get("/a")).cacheStatus).toContain("; hit");
});

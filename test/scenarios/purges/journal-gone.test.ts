// Tests a deployment without a journal that finds responses of a deployment with a purge journal.
import { expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { cc, page, type Script, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const fields = cc("max-age=600", { etag: '"1"', "cache-tag": "red" });

it("a site without a journal does not serve a response stored with a journal", async () => {
  const texts = { page: "poisoned" };
  const origin: Script = ({ headers }) =>
    headers.has("if-none-match") ? unchanged(fields) : page(texts.page, fields);
  const { site: before } = openJournalled({ origin });
  await before.get("/a");
  texts.page = "clean";
  expect((await send(before, { tags: ["red"] })).status).toBe(200);
  const { clock, cache } = before;
  const after = openSite({ clock, cache, origin });
  expect((await after.get("/a")).text).toBe("clean");
  expect((await after.get("/a")).cacheStatus).toContain("; hit");
});

it("a site without a journal serves a response that was stored without a journal", async () => {
  const origin: Script = () => page("page", fields);
  const first = openSite({ origin });
  await first.get("/a");
  const { clock, cache } = first;
  expect((await openSite({ clock, cache, origin }).get("/a")).cacheStatus).toContain("; hit");
});

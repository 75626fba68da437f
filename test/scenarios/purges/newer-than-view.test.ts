// Rule 27: a page whose stamp is newer than the view of an isolate keeps this stamp. With an older one, the page's own
// purge would cover it as soon as the view has that purge.
import { expect, it } from "vitest";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { idle } from "../../../testing/site/harness.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";

/** Two isolates of a colo. The view of the second lacks the last purge, after which the first has loaded `/a`. */
async function behindByOnePurge(cacheControl: string) {
  const clock = new FakeClock();
  const given = { clock, cache: new FakeCache(clock), upstash: new UnsteadyUpstash(clock) };
  const config = { routes: [{ name: "edge", match: "/*", tiers: ["edge" as const] }] };
  const fields = cc(cacheControl, { "cache-tag": "red", etag: '"1"' });
  const open = () =>
    openJournalled({
      ...given,
      config,
      random: 0.5,
      origin: ({ headers }) =>
        headers.has("if-none-match") ? unchanged(fields) : page("page", fields),
    }).site;
  const [here, there] = [open(), open()];
  for (const site of [here, there]) await site.get("/other");
  for (const path of ["/first", "/a"]) {
    await send(here, { tags: ["red"] });
    await here.get(path);
    await idle();
    // The first unknown stamp renews the view. The next renewal for one waits for N/4.
    if (path === "/first") await there.get(path);
  }
  return { clock, there };
}

it("answers now, and after the next renewal of the view", async () => {
  const { clock, there } = await behindByOnePurge("max-age=600");
  expect((await there.get("/a")).cacheStatus).toContain("; hit");
  await idle();
  clock.advance(6);
  await there.get("/other");
  await idle();
  expect((await there.get("/a")).cacheStatus).toContain("; hit");
});

it("may be validated (rule 23)", async () => {
  const { there } = await behindByOnePurge("no-cache");
  expect((await there.get("/a")).cacheStatus).toContain("fwd-status=304");
});

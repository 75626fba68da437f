// Tests the Redis commands of many invalidations at the same time, and lookups before a delayed
// removal.
import { expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openColos, type Site } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";

const post = { method: "POST" };
const language = (value: string) => ({ headers: { "accept-language": value } });

function open(fields = {}) {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const colos = openColos(3, {
    clock,
    upstash,
    origin: ({ method }, nth) =>
      method === "GET"
        ? page(`page ${nth}`, cc("max-age=600", fields))
        : new Response(null, { status: 204 }),
  }) as [Site, Site, Site];
  const removals = () => upstash.commands.filter((name) => name === "DEL").length;
  return { clock, upstash, colos, removals };
}

it("a hundred POST requests need two removals: one at once, and one for all others", async () => {
  const { upstash, colos, removals } = open();
  const [near, far] = colos;
  const paths = Array.from({ length: 100 }, (_, at) => `/${at}`);
  for (const path of paths) await far.get(path);
  expect(upstash.keys.length).toBe(100);
  await (await near.ask(paths[0]!, post)).text();
  expect(removals()).toBe(1);
  for (const path of paths.slice(1)) await (await near.ask(path, post)).text();
  await near.settle();
  expect([removals(), upstash.keys]).toEqual([2, []]);
});

it("a marker whose removal is delayed no longer lists stored variants", async () => {
  const { clock, colos } = open({ vary: "accept-language" });
  const [near, far, third] = colos;
  const beside = Object.assign(third, { cache: near.cache });
  await far.get("/a", language("de"));
  clock.advance(1);
  await near.get("/other", post);
  // The removal of this record waits for other removals.
  await (await near.ask("/a", post)).text();
  clock.advance(0.01);
  await (await near.ask("/a", language("fr"))).text();
  await near.settle();
  clock.advance(1);
  expect((await beside.get("/a", language("de"))).cacheStatus).toContain("fwd=vary-miss");
});

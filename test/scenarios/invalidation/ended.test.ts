// What an origin's answer ends is gone wherever this isolate and its colo could still find it.
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { idle, openColos, openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, closedGate, page, unreachable } from "../../../testing/fakes/origin-in-process.ts";

const kept = cc("max-age=60, stale-if-error=3600", { etag: '"1"' });
const gone = () => page("gone", cc("no-store"), 410);

it("under the key that it was read from, though a marker leads elsewhere by now", async () => {
  const clock = new FakeClock();
  const german = { headers: { "accept-language": "de" } };
  let vary = {};
  const [near, far] = openColos(2, {
    clock,
    upstash: new FakeUpstash(clock),
    origin: () => page("old", { ...kept, ...vary }),
  }) as [Site, Site];
  await near.get("/a", german);
  clock.advance(61);
  vary = { vary: "accept-language" };
  await far.get("/a", { headers: { "accept-language": "en" } });
  near.origin.script = gone;
  await near.get("/a", german);
  clock.advance(11);
  near.origin.script = unreachable;
  expect((await near.get("/a", german)).status).toBe(502);
});

it("by an anonymous request, not by a client's own: a follower still has it", async () => {
  const gate = closedGate();
  const site = openSite({ origin: () => page("old", kept) });
  await site.get("/a");
  site.clock.advance(61);
  let asked = 0;
  site.origin.script = async () => {
    asked += 1;
    if (asked > 1) return unreachable();
    await gate.opened;
    return gone();
  };
  const answers = [site.ask("/a"), site.ask("/a")];
  await idle();
  gate.open();
  const statuses = await Promise.all(answers.map(async (answer) => (await answer).status));
  expect(statuses).toEqual([410, 200]);
});

it("under each name of the site", async () => {
  const [near, far] = openColos(2, {
    env: { SITE_HOST: "a.example" },
    origin: () => page("old", kept),
  }) as [Site, Site];
  Object.assign(far, { cache: near.cache });
  await near.get("https://a.example/x");
  near.clock.advance(61);
  near.origin.script = gone;
  await near.get("https://b.example/x");
  near.origin.script = unreachable;
  near.clock.advance(11);
  expect((await far.get("https://a.example/x")).status).toBe(502);
});

describe("by a HEAD", () => {
  it("also on its way up from a lower tier", async () => {
    const site = openSite({
      config: { honourRequestDirectives: true },
      origin: (_, nth) => page(`page ${nth}`, cc("max-age=600", { etag: `"${nth}"` })),
    });
    await site.get("/a");
    const head = site.ask("/a", { method: "HEAD", headers: { "cache-control": "no-cache" } });
    await head;
    expect((await site.get("/a")).text).toBe("page 3");
  });
});

// Tests removals by an answer such as 410 that may not be stored. The isolate removes the stored
// response from each place where the isolate or its colo could read it.
import { expect, it } from "vitest";
import { idle, openColos, openSite, type Site } from "../../../testing/site/harness.ts";
import { cc, closedGate, page, unreachable } from "../../../testing/fakes/origin-in-process.ts";
import { openCounted } from "../../../testing/site/counted-looks.ts";

const kept = cc("max-age=60, stale-if-error=3600", { etag: '"1"' });
const gone = () => page("gone", cc("no-store"), 410);

it("removes a response under the key of its lookup after a marker changed the key", async () => {
  const german = { headers: { "accept-language": "de" } };
  let vary = {};
  const { clock, near, far } = openCounted(() => page("old", { ...kept, ...vary }));
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

it("keeps a response for a follower until an anonymous request confirms its end", async () => {
  const gate = closedGate();
  const site = openSite({ origin: () => page("old", kept) });
  await site.get("/a");
  site.clock.advance(61);
  site.origin.script = async (_, nth) => {
    if (nth > 2) return unreachable();
    await gate.opened;
    return gone();
  };
  const answers = [site.ask("/a"), site.ask("/a")];
  await idle();
  gate.open();
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([410, 200]);
});

it("removes a response under each host name of the site", async () => {
  const env = { SITE_HOST: "a.example" };
  const [near, far] = openColos(2, { env, origin: () => page("old", kept) }) as [Site, Site];
  Object.assign(far, { cache: near.cache });
  await near.get("https://a.example/x");
  near.clock.advance(61);
  near.origin.script = gone;
  await near.get("https://b.example/x");
  near.origin.script = unreachable;
  near.clock.advance(11);
  expect((await far.get("https://a.example/x")).status).toBe(502);
});

// Tests a site whose database goes back to a state from before a purge, while all isolates that
// remember the purge get no request (docs/internals/purge-protocol.md, rules 14 and 17).
import { expect, it } from "vitest";
import type { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { authorization } from "../../../testing/site/switch.ts";
import { ask, playTimers, TwoColos } from "../../../testing/site/two-colos.ts";

playTimers();

const config = { routes: [{ name: "all", match: "/*", fresh: "12h" }] };
const n = 10;

/** Both colos have applied a purge. The database then goes back, and `passed` seconds pass. */
async function restored(passed: number) {
  let version = 0;
  const origin = () => {
    return new Response(`version ${(version += 1)}`, { headers: { "cache-tag": "red" } });
  };
  const colos = new TwoColos(config, origin);
  const { near, far, clock, upstash } = colos;
  const old = await ask(near, "/a");
  await ask(far, "/a");
  await colos.pass(n);
  const backup = upstash.kept;
  const init = { method: "POST", headers: { authorization }, body: '{"tags":["red"]}' };
  expect((await near.ask("/_cache/purge", init)).status).toBe(200);
  await colos.pass(2 * n);
  for (const site of [near, far]) await ask(site, "/other");
  await colos.pass(n);
  clock.advance(passed);
  upstash.lay(backup);
  /** Starts an isolate, whose colo has the given Cache API, and lets it begin its view. */
  const begun = async (COLO: string, cache?: FakeCache) => {
    const env = { COLO, ADMIN_TOKEN: "admin-of-this-site" };
    const site = openSite({ config, clock, upstash, env, origin, ...(cache && { cache }) });
    return { site, first: await ask(site, "/a") };
  };
  return { colos, near, far, old, begun };
}

it("a new isolate of a colo that knew the purge 50 minutes ago does not use the page", async () => {
  const { near, old, begun } = await restored(3_000);
  const { first, site } = await begun("HAM", near.cache);
  expect(first.text).not.toBe(old.text);
  const again = await ask(site, "/a");
  expect(again).toMatchObject({ text: first.text, isHit: true });
});

it("the cron trigger of an isolate without requests makes the loss known to all", async () => {
  const { colos, far, old, begun } = await restored(3_000);
  const { site, first } = await begun("LAX");
  // The new isolate and its database know nothing of the purge.
  expect(first).toMatchObject({ text: old.text, isHit: true });
  await far.fireCron();
  await colos.pass(n);
  expect((await ask(site, "/a")).text).not.toBe(old.text);
});

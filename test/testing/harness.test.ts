// Tests which background work of a site the tests wait for.
import { expect, it } from "vitest";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { idle, openSite } from "../../testing/site/harness.ts";

it("settle waits for the background work of GET /_cache/switch", async () => {
  const clock = new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const site = openSite({ clock, upstash, env: { ADMIN_TOKEN: "admin-of-this-site" } });
  const headers = { authorization: "Bearer admin-of-this-site" };
  await site.get("/_cache/switch", { headers });
  clock.advance(5);
  let isRenewed = false;
  upstash.beforeJournalAnswer = async () => {
    upstash.beforeJournalAnswer = () => Promise.resolve();
    for (let round = 0; round < 20; round += 1) await idle();
    isRenewed = true;
  };
  const answer = await site.ask("/_cache/switch", { headers });
  expect([answer.status, isRenewed]).toEqual([200, false]);
  await site.settle();
  expect(isRenewed).toBe(true);
});

// Tests `set` about the time of a scheduled purge (docs/purge-protocol-special.md, rule 30 d): no older value answers,
// and no value from before the time is stored under a later stamp.
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { openBeside } from "../../../testing/data/beside-pages.ts";
import { DataIsolate } from "../../../testing/data/data-isolate.ts";
import { FakeCache } from "../../../testing/fakes/fake-cache.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { UnsteadyUpstash } from "../../../testing/fakes/unsteady-upstash.ts";
import { openSite, until } from "../../../testing/site/harness.ts";
import { adminToken, secret, send } from "../../../testing/site/purge-sender.ts";

/** Schedules a purge of the tag `spring`, in a minute. */
async function plan(site: ReturnType<typeof openSite>, mode = "hard"): Promise<void> {
  const at = new Date(site.clock.atMs + 60_000).toISOString();
  expect((await send(site, { tags: ["spring"], at, mode })).status).toBe(200);
}

describe.each(["hard", "soft"])(
  "about the time of a %s purge, no older value answers after a set",
  (mode) => {
    it.each([
      ["in Redis alone", { tiers: ["shared"] }, {}],
      ["in this colo", {}, { everywhere: false }],
    ] as const)("%s", async (_, options, how) => {
      const { site, data, clock } = await openBeside();
      const values = data.namespace<string, string>("seasons", { fresh: "1h", ...options });
      await site.get("/page");
      await values.set("42", "old", { tags: ["winter"] });
      await plan(site, mode);
      await site.get("/page");
      clock.advance(60.5);
      await values.set("42", "new", { tags: ["spring"], ...how });
      expect(await values.get("42")).not.toBe("old");
      clock.advance(120);
      await site.get("/page");
      expect(await values.get("42")).not.toBe("old");
    });
  },
);

it("a set that waits for the script of another across the time stores nothing", async () => {
  const clock = new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const config = { purge: { clockAllowanceSeconds: 0.1 } };
  const env = { ADMIN_TOKEN: adminToken, PURGE_SECRET: secret };
  const origin = () => page("page", { ...cc("max-age=600"), "cache-tag": "spring" });
  const site = openSite({ clock, upstash, env, origin, config });
  const openValues = ({ data }: DataIsolate) =>
    data.namespace<string, string>("values", { fresh: "10h", tags: ["spring"] });
  const isolate = new DataIsolate({ clock, upstash, config });
  const values = openValues(isolate);
  await site.get("/page");
  await values.get("42");
  await plan(site);
  clock.advance(50);
  for (let nth = 0; nth < 3; nth += 1) await values.get("42");
  await isolate.data.purge({ tags: ["other"] });
  clock.advance(9.89);
  const gate = Promise.withResolvers<void>();
  let isSent = false;
  upstash.beforeStored = () => ((isSent = true), gate.promise);
  const first = values.set("1", "first", { tags: [] });
  await until(() => isSent);
  const setting = values.set("42", "early", { tags: [] });
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  clock.advance(0.22);
  await site.get("/page");
  await site.get("/page");
  expect([...upstash.schedule.values()].join()).toMatch(/^effective/);
  upstash.beforeStored = () => Promise.resolve();
  gate.resolve();
  await first;
  expect(await setting).toEqual([]);
  // The journal drops the effect from its last entries.
  clock.advance(30);
  for (let nth = 0; nth < 1_300; nth += 1) await isolate.data.purge({ tags: [`other ${nth}`] });
  clock.advance(30);
  const there = openValues(
    new DataIsolate({ clock, upstash, config, cache: new FakeCache(clock) }),
  );
  await there.get("1");
  expect(await there.get("42")).toBeUndefined();
});

// Tests that the lookups of a page and its fragments count as one invocation of a Worker.
import { expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { esi } from "../../../src/parts/esi/esi.ts";
import { openInvocations } from "../../../testing/data/invocations.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { esiOptions, include } from "./esi-site.ts";

const world = openInvocations(50);

it("timeouts of one page's fragments do not open the breaker of the database", async () => {
  const paths = Array.from({ length: 12 }, (_, nth) => `/f${nth}`);
  const fragments = Object.fromEntries(paths.map((path) => [path, path]));
  const pages = { "/p": paths.map((path) => include(path)).join(""), ...fragments };
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const config: ConfigInput = {
    routes: [{ name: "pages", match: "/*", tiers: ["memory", "shared"], use: [esi("html")] }],
  };
  const site = openSite(esiOptions(pages, { clock, upstash, hasCache: false, config }));
  await world.run(() => site.get("/first"));
  world.latencyMs = 5_000;
  expect((await world.run(() => site.get("/p"))).text).toBe(paths.join(""));
  world.latencyMs = 50;
  upstash.commands.length = 0;
  await world.run(() => site.get("/next"));
  expect(upstash.commands).not.toEqual([]);
});

// Tests the adapter in two caches with a connection each to one Redis, as in two processes of Node.
import { cachified } from "@epic-web/cachified";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cachifiedCache, type CachifiedEntry } from "../../src/adapters/cachified.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { AheadClock, openProcess } from "../../testing/data/node-process.ts";

const running = new Running();
let url = "";
beforeAll(async () => void ({ url } = await running.add(startEmbeddedValkey())));
afterAll(() => running.stop());

const clock = new AheadClock();

/** Opens a process whose calls load `version`, or find it. */
async function opened() {
  const redis = new Redis(url);
  await running.add(Promise.resolve({ stop: async () => redis.disconnect() }));
  const { cache: data } = openProcess({ redis, nowAtMs: clock.nowAtMs });
  const values = data.namespace<CachifiedEntry>("cachified", { fresh: "1d", tags: ["red"] });
  const ofCachified = cachifiedCache(values);
  const ask = (version: string) =>
    cachified({ key: "a", cache: ofCachified, getFreshValue: () => version });
  return { data, ask };
}

it("processes share values, and a purge in one ends the values of the other", async () => {
  const [here, there] = [await opened(), await opened()];
  expect(await here.ask("first")).toEqual("first");
  expect(await there.ask("unused")).toEqual("first");
  clock.advance(5);
  await there.data.purge({ tags: ["red"] });
  clock.advance(10);
  expect(await here.ask("second")).toEqual("second");
  // Cachified loads once more, because the purge may have come during its lookup.
  expect(await here.ask("second")).toEqual("second");
  clock.advance(5);
  expect(await there.ask("unused")).toEqual("second");
});

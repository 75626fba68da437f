// Tests all adapters in two caches with a connection each to one Redis, as in two processes of Node.
import { cachified } from "@epic-web/cachified";
import { Redis } from "ioredis";
import { Keyv } from "keyv";
import { createStorage } from "unstorage";
import { afterAll, beforeAll, expect, it } from "vitest";
import { cachifiedCache, type CachifiedEntry } from "../../src/adapters/cachified.ts";
import { cached, keyvStore } from "../../src/adapters/keyv.ts";
import { unstorageDriver } from "../../src/adapters/unstorage.ts";
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
  const open = <Value>(name: string) => data.namespace<Value>(name, { fresh: "1d", tags: ["red"] });
  const ofCachified = cachifiedCache(open<CachifiedEntry>("cachified"));
  const keyv = new Keyv({ store: keyvStore(open<unknown>("keyv")) });
  const storage = createStorage({ driver: unstorageDriver(open<unknown>("unstorage")) });
  const stored = async (version: string) => {
    const found = await storage.getItem<string>("a");
    if (found === null) await storage.setItem("a", version);
    return found ?? version;
  };
  const ask = (version: string) =>
    Promise.all([
      cachified({ key: "a", cache: ofCachified, getFreshValue: () => version }),
      cached(keyv, "a", () => version),
      stored(version),
    ]);
  return { data, ask };
}

it("processes share values, and a purge in one ends the values of the other", async () => {
  const [here, there] = [await opened(), await opened()];
  const all = (version: string) => Array(3).fill(version);
  expect(await here.ask("first")).toEqual(all("first"));
  expect(await there.ask("unused")).toEqual(all("first"));
  clock.advance(5);
  await there.data.purge({ tags: ["red"] });
  clock.advance(10);
  expect(await here.ask("second")).toEqual(all("second"));
  // Cachified loads once more, because the purge may have come during its lookup.
  expect(await here.ask("second")).toEqual(all("second"));
  clock.advance(5);
  expect(await there.ask("unused")).toEqual(all("second"));
});

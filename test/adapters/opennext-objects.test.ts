// Tests `tidemark/opennext` without Redis: the journal and the values are in Durable Objects, which two Workers share.
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import "../../testing/fakes/workers-globals.ts";
import { openNextOverrides, withTidemark } from "../../src/adapters/opennext.ts";
import { defineConfig } from "../../src/config/config.ts";
import { durableObjects } from "../../src/cloudflare.ts";
import type { Log } from "../../src/observe/log-line.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { FakeObject } from "../../testing/fakes/fake-object.ts";
import { FakeRecordObjects } from "../../testing/fakes/fake-record-objects.ts";
import { openNetworkOfFakes } from "../../testing/fakes/fake-upstash.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { idle } from "../../testing/site/harness.ts";
import { upstash } from "../../src/upstash.ts";
import type { Stores } from "../../src/compose/bind-stores.ts";

openNetworkOfFakes();

const { incrementalCache, tagCache } = openNextOverrides();

let clock: FakeClock;
let logged: string[];

beforeEach(() => {
  clock = new FakeClock();
  logged = [];
  vi.useFakeTimers({ toFake: ["Date"], now: clock.atMs });
});

afterEach(() => void vi.useRealTimers());

const allInObjects = durableObjects({ records: { objects: 2 } });

/** Opens a Worker, and returns a function that runs work as one request. */
function opened(env: object, COLO: string, stores: Stores = allInObjects) {
  let work: () => Promise<Response> = async () => new Response();
  const log: Log = ({ message }) => void logged.push(message);
  const given = { nowAtMs: clock.nowAtMs, log, stores };
  const worker = withTidemark({ fetch: () => work() }, defineConfig({}), given);
  return async <Result>(run: () => Promise<Result>): Promise<Result> => {
    const results: Result[] = [];
    work = async () => {
      results.push(await run());
      return new Response();
    };
    const request = new Request("https://www.example.com/");
    await worker.fetch(request, { ...env, COLO }, { waitUntil: () => {} });
    await idle();
    return results[0] as Result;
  };
}

it("keeps values for all isolates, and ends them by a purge", async () => {
  const env = { JOURNAL: new FakeObject().namespace, RECORDS: new FakeRecordObjects().namespace };
  const [here, there] = [opened(env, "AMS"), opened(env, "SIN")];
  const value = { type: "app", html: "v1", meta: { headers: { "x-next-cache-tags": "red" } } };
  await here(async () => {
    await incrementalCache.get("/a");
    await incrementalCache.set("/a", value);
  });
  const get = () => incrementalCache.get("/a");
  expect((await there(get)).value).toEqual(value);
  await here(() => tagCache.writeTags(["red"]));
  expect(await here(get)).toBeNull();
  clock.advance(10);
  vi.setSystemTime(clock.atMs);
  expect(await there(get)).toBeNull();
});

it("refuses to run if the journal is not bound", async () => {
  const run = opened({ RECORDS: new FakeRecordObjects().namespace }, "AMS");
  for (const _ of [1, 2]) {
    await expect(run(async () => {})).rejects.toThrow("JOURNAL is not bound");
  }
  expect(logged).toEqual([]);
});

it("says that the records are not bound", async () => {
  await opened({ JOURNAL: new FakeObject().namespace }, "AMS")(async () => {});
  expect(logged.join()).toContain("RECORDS is not bound");
});

it("refuses to run with records, but without a journal", async () => {
  const { records } = allInObjects;
  const run = opened({ RECORDS: new FakeRecordObjects().namespace }, "AMS", { records });
  await expect(run(async () => {})).rejects.toThrow("The shared tier is off.");
});

it("refuses to run if a variable of Redis is invalid", async () => {
  const env = { JOURNAL: new FakeObject().namespace, UPSTASH_REDIS_REST_URL: "x" };
  const stores = { ...upstash(), ...allInObjects };
  await expect(opened(env, "AMS", stores)(async () => {})).rejects.toThrow("TOKEN is not set");
});

it("says that the variables of Redis have no effect", async () => {
  const { url, token } = new UnsteadyUpstash(clock);
  const redis = { UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: token };
  const objects = {
    JOURNAL: new FakeObject().namespace,
    RECORDS: new FakeRecordObjects().namespace,
  };
  await opened({ ...redis, ...objects }, "AMS")(() => incrementalCache.get("/a"));
  expect(logged.join()).toContain("UPSTASH_REDIS_REST_URL has no effect");
});

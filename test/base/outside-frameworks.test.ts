// Tests that Tidemark's own requests pass unchanged through the `fetch` of a framework that stores each answer.
// Needs parts: outward.
import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, describe, expect, it, vi } from "vitest";
import { jsonCall, sendAll } from "../../src/parts/outward/delivery/call.ts";
import type { OutwardPorts } from "../../src/parts/outward/port/outward-target.ts";
import { createPurger } from "../../src/purger/create-purger.ts";
import { overUpstash } from "../../src/remote/redis/rest.ts";
import { RoundTrips } from "../../src/remote/redis/round-trips.ts";
import type { Trip } from "../../src/remote/remote-client.ts";
import { accepted, secret, url } from "../purger/fakes.ts";

const address = { url: "https://redis.example.com", token: "token", nowAtMs: Date.now };
const trip = { purpose: "records", timeoutMs: 1_000 } as unknown as Trip;
const outwardPorts = { nowAtMs: Date.now, fetch: (to, init) => fetch(to, init) } as OutwardPorts;

/** The requests that Tidemark sends by the global `fetch`. */
const rows: readonly (readonly [string, () => Promise<unknown>])[] = [
  [
    "a command to Redis",
    () => new RoundTrips(address, overUpstash).clientFor(trip).exec(["GET", "a"]),
  ],
  ["a purge of createPurger", () => createPurger({ url, secret }).purge({ tags: ["a"] })],
  [
    "a purge of another cache",
    () =>
      sendAll(
        [jsonCall("https://cdn.example.com/purge", {})],
        { sign: async (call) => call },
        outwardPorts,
        () => undefined,
      ),
  ],
];

const vinextNames = ["vinext.unifiedRequestContext.als", "vinext.fetchCache.als"];

/** The `fetch` of a framework, which stores an answer if it knows of a page. */
function patched(storages: readonly AsyncLocalStorage<unknown>[]) {
  let storedCount = 0;
  const stub = async (to: string, { next }: { next?: { internal: boolean } }) => {
    const isOfPage = storages.some((storage) => storage.getStore() !== undefined);
    if (isOfPage && next?.internal !== true) storedCount += 1;
    return to === url ? accepted() : Response.json({ result: "a" });
  };
  return { stub, storedCount: () => storedCount };
}

afterEach(() => {
  vi.unstubAllGlobals();
  for (const name of vinextNames) Reflect.deleteProperty(globalThis, Symbol.for(name));
});

describe.each(rows)("%s", (_, send) => {
  it("is not stored by Next.js", async () => {
    const pages = new AsyncLocalStorage<unknown>();
    const { stub, storedCount } = patched([pages]);
    vi.stubGlobal("fetch", Object.assign(stub, { __nextGetStaticStore: () => pages }));
    await pages.run("a page", send);
    expect(storedCount()).toBe(0);
  });

  it("is not stored by vinext", async () => {
    const storages = vinextNames.map(() => new AsyncLocalStorage<unknown>());
    for (const [at, name] of vinextNames.entries())
      Object.assign(globalThis, { [Symbol.for(name)]: storages[at] });
    const { stub, storedCount } = patched(storages);
    vi.stubGlobal("fetch", stub);
    const [one, other] = storages;
    await one?.run("a page", () => other?.run("its requests", send));
    expect(storedCount()).toBe(0);
  });
});

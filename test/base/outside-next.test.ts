// Tests that Tidemark's own requests pass unchanged through the `fetch` of Next.js, which stores each answer.
// Needs parts: outward.
import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, expect, it, vi } from "vitest";
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

afterEach(() => void vi.unstubAllGlobals());

it.each(rows)("%s is not stored", async (_, send) => {
  const pages = new AsyncLocalStorage<unknown>();
  let storedCount = 0;
  const stub = async (to: string, { next }: { next?: { internal: boolean } }) => {
    if (pages.getStore() !== undefined && next?.internal !== true) storedCount += 1;
    return to === url ? accepted() : Response.json({ result: "a" });
  };
  vi.stubGlobal("fetch", Object.assign(stub, { __nextGetStaticStore: () => pages }));
  await pages.run("a page", send);
  expect(storedCount).toBe(0);
});

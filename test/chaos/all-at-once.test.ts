// Tests a simultaneous outage of the origin and the database. Stored responses of the isolate and
// its colo still answer.
import { afterAll, beforeAll, expect, it } from "vitest";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { sleep, storesSettled } from "../../testing/worker/world.ts";
import { type ChaosWorld, loadOn, startChaosWorld, usedAgain } from "./chaos-world.ts";
import { pageOf, slowestMs, violations } from "./load.ts";

/** Two waits of 0.9 s for the view, a lookup of 1 s, 1 s for the origin, and a reserve. */
const waitMsMax = 5_000;
const healMsMax = 8_000;

let chaos: ChaosWorld;
beforeAll(async () => {
  chaos = await startChaosWorld();
});
afterAll(() => chaos.stop());

it("stored pages answer unverified during an outage, and all pages answer after it", async () => {
  const pages = Array.from({ length: 20 }, (_, at) => `/kept/all/${at}`);
  for (const path of pages) await rawRequest(chaos.url, path);
  await storesSettled(chaos.world.colos[0]!);
  const kept = loadOn(chaos, (nth) => pages[nth % pages.length] ?? "");
  const missing = loadOn(chaos, (nth) => `/once/all/${nth}`);
  const [toOrigin, ...toDatabase] = [chaos.toOrigin, chaos.toRest, chaos.toRedis];
  await Promise.all([
    toOrigin.become({ kind: "resets" }),
    ...toDatabase.map((proxy) => proxy.become({ kind: "black-hole" })),
  ]);
  const brokenAtMs = performance.now();
  // Waits longer than N, so that Tidemark cannot tell any more which responses were purged.
  await sleep(4_000);
  await Promise.all([kept.stop(), missing.stop()]);
  expect(violations(kept.between(brokenAtMs))).toEqual([]);
  expect(slowestMs(kept.answers)).toBeLessThan(waitMsMax);
  expect(kept.answers.at(-1)?.cacheStatus).toContain("unverified");
  const told = missing.between(brokenAtMs).map(({ status }) => status);
  expect(told.filter((status) => ![502, 503, 504].includes(status))).toEqual([]);
  expect(slowestMs(missing.answers)).toBeLessThan(waitMsMax);

  for (const proxy of [toOrigin, ...toDatabase]) {
    // Resets the connections first, so that none waits for bytes that were dropped.
    await proxy.become({ kind: "resets" });
    await proxy.become({ kind: "open" });
  }
  const openedAtMs = performance.now();
  await usedAgain(chaos, "all");
  expect(performance.now() - openedAtMs).toBeLessThan(healMsMax);
  for (const path of [...pages, "/once/all/after"]) {
    expect((await rawRequest(chaos.url, path)).body.toString()).toBe(pageOf(path));
  }
});

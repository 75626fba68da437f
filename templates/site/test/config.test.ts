// The configuration as the Worker uses it, before an origin that is a function. `npm run deploy` runs this
// first: a configuration that is refused is not uploaded.
import { createWorker } from "tidemark/worker";
import { expect, it } from "vitest";
import config from "../tidemark.config.ts";

const worker = createWorker(config, { origins: { default: () => new Response("a page") } });

/** @returns what Cache-Status says, once all that goes on behind the answer is over */
async function cacheStatusOf(path: string, headers: Record<string, string> = {}): Promise<string> {
  const behind: Promise<unknown>[] = [];
  const context = {
    waitUntil: (work: Promise<unknown>) => void behind.push(work),
    passThroughOnException: () => undefined,
    props: {},
  };
  const request = new Request(`https://www.example.com${path}`, { headers });
  const response = await worker.fetch(request, {}, context);
  await response.text();
  await Promise.all(behind);
  return response.headers.get("cache-status") ?? "";
}

it.each(["/", "/articles/fog"])("stores %s", async (path) => {
  expect(await cacheStatusOf(path)).toContain("stored");
  expect(await cacheStatusOf(path)).toContain("hit");
});

it.each(["/account/orders", "/api/basket"])("never stores %s", async (path) => {
  expect(await cacheStatusOf(path)).toContain("fwd=bypass");
  expect(await cacheStatusOf(path)).toContain("fwd=bypass");
});

it("never shares the page of somebody who is logged in", async () => {
  const headers = { cookie: "session=1" };
  expect(await cacheStatusOf("/news", headers)).toContain("unknown-cookie");
});

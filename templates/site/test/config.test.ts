// Tests the configuration in the Worker, with a function as origin. `npm run deploy` runs these tests first, so
// that it never uploads an invalid configuration.
import { createWorker } from "tidemark/worker";
import { expect, it } from "vitest";
import config from "../tidemark.config.ts";

const worker = createWorker(config, { origins: { default: () => new Response("a page") } });

/** Returns Cache-Status after all background work of the response. */
async function cacheStatusOf(path: string, headers: Record<string, string> = {}): Promise<string> {
  const background: Promise<unknown>[] = [];
  const context = {
    waitUntil: (work: Promise<unknown>) => void background.push(work),
    passThroughOnException: () => undefined,
    props: {},
  };
  const request = new Request(`https://www.example.com${path}`, { headers });
  const response = await worker.fetch(request, {}, context);
  await response.text();
  await Promise.all(background);
  return response.headers.get("cache-status") ?? "";
}

it.each(["/", "/articles/fog"])("stores %s", async (path) => {
  expect(await cacheStatusOf(path)).toContain("stored");
  expect(await cacheStatusOf(path)).toContain("hit");
});

// One path for each route with bypass: change them together with the routes.
it.each(["/account/orders", "/api/basket"])(
  "never stores %s, as its route has bypass",
  async (path) => {
    expect(await cacheStatusOf(path)).toContain("fwd=bypass");
    expect(await cacheStatusOf(path)).toContain("fwd=bypass");
  },
);

it("never shares the page of a logged-in user", async () => {
  const headers = { cookie: "session=1" };
  expect(await cacheStatusOf("/news", headers)).toContain("unknown-cookie");
});

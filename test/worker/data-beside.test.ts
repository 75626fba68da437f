// Data beside pages on workerd: one purge by the operator's route covers both at once, stats have both.
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleBeside } from "../../testing/worker/bundle-data.ts";
import { adminToken, startWorld, until, type World } from "../../testing/worker/world.ts";

let world: World;
beforeAll(async () => {
  const worker = await bundleBeside();
  world = await startWorld({ originUrl: "http://origin.invalid", worker });
});
afterAll(() => world.stop());

const headers = { authorization: `Bearer ${adminToken}` };
const ask = (path: string, init?: RequestInit) => fetch(`${world.colos[0]?.url}${path}`, init);

async function seen() {
  const [page, value] = [await ask("/page"), await ask("/value")];
  await page.text();
  const isHit = page.headers.get("cache-status")?.includes("; hit");
  return { isHit, value: await value.text(), isSame: value.headers.get("same") };
}

it("a purge by tag takes a page and a value at once, and both have one set of counts", async () => {
  await seen();
  await until(async () => (await seen()).isHit === true, "the page");
  expect(await seen()).toEqual({ isHit: true, value: "load 1", isSame: "true" });
  const purged = await ask("/_cache/purge", { method: "POST", headers, body: '{"tags":["red"]}' });
  expect(purged.status).toBe(200);
  expect(await seen()).toEqual({ isHit: false, value: "load 2", isSame: "true" });
  const stats = (await (await ask("/_cache/stats", { headers })).json()) as object;
  expect(stats).toMatchObject({
    faults: [],
    failedBackgroundWork: 0,
    data: { namespaces: { words: { workedLoads: 2, writes: { shared: { kept: 2 } } } } },
  });
});

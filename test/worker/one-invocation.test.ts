// Tests a data cache on workerd under the limits of Workers Free on one invocation.
import { afterAll, expect, it } from "vitest";
import { bundleData } from "../../testing/worker/bundle-data.ts";
import { startWorld, until } from "../../testing/worker/world.ts";

const worker = await bundleData('fresh: "10m", collapse: "isolate"');
const world = await startWorld({
  originUrl: "http://origin.invalid",
  worker,
  limits: { connectionsMax: 6, subrequestsMax: 50 },
});
afterAll(() => world.stop());

async function ask(path: string): Promise<unknown> {
  const response = await fetch(`${world.colos[0]?.url}${path}`);
  const text = await response.text();
  if (response.status !== 200) throw new Error(text);
  return JSON.parse(text) as unknown;
}

it("lets one request use up its subrequests, and serves the next ones", async () => {
  await ask("/get/warm");
  const keys = Array.from({ length: 60 }, (_, nth) => `k${nth}`);
  expect(await ask(`/each/${keys.join(",")}`)).toHaveLength(60);
  for (const nth of [0, 1, 2, 3, 4]) {
    world.rest.resetCounts();
    await ask(`/get/later${nth}`);
    const counts = () => world.rest.counts().commandCountByName;
    await until(async () => counts()["EVAL"] === 1, "the value in Redis");
    expect(counts()["GETRANGE"]).toBe(1);
  }
  expect(JSON.stringify(await ask("/stats"))).not.toContain("unreachable");
});

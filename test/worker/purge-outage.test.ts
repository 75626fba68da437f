// Tests purges while Redis is down, and after Redis restarts without its data.
import { afterEach, describe, expect, it } from "vitest";
import { Running } from "../../local/running.ts";
import { oneRedisServer } from "../../testing/fakes/redis-server.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { adminToken, sleep, startWorld, storesSettled, until } from "../../testing/worker/world.ts";

const maxLagMs = 1_000;
const boundMs = 800;
let running = new Running();

afterEach(async () => {
  await running.stop();
  running = new Running();
});

describe.each(oneRedisServer)("a purge during an outage of $redis", ({ start }) => {
  it("gets 503, old responses end within maxLagSeconds, and purges work after a restart", async () => {
    let version = 1;
    const redis = await running.add(start());
    const origin = await running.add(
      startScriptedOrigin((_, response) => {
        response.writeHead(200, { "cache-control": "max-age=600", "cache-tag": "page" });
        response.end(`version ${version}`);
      }),
    );
    const world = await running.add(
      startWorld({
        originUrl: origin.url,
        colos: 2,
        redisUrl: redis.url,
        config: `{ purge: { maxLagSeconds: ${maxLagMs / 1_000}, clockAllowanceSeconds: 0.2 } }`,
      }),
    );
    const read = async (index: number) =>
      (await rawRequest(world.colos[index]!.url, "/page")).body.toString();
    const purge = () =>
      rawRequest(world.colos[0]!.url, "/_cache/purge", {
        method: "POST",
        headers: { authorization: `Bearer ${adminToken}` },
        body: '{"tags":["page"]}',
      });
    for (const index of [0, 1]) await read(index);
    for (const colo of world.colos) await storesSettled(colo);

    redis.kill();
    version = 2;
    const refused = await purge();
    expect(refused.status).toBe(503);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    // No colo can learn of a purge, so each colo uses a stored response for at most N − A.
    await sleep(maxLagMs);
    const sinceAtMs = Date.now();
    const before = origin.count("/page");
    for (const index of [0, 1]) expect(await read(index)).toBe("version 2");
    for (let turn = 0; turn < 5; turn += 1) for (const index of [0, 1]) await read(index);
    const perColo = 1 + Math.ceil((Date.now() - sinceAtMs) / boundMs);
    expect(origin.count("/page") - before).toBeLessThanOrEqual(2 * perColo);

    // Redis restarts empty, so every response stored before is treated as purged.
    const { port } = new URL(redis.url);
    await running.add(start({ port: Number(port) }));
    version = 3;
    await until(async () => (await purge()).status === 200, "purges to be accepted again");
    await sleep(maxLagMs);
    for (const index of [0, 1]) expect(await read(index)).toBe("version 3");
  });
});

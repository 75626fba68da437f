// Redis killed and back again, the origin killed and back again: what clients see meanwhile.
import { afterEach, describe, expect, it } from "vitest";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { Running } from "../../local/running.ts";
import { startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { cacheStatusOf, rawRequest } from "../../testing/worker/raw-request.ts";
import { startWorld, statsOf, storesSettled, until } from "../../testing/worker/world.ts";

let running = new Running();

afterEach(async () => {
  await running.stop();
  running = new Running();
});

describe.each(redisServers)("$redis", ({ start }) => {
  it("killed: no error to clients; back: all heals by itself", async () => {
    const redis = await running.add(start());
    const origin = await running.add(
      startScriptedOrigin((request, response) => {
        response.writeHead(200, { "cache-control": "max-age=600" }).end(`page ${request.url}`);
      }),
    );
    const world = await running.add(
      startWorld({ originUrl: origin.url, colos: 2, redisUrl: redis.url }),
    );
    const [first, second] = [world.colos[0]!, world.colos[1]!];
    await rawRequest(first.url, "/before");
    await storesSettled(first);

    redis.kill();
    for (let index = 0; index < 12; index += 1) {
      const answer = await rawRequest(first.url, `/during/${index}`);
      expect(answer.status).toBe(200);
      expect(answer.body.toString()).toBe(`page /during/${index}`);
      expect(cacheStatusOf(answer)).toMatch(/fwd=uri-miss/);
    }
    expect(cacheStatusOf(await rawRequest(first.url, "/before"))).toMatch(/detail=memory/);
    expect((await statsOf(first)).redis.shutOff).toBe(true);

    const { port } = new URL(redis.url);
    await running.add(start({ port: Number(port) }));
    // Requests keep coming; a probe behind one of them finds the database.
    await until(async () => {
      await rawRequest(first.url, `/probing/${Date.now()}`);
      return !(await statsOf(first)).redis.shutOff;
    }, "the shared tier to be used again");
    // Each colo marks the loss of the journal, and a mark covers what came before it.
    let page = 0;
    await until(async () => {
      page += 1;
      await rawRequest(first.url, `/after/${page}`);
      await storesSettled(first);
      const answer = await rawRequest(second.url, `/after/${page}`);
      return /detail=shared/.test(cacheStatusOf(answer));
    }, "the other colo to read the shared tier");
    expect(origin.count(`/after/${page}`)).toBe(1);
  });
});

describe("an origin that cannot be reached", () => {
  it("is a 502 on a plain page, and a stale page where the route allows one", async () => {
    const origin = await startScriptedOrigin((_, response) => {
      response.writeHead(200, { "cache-control": "max-age=0, stale-if-error=600", etag: '"1"' });
      response.end("page");
    });
    const world = await running.add(startWorld({ originUrl: origin.url }));
    const { url } = world.colos[0]!;
    await rawRequest(url, "/kept");
    await storesSettled(world.colos[0]!);
    await origin.stop();

    const kept = await rawRequest(url, "/kept");
    expect(kept.status).toBe(200);
    expect(kept.body.toString()).toBe("page");
    expect(cacheStatusOf(kept)).toBe("tidemark; fwd=stale; detail=stale-if-error");

    const other = await rawRequest(url, "/other");
    expect(other.status).toBe(502);
    expect(other.headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(other.body.toString()).not.toMatch(/127\.0\.0\.1|Error|at /);
    expect((await rawRequest(url, "/other", { method: "POST", body: "x" })).status).toBe(502);
  });

  it("is a 504 when it does not answer in time", async () => {
    const origin = await running.add(startScriptedOrigin(() => undefined));
    const world = await running.add(
      startWorld({ originUrl: origin.url, config: '{ originTimeout: "1s" }' }),
    );
    expect((await rawRequest(world.colos[0]!.url, "/")).status).toBe(504);
  });
});

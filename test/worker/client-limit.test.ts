// A rate limiter of the platform between clients and the origin, on workerd.
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { startWorld, type World } from "../../testing/worker/world.ts";

let origin: ScriptedOrigin;
let world: World;

beforeAll(async () => {
  origin = await startScriptedOrigin((_, response) => {
    response.writeHead(200, { "cache-control": "max-age=600" }).end("page");
  });
  const rateLimits = { ORIGIN_LIMITER: { limit: 3, periodSeconds: 60 } } as const;
  world = await startWorld({ originUrl: origin.url, rateLimits });
});

afterAll(async () => {
  await world.stop();
  await origin.stop();
});

async function statuses(address: string, paths: readonly string[]): Promise<number[]> {
  const { url } = world.colos[0]!;
  const all: number[] = [];
  for (const path of paths) {
    const { status } = await rawRequest(url, path, { headers: { "cf-connecting-ip": address } });
    all.push(status);
  }
  return all;
}

it("lets each network have so many requests of the origin, and hits without end", async () => {
  const paths = ["/a", "/b", "/c", "/d", "/a", "/a"];
  expect(await statuses("2001:db8::1", paths)).toEqual([200, 200, 200, 429, 200, 200]);
  expect(await statuses("2001:db8::ffff:2", ["/e"])).toEqual([429]);
  expect(await statuses("2001:db8:0:1::1", ["/d"])).toEqual([200]);
});

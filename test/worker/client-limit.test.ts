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

const minuteNow = () => Math.floor(Date.now() / 60_000);

/** The platform counts anew with each minute. */
async function inOneMinute<T>(run: (nth: number) => Promise<T>): Promise<T> {
  for (let nth = 1; ; nth += 1) {
    const beganIn = minuteNow();
    const result = await run(nth);
    if (minuteNow() === beganIn) return result;
  }
}

it("lets each network have so many requests of the origin, and hits without end", async () => {
  const seen = await inOneMinute(async (nth) => {
    const paths = ["a", "b", "c", "d", "a", "a"].map((name) => `/${nth}/${name}`);
    return [
      await statuses(`2001:db8:${nth}::1`, paths),
      await statuses(`2001:db8:${nth}::ffff:2`, [`/${nth}/e`]),
      await statuses(`2001:db8:${nth}:1::1`, [`/${nth}/d`]),
    ];
  });
  expect(seen).toEqual([[200, 200, 200, 429, 200, 200], [429], [200]]);
});

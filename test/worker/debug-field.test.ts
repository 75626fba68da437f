// Tidemark-Debug on the built Worker: the body comes as it was, coded or not, and a wrong token shows
// nothing.
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { adminToken, startWorld, type World } from "../../testing/worker/world.ts";

const packed = gzipSync("page ".repeat(200));
let origin: ScriptedOrigin;
let world: World;

beforeAll(async () => {
  origin = await startScriptedOrigin((_, response) => {
    const fields = {
      "cache-control": "max-age=600",
      "content-encoding": "gzip",
      "content-type": "text/html",
    };
    response.writeHead(200, fields).end(packed);
  });
  world = await startWorld({ originUrl: origin.url });
});

afterAll(async () => {
  await world.stop();
  await origin.stop();
});

const ask = (token: string) =>
  rawRequest(world.colos[0]?.url ?? "", "/a", {
    headers: { "accept-encoding": "gzip", "tidemark-debug": token },
  });

it.each(["a miss", "a hit"])("an answer tells about itself: %s", async () => {
  const { body, headers } = await ask(adminToken);
  expect(body.equals(packed)).toBe(true);
  const told = JSON.parse(String(headers["tidemark-explain"])) as {
    colo: string;
    cacheStatus: string;
  };
  expect(told.colo).toBe("colo-1");
  // Both are of one moment, unless a second ends between them.
  const withoutTtl = (text: string) => text.replace(/ttl=\d+/, "ttl");
  expect(withoutTtl(String(headers["cache-status"]))).toContain(withoutTtl(told.cacheStatus));
});

it("a wrong token shows nothing, and the origin has never seen the field", async () => {
  const { body, headers } = await ask("wrong");
  expect(body.equals(packed)).toBe(true);
  expect(headers["tidemark-explain"]).toBeUndefined();
  expect(headers["cache-control"]).toBe("max-age=600");
  expect(origin.seen.map((seen) => seen.headers["tidemark-debug"])).toEqual([undefined]);
});

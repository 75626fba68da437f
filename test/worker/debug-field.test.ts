// Tests Tidemark-Debug on the built Worker with an encoded body.
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { adminToken } from "../../testing/worker/world.ts";
import { worldOfFile } from "../../testing/worker/world-of-file.ts";

const packed = gzipSync("page ".repeat(200));
const fields = { "cache-control": "max-age=600", "content-encoding": "gzip" };
const { origin, url } = await worldOfFile((_, response) => {
  response.writeHead(200, fields).end(packed);
});

const ask = (token: string) =>
  rawRequest(url, "/a", { headers: { "accept-encoding": "gzip", "tidemark-debug": token } });

it.each(["a miss", "a hit"])("Tidemark-Debug with the admin token explains %s", async () => {
  const { body, headers } = await ask(adminToken);
  expect(body.equals(packed)).toBe(true);
  const told = JSON.parse(String(headers["tidemark-explain"])) as Record<string, string>;
  expect(told["colo"]).toBe("colo-1");
  // The two TTLs differ if a second ends between their computations.
  const withoutTtl = (text = "") => text.replace(/ttl=\d+/, "ttl");
  expect(withoutTtl(String(headers["cache-status"]))).toContain(withoutTtl(told["cacheStatus"]));
});

it("Tidemark-Debug with a wrong token has no effect and is not forwarded", async () => {
  const { body, headers } = await ask("wrong");
  expect(body.equals(packed)).toBe(true);
  expect(headers["tidemark-explain"]).toBeUndefined();
  expect(headers["cache-control"]).toBe("max-age=600");
  expect(origin.seen.map((seen) => seen.headers["tidemark-debug"])).toEqual([undefined]);
});

// Tests the platform's rate limiter for origin requests, on workerd.
import { expect, it } from "vitest";
import { rawRequest } from "../../testing/worker/raw-request.ts";
import { worldOfFile } from "../../testing/worker/world-of-file.ts";

const { url } = await worldOfFile(
  (_, response) => void response.writeHead(200, { "cache-control": "max-age=600" }).end("page"),
  { rateLimits: { ORIGIN_LIMITER: { limit: 3, periodSeconds: 60 } } },
);

async function statuses(address: string, paths: readonly string[]): Promise<number[]> {
  const all: number[] = [];
  for (const path of paths) {
    const { status } = await rawRequest(url, path, { headers: { "cf-connecting-ip": address } });
    all.push(status);
  }
  return all;
}

const minuteNow = () => Math.floor(Date.now() / 60_000);

/** Repeats `run` until it is within one minute, because the platform's counts begin each minute. */
async function inOneMinute<T>(run: (nth: number) => Promise<T>): Promise<T> {
  for (let nth = 1; ; nth += 1) {
    const beganIn = minuteNow();
    const result = await run(nth);
    if (minuteNow() === beganIn) return result;
  }
}

it("the rate limiter limits the origin requests of each network, and not its hits", async () => {
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

// Tests the variables that the cache provider for Astro reads, over a real Redis.
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import "../../testing/fakes/workers-globals.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { type AstroCacheProvider, astroCache } from "../../src/adapters/astro/provider.ts";

const running = new Running();
let url = "";
beforeAll(async () => void ({ url } = await running.add(startEmbeddedValkey())));
afterAll(() => running.stop());

let sites = 0;

/** Opens the provider of a process. */
function opened(env: object = {}, namespace = `site-${(sites += 1)}`) {
  const redis = new Redis(url);
  void running.add(Promise.resolve({ stop: async () => redis.disconnect() }));
  return { provider: astroCache({ namespace }, { redis, env })({ build: "4f2c9a1" }), namespace };
}

/** Requests a page with a tag, and waits until it is stored. @returns the text of the answer */
async function get(provider: AstroCacheProvider, body: string) {
  const request = new Request("http://localhost/page");
  const headers = provider.setHeaders({ maxAge: 60, tags: ["news"] });
  const context = { request, logger: { error: () => undefined } };
  const response = await provider.onRequest(context, async () => new Response(body, { headers }));
  const text = await response.text();
  await new Promise((resolve) => setTimeout(resolve, 20));
  return text;
}

describe("variables of a database, beside `redis`", () => {
  const journal = {
    JOURNAL_REDIS_REST_URL: "https://journal.invalid",
    JOURNAL_REDIS_REST_TOKEN: "token-of-the-journal",
  };
  const upstash = {
    UPSTASH_REDIS_REST_URL: "https://cache.invalid",
    UPSTASH_REDIS_REST_TOKEN: "token-of-the-cache",
  };

  it.each([journal, upstash, { ...upstash, ...journal }])(
    "have no effect, except for a fault of each: %j",
    async (env) => {
      const warn = vi.spyOn(console, "warn").mockReturnValue();
      onTestFinished(() => warn.mockRestore());
      const { provider, namespace } = opened(env);
      /** Opens a process without these variables, which shares the pages and the journal. */
      const other = () => opened({}, namespace).provider;
      await get(provider, "old");
      expect(await get(other(), "none")).toBe("old");
      await provider.invalidate({ tags: ["news"] });
      expect(await get(other(), "new")).toBe("new");
      const faults = warn.mock.calls.filter(([line]) => String(line).includes('"event":"fault"'));
      const idle = Object.keys(env).filter((name) => name.endsWith("_URL"));
      expect(faults).toEqual(
        idle.map((name) => [
          expect.stringContaining(`${name} has no effect. The stores name their database in code.`),
        ]),
      );
    },
  );

  it("are not reported if they are empty", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    onTestFinished(() => warn.mockRestore());
    await get(opened({ UPSTASH_REDIS_REST_URL: " " }).provider, "old");
    expect(warn).not.toHaveBeenCalled();
  });
});

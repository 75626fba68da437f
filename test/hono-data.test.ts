// Tests c.var.cache: a Hono application gets the data cache that `tidemark` was given.
import { Hono } from "hono";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { faultText } from "../src/base/operator-error.ts";
import type { Stores } from "../src/compose/bind-stores.ts";
import { createDataCache } from "../src/data-cache.ts";
import { type CacheVariables, tidemark, withCache } from "../src/hono.ts";
import { defineConfig } from "../src/tidemark.ts";
import "../testing/fakes/workers-globals.ts";

const config = defineConfig({});

function application() {
  const app = new Hono<{ Variables: CacheVariables }>();
  app.onError((cause, c) => c.text(cause.message, 500));
  app.use(withCache);
  app.get("/", async (c) => {
    const words = c.var.cache.namespace<string, string>("words", { fresh: "1m" });
    return c.text((await words.getOrSet("a", () => "from the source")) ?? "");
  });
  return app;
}

const textOf = async (answer: Response | Promise<Response>) => (await answer).text();

describe("a purge of a handler without a usable journal", () => {
  const unbound = { what: "Purges are off.", why: "JOURNAL is not bound.", hint: "Bind JOURNAL." };
  const stores: Stores = { journal: { bound: () => unbound } };

  it.each<[string, { stores?: Stores }, fault: string, rejection: string]>([
    [
      "as its stores say",
      { stores },
      faultText(unbound),
      "No journal is usable: JOURNAL is not bound. Bind JOURNAL.",
    ],
    [
      "without stores",
      {},
      "The Worker has a data cache, and passes no stores.",
      "No journal is configured.",
    ],
  ])("rejects, and the log has a fault: %s", async (_, given, fault, rejection) => {
    const log = vi.spyOn(console, "warn").mockReturnValue();
    onTestFinished(() => log.mockRestore());
    const app = application().post("/", async (c) => {
      await c.var.cache.purge({ tags: ["a"] });
      return c.text("Purged.");
    });
    const site = tidemark(app, config, { env: {}, data: createDataCache(config), ...given });
    const answer = site.fetch(new Request("https://site.test/", { method: "POST" }));
    expect(await textOf(answer)).toContain(rejection);
    const lines = log.mock.calls.map(([line]) => String(line));
    expect(lines.filter((line) => line.includes("fault"))).toEqual([
      expect.stringContaining(fault),
    ]);
  });
});

describe("withCache", () => {
  it("sets the cache that tidemark was given", async () => {
    const cache = createDataCache(config);
    const site = tidemark(application(), config, { env: {}, data: cache });
    expect(await textOf(site.fetch(new Request("https://site.test/")))).toBe("from the source");
    const words = cache.namespace<string>("words", { fresh: "1m" });
    expect(await words.get("a")).toBe("from the source");
  });

  it("fails with the name of the missing option of tidemark", async () => {
    const site = tidemark(application(), config, { env: {} });
    expect(await textOf(site.fetch(new Request("https://site.test/")))).toContain(
      "Write tidemark(app, config, { data: cache })",
    );
  });

  it("fails with a hint if tidemark did not call the application", async () => {
    expect(await textOf(application().request("https://site.test/"))).toContain(
      "The application was not called by tidemark",
    );
  });
});

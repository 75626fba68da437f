// Random orders, queries and configurations: each is accepted, or refused with what is wrong and how to fix it.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { OperatorError } from "../../src/base/operator-error.ts";
import { defineConfig } from "../../src/config/config.ts";
import type { WrittenConfig } from "../../src/config/written.ts";
import { changed, fuzz, words } from "../../testing/fuzz.ts";
import { openSite } from "../../testing/site/harness.ts";
import { bearer, openJournalled } from "../../testing/site/purge-sender.ts";

const posts = {
  "/_cache/purge": {
    tags: ["a", "b"],
    urls: ["https://www.example.com/a"],
    prefixes: ["https://www.example.com/news/"],
    hosts: ["www.example.com"],
    routes: ["articles"],
    everything: true,
    soft: true,
    reason: "a reason",
    dryRun: true,
  },
  "/_cache/switch": { bypass: ["articles"], reason: "a reason" },
  "/_cache/warm": { urls: ["https://www.example.com/a"], sitemaps: [], force: true },
};
const orders = fc.oneof(
  ...Object.entries(posts).map(([path, order]) =>
    fc.record({
      path: fc.constant(path),
      body: fc.oneof(
        changed(order).map((one) => JSON.stringify(one)),
        fc.string(),
      ),
    }),
  ),
);

interface Refusal {
  readonly error?: { readonly what: string; readonly why: string; readonly hint: string };
}

/** A refusal says what, why and how to fix it. A 503 says that a service is missing. */
async function expectAnswered(response: Response): Promise<void> {
  const { status } = response;
  const text = await response.text();
  expect([status, text, [200, 202, 400, 404, 409, 413, 422, 503].includes(status)]).toEqual([
    status,
    text,
    true,
  ]);
  if (status < 400 || status === 404) return;
  const { error } = JSON.parse(text) as Refusal;
  for (const part of [error?.what, error?.why, error?.hint]) expect(part).toMatch(/\w/);
}

it("an order of an operator is accepted, or refused with the reason", async () => {
  const { site } = openJournalled({ config: { routes: [{ name: "articles", match: "/a/*" }] } });
  await fuzz(
    orders,
    async ({ path, body }) =>
      expectAnswered(await site.ask(path, { method: "POST", headers: bearer, body })),
    { runs: 500 },
  );
  expect(site.lines.filter(({ event }) => event.endsWith("-failed"))).toEqual([]);
});

const queries = fc.record({
  path: fc.constantFrom("explain", "journal", "metrics", "stats", "health", "switch", "outward"),
  query: fc.dictionary(
    fc.constantFrom("url", "method", "header", "format", "last", "from", "until", "count", "after"),
    fc.oneof(words, fc.string(), fc.constantFrom("json", "text", "GET", "Cookie: a=b", "0-0")),
    { maxKeys: 3 },
  ),
});

it("a query of an operator is answered, or refused with the reason", async () => {
  const { site } = openJournalled();
  const statuses = new Set<number>();
  await fuzz(
    queries,
    async ({ path, query }) => {
      const search = new URLSearchParams(query);
      const response = await site.ask(`/_cache/${path}?${search}`, { headers: bearer });
      statuses.add(response.status);
      await (response.ok ? response.text() : expectAnswered(response));
    },
    { runs: 500 },
  );
  expect([...statuses]).toEqual(expect.arrayContaining([200, 400]));
});

const written = {
  namespace: "shop",
  originTimeout: "10s",
  cookies: { harmless: ["a"] },
  purge: { maxLagSeconds: 10, clockAllowanceSeconds: 1 },
  limits: { sharedBodyBytes: 1_000_000 },
  routes: [
    { name: "a", match: "/a/:slug", fresh: "5m", staleIfError: "1d", negative: { 404: "10s" } },
    { name: "b", match: ["/b/*", "shop.example.com/*"], bypass: true },
    { name: "c", match: "*", key: { cookies: ["theme"] }, tiers: ["memory"] },
  ],
};

it("a configuration works, or is refused with the reason", async () => {
  const counts = { accepted: 0, refused: 0 };
  await fuzz(
    changed(written),
    async (given) => {
      try {
        defineConfig(given as WrittenConfig);
      } catch (cause) {
        if (!(cause instanceof OperatorError)) throw cause;
        counts.refused += 1;
        return;
      }
      counts.accepted += 1;
      const site = openSite({ config: given as object });
      const { status } = await site.get("/a/b");
      expect(site.lines.filter(({ event }) => event === "request-failed")).toEqual([]);
      expect([200, 421, 404, 500]).toContain(status);
    },
    { runs: 500 },
  );
  expect(Math.min(counts.accepted, counts.refused)).toBeGreaterThan(100);
});

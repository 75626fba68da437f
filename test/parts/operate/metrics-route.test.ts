// Tests GET /_cache/metrics: the response to a scrape, its cost, and its errors.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EmbeddedValkey } from "../../../local/embedded-valkey.ts";
import {
  startUpstashRestServer,
  type UpstashRestServer,
} from "../../../local/upstash-rest-server.ts";
import { metricsRoute } from "../../../src/parts/operate/metrics-route.ts";
import type { OperatorAnswer } from "../../../src/protocol/answers.ts";
import { version } from "../../../src/version.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import { madeTotals } from "../../../testing/monitoring/made-totals.ts";
import { openSite, type SiteOptions } from "../../../testing/site/harness.ts";

const token = "admin-token-of-site";
const bearing = { headers: { authorization: `Bearer ${token}` } };

interface Told {
  error: { code: string; what: string; why: string; hint: string };
}

describe.each(oneRedisServer)("metrics with $redis", ({ start }) => {
  let redis: EmbeddedValkey;
  let rest: UpstashRestServer;

  beforeAll(async () => {
    redis = await start();
  });
  beforeEach(async () => {
    rest = await startUpstashRestServer({ redisUrl: redis.url, token: "token" });
  });
  afterEach(() => rest.stop());
  afterAll(() => redis.stop());

  const siteWith = (options: SiteOptions = {}) =>
    openSite({
      ...options,
      env: {
        ADMIN_TOKEN: token,
        UPSTASH_REDIS_REST_URL: rest.url,
        UPSTASH_REDIS_REST_TOKEN: "token",
        ...options.env,
      },
    });

  it("are sent in the Prometheus text format, with no-store", async () => {
    const seen = await siteWith().get("/_cache/metrics", bearing);
    expect([
      seen.status,
      seen.fields.get("content-type"),
      seen.fields.get("cache-control"),
    ]).toEqual([200, "text/plain; version=0.0.4; charset=utf-8", "no-store"]);
    expect(seen.text).toContain(`\ntidemark_build_info{version="${version}"} 1\n`);
    expect(seen.text).toContain("\ntidemark_redis_up 1\n");
    expect(seen.text).toMatch(/\ntidemark_redis_memory_bytes \d{5,}\n/);
    expect(seen.text).toContain("\ntidemark_reports_lost_total 0\n");
  });

  it("contain the last requests of the isolate as JSON, but not for a scraper", async () => {
    const site = siteWith();
    await site.get("/news/1");
    const scraped = await site.get("/_cache/metrics", bearing);
    expect(scraped.text).not.toMatch(/^tidemark_requests_total\{/m);
    const { text } = await site.get("/_cache/metrics?format=json", bearing);
    const { counters } = JSON.parse(text) as OperatorAnswer<"metrics">;
    const requests = counters.filter(({ name }) => name === "tidemark_requests_total");
    expect(requests.map(({ value }) => value)).toEqual([1]);
  });

  it("say when their counts began, not when they were first read", async () => {
    const site = siteWith();
    await site.get("/news/1");
    site.clock.atMs += 90_000;
    const readAtMs = Date.now();
    const { text } = await site.get("/_cache/metrics?format=json", bearing);
    const { startedAt } = JSON.parse(text) as OperatorAnswer<"metrics">;
    expect(Date.parse(startedAt ?? "")).toBeLessThan(readAtMs - 89_000);
  });

  it("contain N of the configuration", async () => {
    const config = { purge: { maxLagSeconds: 12 } };
    const { text } = await siteWith({ config }).get("/_cache/metrics", bearing);
    expect(text).toContain("\ntidemark_purge_bound_seconds 12\n");
  });

  it("have no body in the response to HEAD", async () => {
    const seen = await siteWith().get("/_cache/metrics", { ...bearing, method: "HEAD" });
    expect([seen.status, seen.text]).toEqual([200, ""]);
    expect(seen.fields.get("content-type")).toContain("version=0.0.4");
  });

  it("cost four commands in two requests, as docs/monitoring.md says", async () => {
    const site = siteWith();
    rest.resetCounts();
    await site.get("/_cache/metrics", bearing);
    const { requestCount, commandCount, commandCountByName } = rest.counts();
    expect(commandCountByName).toMatchObject({ INFO: 1, XRANGE: 1 });
    expect({ requestCount, commandCount }).toEqual({ requestCount: 2, commandCount: 4 });
  });

  it("are replaced by an error with a hint if Redis refuses the token", async () => {
    const site = siteWith({ env: { UPSTASH_REDIS_REST_TOKEN: "wrong-token" } });
    const seen = await site.get("/_cache/metrics", bearing);
    expect([seen.status, seen.fields.get("cache-control")]).toEqual([503, "no-store"]);
    expect((JSON.parse(seen.text) as Told).error).toEqual({
      code: "unavailable",
      what: "No metrics were shown.",
      why: "Upstash refused the token (401).",
      hint: "Check UPSTASH_REDIS_REST_TOKEN.",
    });
  });
});

describe("a deployment without totals", () => {
  const database = { UPSTASH_REDIS_REST_URL: "https://db.invalid", UPSTASH_REDIS_REST_TOKEN: "t" };

  it.each([
    {
      id: "turned off",
      config: { metrics: "off" } as const,
      env: database,
      why: '`metrics: "off"`',
      hint: "Remove this setting",
    },
    {
      id: "no database",
      env: {},
      why: "no usable store",
      hint: "or upstash() with UPSTASH_REDIS_REST_URL",
    },
  ])("answers 404 with a reason and a hint: $id", async ({ why, hint, env, ...options }) => {
    const site = openSite({ ...options, env: { ADMIN_TOKEN: token, ...env } });
    const seen = await site.get("/_cache/metrics", bearing);
    const { error } = JSON.parse(seen.text) as Told;
    expect([seen.status, error.code, error.what]).toEqual([
      404,
      "no-metrics",
      "No metrics were shown.",
    ]);
    expect([error.why, error.hint]).toEqual([
      expect.stringContaining(why),
      expect.stringContaining(hint),
    ]);
    expect(seen.fields.get("cache-control")).toBe("no-store");
  });
});

const scrape = "https://www.example.com/_cache/metrics";

/** Returns the metrics of synthetic totals, with a database that does not report its state. */
const shown = (query = "", accept?: string) =>
  metricsRoute(new Request(scrape + query, accept === undefined ? {} : { headers: { accept } }), {
    readTotals: async () => madeTotals(3),
    redis: { look: async () => ({ kind: "unavailable", cause: "refused" }) },
    purgeBoundSeconds: 10,
    parts: [],
    nowAtMs: () => Date.parse("2026-07-01T00:00:00Z"),
  });

it("metrics in JSON contain the same samples as metrics in the Prometheus format", async () => {
  const told = (await (await shown("?format=json")).json()) as OperatorAnswer<"metrics">;
  const text = await (await shown()).text();
  const labelled = (labels: Readonly<Record<string, string>>) => {
    const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
    return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
  };
  const lines = [
    ...[...told.counters, ...told.gauges].map(
      ({ name, labels, value }) => `${name}${labelled(labels)} ${value}`,
    ),
    ...told.histograms.flatMap(({ name, labels, counts, sum }) => [
      `${name}_sum${labelled(labels)} ${sum}`,
      `${name}_count${labelled(labels)} ${counts.reduce((all, count) => all + count, 0)}`,
    ]),
  ];
  const isBucketOrHead = (line: string) => /^#|_bucket\{|^$/.test(line);
  expect(lines.toSorted()).toEqual(
    text
      .split("\n")
      .filter((line) => !isBucketOrHead(line))
      .toSorted(),
  );
  const sizes = new Set(told.histograms.map(({ counts }) => counts.length));
  expect([...sizes]).toEqual([told.boundsSeconds.length + 1]);
  expect(told.at).toBe("2026-07-01T00:00:00.000Z");
});

it.each([
  ["json", "?format=json", "text/plain", "application/json"],
  ["prometheus", "?format=prometheus", "application/json", "text/plain"],
  ["accepts-json", "", "application/json", "application/json"],
  ["accepts-json-and-text", "", "application/json, text/plain", "text/plain"],
  ["accepts-any", "", "application/json, */*;q=0.1", "text/plain"],
  ["accepts-openmetrics", "", "application/openmetrics-text", "text/plain"],
])("metrics are sent in the requested format: %s", async (_id, query, accept, type) => {
  const answer = await shown(query, accept);
  expect([answer.status, answer.headers.get("content-type")?.split(";")[0]]).toEqual([200, type]);
  expect(answer.headers.get("cache-control")).toBe("no-store");
});

it("metrics in an unknown format are refused, and the error names the known formats", async () => {
  const answer = await shown("?format=xml");
  const { error } = (await answer.json()) as Told;
  expect([answer.status, error.why, error.hint]).toEqual([
    400,
    '"xml" is not a format.',
    "Write format=prometheus or json, or leave it out.",
  ]);
});

it("metrics contain the totals even if the database does not report its state", async () => {
  const answer = await shown();
  const text = await answer.text();
  expect([answer.status, text.includes("\ntidemark_redis_up 0\n")]).toEqual([200, true]);
  expect(text).toContain('tidemark_negative_hits_total{route="shop"} 3');
});

// GET /_cache/metrics: what a scrape gets, what it costs, and what is said where there is nothing to show.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { EmbeddedValkey } from "../../local/embedded-valkey.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { metricsRoute } from "../../src/admin/metrics-route.ts";
import type { OperatorAnswer } from "../../src/protocol/answers.ts";
import { version } from "../../src/version.ts";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { madeTotals } from "../../testing/monitoring/made-totals.ts";
import { openSite, type SiteOptions } from "../../testing/site/harness.ts";

const token = "admin-token-of-site";
const bearing = { headers: { authorization: `Bearer ${token}` } };

interface Told {
  error: { code: string; what: string; why: string; hint: string };
}

describe.each(redisServers)("with $redis", ({ start }) => {
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

  it("answers in the text format, and nobody may store it", async () => {
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

  it("tells the longest N of the configuration", async () => {
    const config = { purge: { maxLagSeconds: 12 } };
    const { text } = await siteWith({ config }).get("/_cache/metrics", bearing);
    expect(text).toContain("\ntidemark_purge_bound_seconds 12\n");
  });

  it("answers HEAD with the head alone", async () => {
    const seen = await siteWith().get("/_cache/metrics", { ...bearing, method: "HEAD" });
    expect([seen.status, seen.text]).toEqual([200, ""]);
    expect(seen.fields.get("content-type")).toContain("version=0.0.4");
  });

  it("costs no command without the right token", async () => {
    const site = siteWith();
    rest.resetCounts();
    const wrong = { headers: { authorization: "Bearer admin-token-of-sitf" } };
    for (const init of [{}, wrong]) {
      expect((await site.get("/_cache/metrics", init)).status).toBe(401);
    }
    expect(rest.counts().commandCount).toBe(0);
  });

  it("costs what docs/metrics.md says: four commands, in two requests", async () => {
    const site = siteWith();
    rest.resetCounts();
    await site.get("/_cache/metrics", bearing);
    const { requestCount, commandCount, commandCountByName } = rest.counts();
    expect(commandCountByName).toMatchObject({ INFO: 1, XRANGE: 1 });
    expect({ requestCount, commandCount }).toEqual({ requestCount: 2, commandCount: 4 });
  });

  it("says why Redis does not tell, and what would be right", async () => {
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

  it("says so where Redis is gone", async () => {
    const site = siteWith();
    await rest.stop();
    const seen = await site.get("/_cache/metrics", bearing);
    expect([seen.status, (JSON.parse(seen.text) as Told).error.code]).toEqual([503, "unavailable"]);
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
    { id: "no database", env: {}, why: "no usable database", hint: "Set UPSTASH_REDIS_REST_URL" },
    {
      id: "Analytics Engine",
      env: { ...database, METRICS: { writeDataPoint: () => undefined } },
      why: "Analytics Engine",
      hint: "docs/analytics-engine.md",
    },
  ])("says so: $id", async ({ why, hint, env, ...options }) => {
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

/** What is shown of made totals, by a database that does not tell of itself. */
const shown = (query = "", accept?: string) =>
  metricsRoute(new Request(scrape + query, accept === undefined ? {} : { headers: { accept } }), {
    readTotals: async () => madeTotals(3),
    redis: { look: async () => ({ kind: "unavailable", cause: "refused" }) },
    purgeBoundSeconds: 10,
    nowAtMs: () => Date.parse("2026-07-01T00:00:00Z"),
  });

it("shows as JSON the very samples that it shows to Prometheus", async () => {
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
  ["accepts-text-too", "", "application/json, text/plain", "text/plain"],
  ["accepts-any", "", "application/json, */*;q=0.1", "text/plain"],
  ["accepts-openmetrics", "", "application/openmetrics-text", "text/plain"],
])("answers in the form that is asked for: %s", async (_id, query, accept, type) => {
  const answer = await shown(query, accept);
  expect([answer.status, answer.headers.get("content-type")?.split(";")[0]]).toEqual([200, type]);
  expect(answer.headers.get("cache-control")).toBe("no-store");
});

it("refuses another form, and names those that there are", async () => {
  const answer = await shown("?format=xml");
  const { error } = (await answer.json()) as Told;
  expect([answer.status, error.why, error.hint]).toEqual([
    400,
    '"xml" is not a format.',
    "Write format=prometheus or json, or leave it out.",
  ]);
});

it("shows the totals also where the database does not tell of itself", async () => {
  const answer = await shown();
  const text = await answer.text();
  expect([answer.status, text.includes("\ntidemark_redis_up 0\n")]).toEqual([200, true]);
  expect(text).toContain('tidemark_negative_hits_total{route="shop"} 3');
});

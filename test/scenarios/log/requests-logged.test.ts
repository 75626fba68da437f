// Tests which requests have a line in the log, and the fields of these lines.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { cc, page, unreachable } from "../../../testing/fakes/origin-in-process.ts";
import { openSite, type Site, type SiteOptions } from "../../../testing/site/harness.ts";
import { openJournalled } from "../../../testing/site/purge-sender.ts";

const articles: ConfigInput["routes"] = [{ name: "articles", match: "/articles/*" }];

function open({ config, ...options }: SiteOptions = {}): Site {
  return openJournalled({
    origin: () => page("page", cc("max-age=60, stale-while-revalidate=60")),
    ...options,
    config: { logs: { sample: 1 }, routes: articles, ...config },
  }).site;
}

const linesOf = ({ lines }: Site) =>
  lines
    .filter(({ event }) => event === "request")
    // JSON leaves out fields without a value.
    .map((line) => JSON.parse(JSON.stringify(line)) as Record<string, unknown>);

describe("the log line of a request", () => {
  it("names each tier, the origin and the storing of a miss", async () => {
    const site = open();
    await site.get("/articles/1?utm_source=x");
    expect(linesOf(site)).toEqual([
      {
        ts: new Date(site.clock.atMs).toISOString(),
        level: "info",
        event: "request",
        message: "A request was answered: stored.",
        version: expect.any(String) as string,
        colo: "HAM",
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "tidemark.took_ms": 0,
        "tidemark.route": "articles",
        "tidemark.key": expect.stringMatching(/^[\da-f]{16}$/) as string,
        "tidemark.result": "stored",
        "tidemark.verdict": "forward",
        "tidemark.by": "nothing-stored",
        "tidemark.forward_reason": "uri-miss",
        "tidemark.body_bytes": 4,
        "tidemark.origin_status": 200,
        "tidemark.origin_ms": 0,
        "tidemark.body_ms": 0,
        "tidemark.collapsed": false,
        "tidemark.unverified": false,
        "tidemark.stored": true,
        "tidemark.edge": "absent",
        "tidemark.edge_ms": 0,
        "tidemark.shared": "absent",
        "tidemark.shared_ms": 0,
      },
    ]);
  });

  it("names the tier and the time to live of a hit, and a refresh has no line", async () => {
    const site = open();
    await site.get("/articles/1");
    site.clock.advance(20);
    await site.get("/articles/1");
    site.clock.advance(41);
    await site.get("/articles/1");
    const hit = {
      "tidemark.result": "hit",
      "tidemark.tier": "memory",
      "tidemark.ttl_seconds": 40,
      "tidemark.body_bytes": 4,
      "tidemark.stored": false,
    };
    expect(site.origin.count).toBe(2);
    expect(linesOf(site).slice(1)).toMatchObject([hit, { "tidemark.result": "stale-hit" }]);
    expect(linesOf(site)).toHaveLength(3);
  });

  it.each<{ id: string; options?: SiteOptions; method?: string; holds: object }>([
    {
      id: "a bypass",
      method: "POST",
      holds: { "tidemark.result": "passed", "tidemark.pass_rule": "method" },
    },
    {
      id: "a refusal to store",
      options: { origin: () => page("page", cc("max-age=60", { "set-cookie": "sid=s3cret" })) },
      holds: { "tidemark.stored": false, "tidemark.refused": "set-cookie" },
    },
    {
      id: "a failure",
      options: { origin: unreachable },
      holds: { "http.response.status_code": 502, "tidemark.result": "failed" },
    },
    { id: "an unknown method", method: "S3CRET", holds: { "http.request.method": "_OTHER" } },
  ])("names the result or the cause of $id", async ({ options, method = "GET", holds }) => {
    const site = open(options);
    await site.get("/articles/1", { method });
    expect(linesOf(site)).toMatchObject([holds]);
    expect(JSON.stringify(linesOf(site))).not.toMatch(/s3cret/i);
    expect("tidemark.key" in linesOf(site)[0]!).toBe(method === "GET");
  });

  it("has the trace ID of a valid traceparent", async () => {
    const site = open();
    const trace_id = "0af7651916cd43dd8448eb211c80319c";
    await site.get("/a", { headers: { traceparent: `00-${trace_id}-b7ad6b7169203331-00` } });
    await site.get("/a", { headers: { traceparent: "00-rubbish" } });
    const [first, second] = linesOf(site);
    expect(first).toMatchObject({ trace_id });
    expect(second).not.toHaveProperty("trace_id");
  });

  it("has the time from the request's arrival to the head of the answer", async () => {
    const site = open();
    site.origin.script = () => {
      site.clock.advance(1.5);
      return page("page", cc("max-age=60"));
    };
    await site.get("/a");
    const took = { "tidemark.took_ms": 1_500, "tidemark.origin_ms": 1_500 };
    expect(linesOf(site)).toMatchObject([took]);
  });
});

describe("the path of a request", () => {
  it("is in no log line by default", async () => {
    const site = open();
    await site.get("/articles/of-ada?x=1");
    expect(JSON.stringify(site.lines)).not.toContain("of-ada");
  });

  it("is in each line with `paths`, without the query, and cut to 512 characters", async () => {
    const site = open({ config: { logs: { sample: 1, paths: true } } });
    await site.get("/articles/of-ada?x=s3cret");
    await site.get(`/${"a".repeat(2_000)}`);
    const paths = linesOf(site).map((line) => line["url.path"]);
    expect(paths).toEqual(["/articles/of-ada", `/${"a".repeat(511)}`]);
    expect(JSON.stringify(site.lines)).not.toContain("s3cret");
  });

  it("has a digest of the key in each line", async () => {
    const site = open();
    for (const path of ["/a?b=1", "/a?b=1&utm_source=x", "/b"]) await site.get(path);
    const [first, same, other] = linesOf(site).map((line) => line["tidemark.key"]);
    expect([same, other === first]).toEqual([first, false]);
  });
});

describe("the sampling of log lines", () => {
  it("logs no request by default", async () => {
    const site = openSite({ random: 0 });
    await site.get("/a");
    expect(linesOf(site)).toEqual([]);
  });

  it.each([
    { random: 0.009, sample: 0.01, count: 1 },
    { random: 0.01, sample: 0.01, count: 0 },
    { random: 0, sample: 0, count: 0 },
    { random: 0.999_999, sample: 1, count: 1 },
  ])("compares a random value with sample: $random, $sample", async ({ random, sample, count }) => {
    const site = open({ random, config: { logs: { sample } } });
    await site.get("/a");
    expect(linesOf(site)).toHaveLength(count);
  });

  it("logs no request of the operator", async () => {
    const site = open();
    await site.get("/_cache/stats");
    expect(linesOf(site)).toEqual([]);
  });
});

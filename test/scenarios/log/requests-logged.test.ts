// Lines of single requests: which requests have one, and what it says of them.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { cc, page, unreachable } from "../../../testing/fakes/origin-in-process.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openSite, type Site, type SiteOptions } from "../../../testing/site/harness.ts";

const logs = { sample: 1 };

function opened(options: SiteOptions = {}): Site {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const origin = () => page("page", cc("max-age=60, stale-while-revalidate=60"));
  const routes: ConfigInput["routes"] = [{ name: "articles", match: "/articles/*" }];
  return openSite({
    clock,
    upstash,
    origin,
    ...options,
    config: { logs, routes, ...options.config },
  });
}

const linesOf = ({ lines }: Site) =>
  lines
    .filter(({ event }) => event === "request")
    // What is not set is not printed.
    .map((line) => JSON.parse(JSON.stringify(line)) as Record<string, unknown>);

describe("a line says", () => {
  it("of a miss: each tier that was asked, the origin, and what was stored", async () => {
    const site = opened();
    await site.get("/articles/1?utm_source=x");
    const [line] = linesOf(site);
    expect(line).toEqual({
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
      "tidemark.key": expect.stringMatching(/^[\w-]{11}$/) as string,
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
    });
  });

  it("of a hit: the tier, the time to live, and what decided it", async () => {
    const site = opened();
    await site.get("/articles/1");
    site.clock.advance(20);
    await site.get("/articles/1");
    expect(linesOf(site)[1]).toMatchObject({
      "tidemark.result": "hit",
      "tidemark.tier": "memory",
      "tidemark.ttl_seconds": 40,
      "tidemark.body_bytes": 4,
      "tidemark.stored": false,
    });
  });

  it("of a stale hit: that alone, and nothing of the refresh behind it", async () => {
    const site = opened();
    await site.get("/articles/1");
    site.clock.advance(61);
    await site.get("/articles/1");
    expect(site.origin.count).toBe(2);
    expect(linesOf(site).map((line) => line["tidemark.result"])).toEqual(["stored", "stale-hit"]);
  });

  it("of what is passed by: the rule", async () => {
    const site = opened();
    await site.get("/articles/1", { method: "POST" });
    expect(linesOf(site)).toMatchObject([
      {
        "http.request.method": "POST",
        "tidemark.result": "passed",
        "tidemark.pass_rule": "method",
      },
    ]);
    expect(linesOf(site)[0]).not.toHaveProperty("tidemark.key");
  });

  it("of what is not stored: the rule, and no field that it names", async () => {
    const origin = () => page("page", { ...cc("max-age=60"), "set-cookie": "sid=s3cret" });
    const site = opened({ origin });
    await site.get("/a");
    expect(linesOf(site)).toMatchObject([
      { "tidemark.stored": false, "tidemark.refused": "set-cookie" },
    ]);
  });

  it("of a failure: the status that the client got", async () => {
    const site = opened({ origin: unreachable });
    await site.get("/a");
    expect(linesOf(site)).toMatchObject([
      { "http.response.status_code": 502, "tidemark.result": "failed" },
    ]);
  });

  it("the trace that the request belongs to", async () => {
    const site = opened();
    const trace_id = "0af7651916cd43dd8448eb211c80319c";
    await site.get("/a", { headers: { traceparent: `00-${trace_id}-b7ad6b7169203331-00` } });
    await site.get("/a", { headers: { traceparent: "00-rubbish" } });
    const [first, second] = linesOf(site);
    expect(first).toMatchObject({ trace_id });
    expect(second).not.toHaveProperty("trace_id");
  });

  it("how long the answer took, from its arrival to its head", async () => {
    const clock = new FakeClock();
    const origin = () => {
      clock.advance(1.5);
      return page("page", cc("max-age=60"));
    };
    const site = opened({ clock, origin, upstash: new FakeUpstash(clock) });
    await site.get("/a");
    expect(linesOf(site)).toMatchObject([
      { "tidemark.took_ms": 1_500, "tidemark.origin_ms": 1_500 },
    ]);
  });

  it("_OTHER for a method that anybody can make up", async () => {
    const site = opened();
    await site.get("/a", { method: "S3CRET" });
    expect(linesOf(site)).toMatchObject([{ "http.request.method": "_OTHER" }]);
  });
});

describe("paths", () => {
  it("stand in no line unless they are asked for", async () => {
    const site = opened();
    await site.get("/articles/of-ada?x=1");
    expect(JSON.stringify(site.lines)).not.toContain("of-ada");
  });

  it("stand there where they are, without their queries, and cut", async () => {
    const site = opened({ config: { logs: { sample: 1, paths: true } } });
    await site.get("/articles/of-ada?x=s3cret");
    await site.get(`/${"a".repeat(2_000)}`);
    expect(linesOf(site).map((line) => line["url.path"])).toEqual([
      "/articles/of-ada",
      `/${"a".repeat(511)}`,
    ]);
    expect(JSON.stringify(site.lines)).not.toContain("s3cret");
  });

  it("can be told apart without them, by the digest of the key", async () => {
    const site = opened();
    await site.get("/a?b=1&a=2");
    await site.get("/a?a=2&b=1");
    await site.get("/b");
    const [first, same, other] = linesOf(site).map((line) => line["tidemark.key"]);
    expect([same, other === first]).toEqual([first, false]);
  });
});

describe("which requests", () => {
  it("none where nothing is set", async () => {
    const site = openSite({ random: 0 });
    await site.get("/a");
    expect(linesOf(site)).toEqual([]);
  });

  it.each([
    { random: 0.009, sample: 0.01, has: 1 },
    { random: 0.01, sample: 0.01, has: 0 },
    { random: 0, sample: 0, has: 0 },
    { random: 0.999_999, sample: 1, has: 1 },
  ])("those that are drawn: $random of $sample", async ({ random, sample, has }) => {
    const site = opened({ random, config: { logs: { sample } } });
    await site.get("/a");
    expect(linesOf(site)).toHaveLength(has);
  });

  it("none of the operator's own", async () => {
    const site = opened();
    await site.get("/_cache/stats");
    expect(linesOf(site)).toEqual([]);
  });
});

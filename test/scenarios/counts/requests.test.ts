// Tests the exact counts of requests, forwards, durations and warnings, through the whole
// application.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { countsOf as counts } from "../../../testing/site/counts-of.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { FarUpstash } from "../../../testing/fakes/far-upstash.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { openPair } from "../../../testing/site/counted-looks.ts";
import { openColos, openSite } from "../../../testing/site/harness.ts";

const config: ConfigInput = {
  routes: [
    { name: "open", match: "/open/*" },
    { name: "switched", match: "/switched/*" },
    { name: "all", match: "*" },
  ],
};

const failing = () => Promise.reject(new TypeError("No connection."));
const down = () => page("fault", {}, 503);
const withLength = (text: string, fields = {}, status = 200) =>
  page(text, { "content-length": String(text.length), ...fields }, status);

/** Returns an origin whose head takes 0.1 s and whose body takes 0.4 s by the site's clock. */
const slow =
  (clock: FakeClock, answer: Response): Script =>
  () => {
    clock.advance(0.1);
    const { body } = answer;
    const pulled = new TransformStream<Uint8Array, Uint8Array>({
      async flush() {
        await new Promise((resolve) => setImmediate(resolve));
        clock.advance(0.4);
      },
    });
    return new Response(body?.pipeThrough(pulled) ?? null, answer);
  };

describe("the counts of requests and response bytes", () => {
  it("include a fill, hits (whole, part, HEAD, 304), and answers that are not stored", async () => {
    const origin: Script = ({ url }) =>
      url.endsWith("/own")
        ? withLength("own", cc("private"))
        : page("0123456789", cc("max-age=60", { etag: '"1"' }));
    const site = openSite({ config, origin });
    await site.get("/a");
    await site.get("/a");
    await site.get("/a", { headers: { range: "bytes=2-4" } });
    await site.get("/a", { headers: { range: "bytes=99-" } });
    await site.get("/a", { method: "HEAD" });
    await site.get("/a", { headers: { "if-none-match": '"1"' } });
    await site.get("/own");
    await site.get("/own", { method: "HEAD" });
    await site.get("/open/a", { method: "POST" });
    expect(counts(site, "requests", "responseBytes")).toEqual({
      "requests|all|stored|origin": 1,
      "responseBytes|all|stored|origin": 10,
      "requests|all|hit|memory": 5,
      "responseBytes|all|hit|memory": 13,
      "requests|all|forwarded|origin": 2,
      "responseBytes|all|forwarded|origin": 3,
      "requests|open|passed|origin": 1,
    });
  });

  it("name the tier of a hit, and include writes into the tiers above", async () => {
    const clock = new FakeClock();
    const settings = { config, clock, upstash: new FakeUpstash(clock) };
    const [near, far] = openColos(2, { ...settings, origin: () => page("page", cc("max-age=60")) });
    await near?.get("/a");
    await far?.get("/a");
    expect(counts(far!, "requests", "tierReads", "tierWrites")).toEqual({
      "requests|all|hit|shared": 1,
      "tierReads|memory|absent": 1,
      "tierReads|edge|absent": 1,
      "tierReads|shared|found": 1,
      "tierWrites|memory|kept": 1,
      "tierWrites|edge|kept": 1,
    });
    const other = openSite({ ...settings, cache: far!.cache });
    await other.get("/a");
    expect(counts(other, "requests", "responseBytes")).toEqual({
      "requests|all|hit|edge": 1,
      "responseBytes|all|hit|edge": 4,
    });
  });

  it("include a collapsed and a validated request", async () => {
    const origin: Script = ({ headers }) =>
      headers.has("if-none-match")
        ? new Response(null, { status: 304, headers: cc("max-age=5") })
        : page("page", cc("max-age=5", { etag: '"1"' }));
    const site = openSite({ config, origin });
    const both = await Promise.all([site.ask("/a"), site.ask("/a")]);
    for (const answer of both) await answer.text();
    await site.settle();
    site.clock.advance(6);
    await site.get("/a");
    expect(counts(site, "requests", "responseBytes", "forwards", "originResponses")).toEqual({
      "requests|all|stored|origin": 1,
      "responseBytes|all|stored|origin": 4,
      "requests|all|collapsed|memory": 1,
      "responseBytes|all|collapsed|memory": 4,
      "requests|all|validated|memory": 1,
      "responseBytes|all|validated|memory": 4,
      "forwards|all|uri-miss": 1,
      "forwards|all|stale": 1,
      "originResponses|all|2xx": 1,
      "originResponses|all|3xx": 1,
    });
  });
});

describe("the counts of an origin", () => {
  it("include answers by class, failures and retries", async () => {
    const statuses = [200, 301, 404, 500];
    const origin: Script = (_, nth) => {
      const status = statuses[nth - 1];
      return status === undefined ? failing() : page("page", cc("no-store"), status);
    };
    const site = openSite({ config, origin });
    for (const path of ["/a", "/b", "/c", "/d", "/e"]) await site.get(path);
    expect(counts(site, "originResponses", "originRequests", "originRetries", "refusals")).toEqual({
      "originResponses|all|2xx": 1,
      "originResponses|all|3xx": 1,
      "originResponses|all|4xx": 1,
      "originResponses|all|5xx": 1,
      "originResponses|all|failed": 1,
      originRequests: 6,
      originRetries: 1,
      "refusals|all|no-store": 4,
    });
  });

  it("include both answers of a request that is forwarded twice", async () => {
    const origin: Script = () => page("page", cc("max-age=60", { vary: "x-kind" }));
    const site = openSite({
      config: { routes: [{ name: "few", match: "*", forward: [] }] },
      origin,
    });
    await site.get("/a", { headers: { "x-kind": "one" } });
    expect(counts(site, "originResponses", "originRequests", "forwards")).toEqual({
      "originResponses|few|2xx": 2,
      originRequests: 2,
      "forwards|few|uri-miss": 1,
    });
  });

  it("include the answer to a refresh, which does not count as a request", async () => {
    const origin: Script = () => page("page", cc("max-age=5, stale-while-revalidate=60"));
    const site = openSite({ config, origin });
    await site.get("/a");
    site.clock.advance(6);
    site.counted();
    await site.get("/a");
    const families = ["requests", "forwards", "originResponses", "responseBytes"] as const;
    expect(counts(site, ...families)).toEqual({
      "requests|all|stale-hit|memory": 1,
      "responseBytes|all|stale-hit|memory": 4,
      "originResponses|all|2xx": 1,
    });
  });
});

describe("the counts that warn operators", () => {
  it("include hits of stored errors", async () => {
    const site = openSite({ config, origin: () => page("gone", cc("max-age=60"), 404) });
    for (let nth = 0; nth < 3; nth += 1) await site.get("/a");
    expect(counts(site, "negativeHits")).toEqual({ "negativeHits|all": 2 });
  });

  it("include stale answers that replace an error of the origin", async () => {
    const fields = cc("max-age=5, stale-if-error=60");
    const origin: Script = (_, nth) => (nth === 1 ? page("page", fields) : down());
    const site = openSite({ config, origin });
    await site.get("/a");
    site.clock.advance(6);
    await site.get("/a");
    await site.get("/b");
    expect(counts(site, "staleIfError", "requests")).toEqual({
      "staleIfError|all": 1,
      "requests|all|stored|origin": 1,
      "requests|all|stale-hit|memory": 1,
      "requests|all|forwarded|origin": 1,
    });
  });

  it("do not include stale answers with a refresh in the background", async () => {
    const settings = {
      config,
      clock: new FakeClock(),
      origin: () => page("page", cc("max-age=5, stale-while-revalidate=60")),
    };
    const site = openSite(settings);
    await site.get("/a");
    site.clock.advance(6);
    const other = openSite({ ...settings, cache: site.cache });
    await other.get("/a");
    expect(counts(other, "staleIfError", "requests")).toEqual({
      "requests|all|stale-hit|edge": 1,
    });
  });

  it("include requests that bypass the cache, even if the origin fails", async () => {
    const origin: Script = (_, nth) => (nth > 2 ? failing() : page("page", cc("max-age=60")));
    const site = openSite({ config, origin, env: { BYPASS: "switched" } });
    for (const path of ["/switched/a", "/switched/a", "/switched/a", "/a"]) await site.get(path);
    expect(counts(site, "bypassed")).toEqual({ "bypassed|switched": 3 });
  });
});

describe("the counted durations", () => {
  it("include the head and the body of a fill, and no hit in memory", async () => {
    const clock = new FakeClock();
    const answer = page("page", cc("max-age=60"));
    const site = openSite({ config, clock, origin: slow(clock, answer) });
    await site.get("/a");
    await site.get("/a");
    expect(counts(site, "responseSeconds", "originSeconds", "originBodySeconds")).toEqual({
      "responseSeconds|all|stored|origin|b18": 1,
      "responseSeconds|all|stored|origin|sum": 0.1,
      "originSeconds|all|b18": 1,
      "originSeconds|all|sum": 0.1,
      "originBodySeconds|all|b22": 1,
      "originBodySeconds|all|sum": 0.5,
    });
  });

  it("include a hit in memory that waited for a newer view of the journal", async () => {
    const clock = new FakeClock();
    const upstash = new FarUpstash(clock);
    const site = openSite({ config, clock, upstash, origin: () => page("page", cc("max-age=60")) });
    await site.get("/a");
    clock.advance(20);
    site.counted();
    expect((await site.get("/a")).cacheStatus).toContain("detail=memory");
    await site.get("/a");
    expect(counts(site, "responseSeconds", "requests")).toEqual({
      "requests|all|hit|memory": 2,
      "responseSeconds|all|hit|memory|b13": 1,
      "responseSeconds|all|hit|memory|sum": 0.02,
    });
  });

  it("include reads of a tier, except while the tier has an open breaker", async () => {
    const { near: site, upstash } = openPair({
      config,
      origin: () => page("page", cc("max-age=60")),
    });
    await site.get("/a");
    expect(counts(site, "tierReads", "tierReadSeconds", "tierWrites")).toEqual({
      "tierReads|memory|absent": 1,
      "tierReads|edge|absent": 1,
      "tierReads|shared|absent": 1,
      "tierReadSeconds|edge|b0": 1,
      "tierReadSeconds|edge|sum": 0,
      "tierReadSeconds|shared|b0": 1,
      "tierReadSeconds|shared|sum": 0,
      "tierWrites|memory|kept": 1,
      "tierWrites|edge|kept": 1,
      "tierWrites|shared|kept": 1,
    });
    upstash.mode = "down";
    for (const path of ["/b", "/c", "/d", "/e", "/f"]) await site.get(path);
    const { "tierReads|shared|unavailable": unavailable = 0, ...others } = counts(
      site,
      "tierReads",
      "tierReadSeconds",
    );
    expect(unavailable).toBe(5);
    // Three failed reads shut Redis off. No write follows a failed read.
    expect(others["tierReadSeconds|shared|b0"]).toBe(3);
  });
});

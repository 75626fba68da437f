// Each event of the log as it comes about, with the fields that docs/logs.md names.
import { afterEach, describe, expect, it, vi } from "vitest";
import { logEvents, type LogLine } from "../../../src/observe/log-line.ts";
import { JournalView } from "../../../src/purge/view/journal-view.ts";
import { LeftOutTags } from "../../../src/proxy/site/left-out-tags.ts";
import { workersKv } from "../../../src/stores/kv/kv-tier.ts";
import { createWorker } from "../../../src/worker.ts";
import { defineConfig } from "../../../src/config/config.ts";
import { createPurging } from "../../../src/create-purging.ts";
import { JoinedPurges } from "../../../src/purge/acceptance/joined-purges.ts";
import { version } from "../../../src/version.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { cc, page, unreachable, unreadable } from "../../../testing/fakes/origin-in-process.ts";
import { idle, openSite, type Site } from "../../../testing/site/harness.ts";
import { pass } from "../../../testing/site/two-colos.ts";
import { bearer, openJournalled, send, signedHeaders } from "../../../testing/site/purge-sender.ts";
import { deliver, openHooked, shopify, signedBy } from "../../../testing/site/webhook-vendors.ts";

afterEach(() => vi.restoreAllMocks());

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const trace_id = "0af7651916cd43dd8448eb211c80319c";
const ofLine = (all: readonly LogLine[], of: string) => all.filter(({ event }) => event === of);

async function pages(site: Site, count: number): Promise<Site> {
  for (let nth = 0; nth < count; nth += 1) await site.get(`/${nth}`);
  return site;
}

/** A listener of `log` that keeps what it hears. */
function listening() {
  const lines: LogLine[] = [];
  return { lines, log: (line: LogLine) => void lines.push(line) };
}

const printed = (text: unknown): LogLine => JSON.parse(String(text)) as LogLine;

async function timedOut(site: Site): Promise<LogLine[]> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const asked = site.ask("/a");
  await pass(site.clock, 2);
  await asked;
  vi.useRealTimers();
  return site.lines;
}

/** How each comes about: the lines that are then written, and what the first of them holds. */
const occasions: Record<string, { does: () => Promise<LogLine[]>; holds: object }> = {
  started: {
    does: async () => (await pages(openJournalled().site, 2)).lines,
    holds: {
      version,
      colo: "HAM",
      routes: 0,
      tiers: "memory edge shared",
      purgeMaxLagSeconds: 10,
      faults: 0,
    },
  },
  "start-refused": {
    does: async () => {
      const spy = vi.spyOn(console, "error").mockImplementation(() => undefined);
      const context = {
        waitUntil: () => undefined,
        passThroughOnException: () => undefined,
        props: {},
      };
      await createWorker(defineConfig({})).fetch(new Request("https://a.example/"), {}, context);
      return spy.mock.calls.map(([text]) => printed(text));
    },
    holds: { level: "error", version },
  },
  fault: {
    does: async () => (await pages(openSite({ env: { PURGE_SECRET: "hello" } }), 1)).lines,
    holds: { level: "warn", version },
  },
  purge: {
    does: async () => {
      const { site } = openJournalled();
      const order = {
        tags: ["a", "b"],
        hosts: ["www.example.com"],
        reason: "a new price",
        mode: "soft",
      };
      await send(site, order, { ...bearer, traceparent });
      return site.lines;
    },
    holds: {
      tags: 2,
      hosts: 1,
      urls: 0,
      everything: false,
      mode: "soft",
      by: "admin",
      reason: "a new price",
      trace_id,
    },
  },
  "purge-refused": {
    does: async () => {
      const { site } = openJournalled();
      await send(site, { tags: ["a"] }, {});
      return site.lines;
    },
    holds: { level: "warn", rule: "not-signed", leftOut: 0 },
  },
  hook: {
    does: async () => {
      const { site } = openHooked({ mapping: () => ({ tag: "s3cret" }) as never });
      await deliver(site, "{}", signedBy(shopify, site, { body: "{}" }));
      return site.lines;
    },
    holds: { level: "error", hook: "shop", kind: "invalid", state: "began" },
  },
  "operator-refused": {
    does: async () => {
      const { site } = openJournalled();
      await site.get("/_cache/stats", { headers: { authorization: "Bearer s3cret" } });
      return site.lines;
    },
    holds: { level: "warn", credential: "bearer", kind: "wrong", state: "began" },
  },
  "invalidation-lost": {
    does: async () => {
      vi.useFakeTimers({ toFake: ["setTimeout"] });
      const { lines, log } = listening();
      const acceptances = { accept: async () => ({ kind: "unavailable" }) as const };
      const metrics = { add: () => undefined };
      const joined = new JoinedPurges({ acceptances, metrics, nowAtMs: () => 0, log });
      joined.add([{ exact: "url:https://a.example/x?token=s3cret", wider: "host:a.example" }], {
        atMs: 0,
        afterAnswer: (work) => void work(),
      });
      await vi.advanceTimersByTimeAsync(60_000);
      vi.useRealTimers();
      return lines;
    },
    holds: { level: "error", targets: 1 },
  },
  switch: {
    does: async () => {
      const { site } = openJournalled();
      const body = JSON.stringify({ bypass: true, reason: "an outage" });
      const headers = { ...bearer, traceparent };
      await site.ask("/_cache/switch", { method: "POST", body, headers });
      return site.lines;
    },
    holds: { how: "posted", bypass: "everything", by: "admin", reason: "an outage", trace_id },
  },
  breaker: {
    does: async () => {
      const { site, upstash } = openJournalled();
      upstash.mode = "down";
      return (await pages(site, 5)).lines.filter(({ part }) => part === "shared-tier");
    },
    holds: { level: "warn", part: "shared-tier", of: "everything", state: "began" },
  },
  credentials: {
    does: async () => {
      const { site, upstash } = openJournalled();
      upstash.mode = "refuses";
      upstash.refusal = { status: 401, error: "Unauthorized s3cret" };
      await pages(site, 3);
      upstash.mode = "works";
      site.clock.advance(61);
      await pages(site, 3);
      return site.lines.filter(({ part }) => part === "shared-tier");
    },
    holds: { part: "shared-tier", kind: "token-refused", state: "began" },
  },
  database: {
    does: async () => {
      const { site, upstash } = openJournalled();
      upstash.mode = "down";
      return (await pages(site, 1)).lines.filter(({ part }) => part === "shared-tier");
    },
    holds: { part: "shared-tier", kind: "unreachable", state: "began" },
  },
  kv: {
    does: () => {
      const silent = () => new Promise(() => undefined);
      const env = { PAGES: { get: silent, put: silent, delete: silent, getWithMetadata: silent } };
      return timedOut(openJournalled({ tiers: [workersKv({ binding: "PAGES" })], env }).site);
    },
    holds: { part: "kv-tier", kind: "timeout", state: "began" },
  },
  "cache-api": {
    does: () => {
      const site = openSite();
      site.cache.mode = "silent";
      return timedOut(site);
    },
    holds: { part: "edge-tier", kind: "timeout", state: "began" },
  },
  origin: {
    does: async () => (await pages(openSite({ origin: unreachable }), 1)).lines,
    holds: { origin: "default", kind: "unreachable", state: "began" },
  },
  "rate-limiter": {
    does: async () => {
      const limit = () => Promise.reject(new Error("away"));
      const site = openSite({ env: { ORIGIN_LIMITER: { limit } } });
      await site.get("/a", { headers: { "cf-connecting-ip": "192.0.2.1" } });
      return site.lines;
    },
    holds: { kind: "failing", state: "began" },
  },
  loop: {
    does: async () => {
      const site = openSite({ env: { SITE_HOST: "www.example.com" } });
      site.origin.script = ({ url, headers }) =>
        site.ask(new URL(url).pathname, { headers: Object.fromEntries(headers) });
      await site.get("/a");
      return site.lines;
    },
    holds: { level: "error", origin: "default" },
  },
  "tag-too-long": {
    does: async () => {
      const { lines, log } = listening();
      new LeftOutTags({ metrics: { add: () => undefined }, log }).add([300], "articles");
      return lines;
    },
    holds: { level: "warn", route: "articles", bytes: 300 },
  },
  "tags-failed": {
    does: async () => {
      const { lines, log } = listening();
      new LeftOutTags({ metrics: { add: () => undefined }, log }).addFailed("articles");
      return lines;
    },
    holds: { level: "warn", route: "articles" },
  },
  "handler-failed": {
    does: async () => {
      const handlers = { default: () => Promise.reject(new RangeError("s3cret")) };
      return (await pages(openSite({ handlers, env: { SITE_HOST: "www.example.com" } }), 1)).lines;
    },
    holds: { level: "error" },
  },
  "request-failed": {
    does: async () => (await pages(openSite({ origin: unreadable }), 1)).lines,
    holds: { level: "error", version, colo: "HAM" },
  },
  "background-failed": {
    does: async () => {
      const { site } = openJournalled();
      vi.spyOn(JournalView.prototype, "catchUp").mockRejectedValue(new RangeError("s3cret"));
      await send(site, { tags: ["red"] });
      await idle();
      return site.lines;
    },
    holds: { level: "error" },
  },
  "listener-failed": {
    does: async () => {
      const { lines, log } = listening();
      const clock = new FakeClock();
      const { url, token } = new FakeUpstash(clock);
      const platform = { nowAtMs: clock.nowAtMs, random: () => 0.5, log };
      const purging = createPurging(defineConfig({}), { url, token }, platform);
      purging.subscribe(() => {
        throw new TypeError("s3cret");
      });
      const order = { id: "", bodyDigest: "", by: "admin", reason: "", mode: "hard" } as const;
      const attention = { atMs: clock.atMs, afterAnswer: () => undefined };
      await purging.acceptances.accept(
        { ...order, targets: { tags: ["t:a"], prefixes: [] } },
        attention,
      );
      return lines;
    },
    holds: { level: "error", part: "purge-journal" },
  },
  "report-lost": {
    does: async () => {
      const { site, upstash } = openJournalled();
      await pages(site, 1);
      site.clock.advance(300);
      upstash.mode = "down";
      return (await pages(site, 1)).lines;
    },
    holds: { level: "warn", part: "metrics" },
  },
  finding: {
    does: async () => {
      let isThere = false;
      const origin = () => (isThere ? page("page") : unreachable());
      const { site } = openJournalled({ origin });
      await pages(site, 1);
      await site.get("/_cache/health");
      site.clock.advance(42);
      isThere = true;
      await pages(site, 1);
      await site.get("/_cache/health");
      return site.lines;
    },
    holds: {
      level: "warn",
      code: "origin-unreachable",
      about: 'origin "default"',
      state: "began",
      kind: "warning",
    },
  },
  request: {
    does: async () => (await pages(openSite({ config: { logs: { sample: 1 } } }), 1)).lines,
    holds: { level: "info", version, colo: "HAM", "http.response.status_code": 200 },
  },
  "left-out": {
    does: async () => {
      const origin = () => page("page", cc("max-age=60"));
      const site = openSite({ origin, config: { logs: { sample: 1 } } });
      for (let nth = 0; nth < 605; nth += 1) await site.get("/a");
      return site.lines;
    },
    holds: { level: "warn", of: "request", lines: null },
  },
};

/** Tests of data have their occasions. */
const ofOthers = ["data-load", "data-write", "write-behind"];

it("each event has its occasion here", () => {
  expect([...Object.keys(occasions), ...ofOthers].toSorted()).toEqual(logEvents.toSorted());
});

describe("there is a line", () => {
  it.each(Object.entries(occasions))("of %s, with its fields", async (event, { does, holds }) => {
    const lines = await does();
    const [line] = ofLine(lines, event);
    expect(line).toMatchObject({ event, ...holds });
    expect(line?.message).toMatch(/^[A-Z].*\S$/s);
    expect(JSON.stringify(lines)).not.toContain("s3cret");
  });
});

it("an isolate says once that it has started, at its first request", async () => {
  const site = openSite();
  expect(site.lines).toEqual([]);
  await pages(site, 3);
  await site.fireCron();
  expect(ofLine(site.lines, "started")).toHaveLength(1);
});

it("a signed purge is by its webhook; a dry run is none", async () => {
  const { site } = openJournalled();
  const body = '{"tags":["a"],"reason":"see /a?token=1"}';
  await send(site, body, signedHeaders(body));
  await send(site, { tags: ["a"], dryRun: true });
  const lines = ofLine(site.lines, "purge");
  expect(lines).toMatchObject([{ by: "webhook", mode: "hard", tags: 1 }]);
  expect(JSON.parse(JSON.stringify(lines[0]))).not.toHaveProperty("reason");
});

it("refused purges have one line a second for each reason, and the others are counted", async () => {
  const { site } = openJournalled();
  for (let nth = 0; nth < 5; nth += 1) await send(site, { tags: ["a"] }, {});
  await send(site, "{");
  await send(site, "{");
  site.clock.advance(1);
  await send(site, { tags: ["a"] }, {});
  expect(ofLine(site.lines, "purge-refused")).toMatchObject([
    { rule: "not-signed", leftOut: 0 },
    { rule: "malformed", leftOut: 0 },
    { rule: "not-signed", leftOut: 4 },
  ]);
});

it("a finding that is over is said so, by the look that no longer has it", async () => {
  const lines = await occasions["finding"]?.does();
  expect(ofLine(lines ?? [], "finding")).toMatchObject([
    { state: "began" },
    { state: "ended", level: "info", code: "origin-unreachable", lastedSeconds: 42 },
  ]);
});

it("reports that cannot be added up are said so once, and those that had no room", async () => {
  const { site, upstash } = openJournalled();
  upstash.reports.add(["v", "s3cret"]);
  for (let nth = 0; nth < 3; nth += 1) await site.get("/_cache/health", { headers: bearer });
  for (let nth = 0; nth < 4_100; nth += 1) upstash.reports.add(["v", "s3cret"]);
  await pages(site, 1);
  site.clock.advance(300);
  await pages(site, 1);
  expect(ofLine(site.lines, "report-lost").map(({ message }) => message)).toEqual([
    "Metrics: The stream in Redis has entries that are not reports of this version. Tidemark counts these reports as lost.",
    "Metrics: A report with counts of this isolate is lost: too many reports wait to be folded.",
  ]);
});

it("credentials that are accepted again are said so", async () => {
  const lines = await occasions["credentials"]?.does();
  expect(ofLine(lines ?? [], "credentials")).toMatchObject([
    { state: "began", level: "warn" },
    { state: "ended", level: "info", lastedSeconds: 61 },
  ]);
});

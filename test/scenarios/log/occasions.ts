// Defines for each log event an occasion that causes the event, and the fields of its line.
// Needs parts: hooks, outward.
import { vi } from "vitest";
import { outward } from "../../../src/parts/outward/outward.ts";
import type { RoutePart } from "../../../src/part/port/part.ts";
import type { LogEvent, LogLine } from "../../../src/observe/log-line.ts";
import { JournalTail } from "../../../src/purge/view/journal-tail.ts";
import { r2Bodies } from "../../../src/stores/r2/r2-bodies.ts";
import { version } from "../../../src/version.ts";
import { cc, page, unreachable, unreadable } from "../../../testing/fakes/origin-in-process.ts";
import { idle, type Site, type SiteOptions, until } from "../../../testing/site/harness.ts";
import { pass } from "../../../testing/site/two-colos.ts";
import { listTarget, secret as outwardSecret } from "../../parts/outward/outward-world.ts";
import { bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { lostInvalidation, refusedStart } from "./occasions-without-site.ts";
import { deliver, openHooked, shopify, signedBy } from "../../parts/hooks/webhook-vendors.ts";

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const trace_id = "0af7651916cd43dd8448eb211c80319c";
const isolate = { version, colo: "HAM" };

type Opened = ReturnType<typeof openJournalled>;

interface Occasion {
  readonly options?: SiteOptions;
  /**
   * Causes the event. The default requests one page. May return lines to use instead of the site's.
   */
  readonly does?: (opened: Opened) => Promise<LogLine[] | void>;
  readonly holds: object;
}

export async function requestPages(site: Site, count: number): Promise<void> {
  for (let nth = 0; nth < count; nth += 1) await site.get(`/${nth}`);
}

export async function linesOf({ options, does }: Occasion): Promise<readonly LogLine[]> {
  const opened = openJournalled(options);
  const perform = does ?? (({ site }: Opened) => requestPages(site, 1));
  return (await perform(opened)) ?? opened.site.lines;
}

async function timedOut({ site }: Opened): Promise<void> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const asked = site.ask("/a");
  await pass(site.clock, 2);
  await asked;
  vi.useRealTimers();
}

async function removedInR2({ site }: Opened): Promise<void> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  await site.ask("/a", { method: "POST" });
  await pass(site.clock, 6);
  vi.useRealTimers();
}

const silent = () => new Promise(() => undefined);
const silentR2 = { put: silent, delete: silent, createMultipartUpload: silent };
const onArticles = (tags?: () => string[]) => ({
  routes: [{ name: "articles", match: "*", ...(tags && { tags }) }],
});

const failing = (): never => {
  throw new RangeError("s3cret");
};
const throwing: RoutePart = {
  kind: "route",
  name: "throwing",
  traits: {},
  contents: { openPhases: () => () => ({ fails: failing }) },
};

/** Events of data caches have their occasions in test/data. */
export const occasions: Record<
  Exclude<LogEvent, "data-load" | "data-write" | "write-behind">,
  Occasion
> = {
  started: {
    holds: {
      ...isolate,
      routes: 0,
      tiers: "memory edge shared",
      purgeMaxLagSeconds: 10,
      faults: 0,
    },
  },
  "start-refused": { does: refusedStart, holds: { level: "error", version } },
  fault: { options: { env: { PURGE_SECRET: "hello" } }, holds: { level: "warn", version } },
  purge: {
    does: async ({ site }) => {
      const targets = { tags: ["a", "b"], hosts: ["www.example.com"] };
      const order = { ...targets, reason: "a new price", mode: "soft" };
      await send(site, order, { ...bearer, traceparent });
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
    does: async ({ site }) => void (await send(site, { tags: ["a"] }, {})),
    holds: { level: "warn", rule: "not-signed", leftOut: 0 },
  },
  "refresh-dropped": {
    does: async ({ site }) => {
      const refresh = Array.from(
        { length: 20 },
        (_, nth) => `https://www.example.com/${nth}?s3cret`,
      );
      await send(site, { tags: ["a"], refresh });
      await until(() => site.lines.some(({ event }) => event === "refresh-dropped"));
    },
    holds: { level: "warn", version },
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
    does: async ({ site }) => {
      await site.get("/_cache/stats", { headers: { authorization: "Bearer s3cret" } });
    },
    holds: { level: "warn", credential: "bearer", kind: "wrong", state: "began" },
  },
  "invalidation-lost": { does: lostInvalidation, holds: { level: "error", targets: 1 } },
  outward: {
    options: {
      config: { parts: [outward({ edge: listTarget() })] },
      env: { OUTWARD_SECRET_EDGE: outwardSecret },
      origin: () => new Response("s3cret", { status: 503 }),
    },
    does: async ({ site }) => {
      await send(site, { tags: ["a"] });
      site.clock.advance(12);
      await site.fireCron();
    },
    holds: { level: "warn", state: "began", target: "edge", kind: "unavailable", status: 503 },
  },
  switch: {
    does: async ({ site }) => {
      const body = JSON.stringify({ bypass: true, reason: "an outage" });
      const headers = { ...bearer, traceparent };
      await site.ask("/_cache/switch", { method: "POST", body, headers });
    },
    holds: { how: "posted", bypass: "everything", by: "admin", reason: "an outage", trace_id },
  },
  breaker: {
    does: async ({ site, upstash }) => {
      upstash.mode = "down";
      await requestPages(site, 5);
      return site.lines.filter(({ part }) => part === "shared-tier");
    },
    holds: { level: "warn", part: "shared-tier", of: "everything", state: "began" },
  },
  credentials: {
    does: async ({ site, upstash }) => {
      upstash.mode = "refuses";
      upstash.refusal = { status: 401, error: "Unauthorized s3cret" };
      await requestPages(site, 3);
      upstash.mode = "works";
      site.clock.advance(61);
      await requestPages(site, 3);
      return site.lines.filter(({ part }) => part === "shared-tier");
    },
    holds: { part: "shared-tier", kind: "token-refused", state: "began" },
  },
  database: {
    does: async ({ site, upstash }) => {
      upstash.mode = "down";
      await requestPages(site, 1);
      return site.lines.filter(({ part }) => part === "shared-tier");
    },
    holds: { part: "shared-tier", kind: "unreachable", state: "began" },
  },
  r2: {
    options: { bodies: r2Bodies({ binding: "BODIES" }), env: { BODIES: silentR2 } },
    does: removedInR2,
    holds: { part: "shared-tier", kind: "timeout", state: "began" },
  },
  "cache-api": {
    does: (opened) => {
      opened.site.cache.mode = "silent";
      return timedOut(opened);
    },
    holds: { part: "edge-tier", kind: "timeout", state: "began" },
  },
  origin: {
    options: { origin: unreachable },
    holds: { origin: "default", kind: "unreachable", state: "began" },
  },
  "rate-limiter": {
    options: { env: { ORIGIN_LIMITER: { limit: () => Promise.reject(new Error("away")) } } },
    does: async ({ site }) => {
      await site.get("/a", { headers: { "cf-connecting-ip": "192.0.2.1" } });
    },
    holds: { kind: "failing", state: "began" },
  },
  loop: {
    options: { env: { SITE_HOST: "www.example.com" } },
    does: async ({ site }) => {
      site.origin.script = ({ url, headers }) =>
        site.ask(new URL(url).pathname, { headers: Object.fromEntries(headers) });
      await site.get("/a");
    },
    holds: { level: "error", origin: "default" },
  },
  "tag-too-long": {
    options: {
      config: onArticles(),
      origin: () => page("page", cc("max-age=60", { "cache-tag": "x".repeat(300) })),
    },
    holds: { level: "warn", route: "articles", bytes: 300 },
  },
  "tags-failed": {
    options: { config: onArticles(() => JSON.parse("s3cret") as string[]) },
    holds: { level: "warn", route: "articles" },
  },
  "handler-failed": {
    options: {
      handlers: { default: () => Promise.reject(new RangeError("s3cret")) },
      env: { SITE_HOST: "www.example.com" },
    },
    holds: { level: "error" },
  },
  "request-failed": { options: { origin: unreadable }, holds: { level: "error", ...isolate } },
  "background-failed": {
    does: async ({ site }) => {
      vi.spyOn(JournalTail.prototype, "catchUp").mockRejectedValue(new RangeError("s3cret"));
      await send(site, { tags: ["red"] });
      await idle();
    },
    holds: { level: "error" },
  },
  "listener-failed": {
    options: {
      onRequest: () => {
        throw new TypeError("s3cret");
      },
    },
    holds: { level: "error" },
  },
  "part-failed": {
    options: { config: { routes: [{ name: "articles", match: "*", use: [throwing] }] } },
    holds: { level: "error", route: "articles" },
  },
  "report-lost": {
    does: async ({ site, upstash }) => {
      await requestPages(site, 1);
      site.clock.advance(300);
      upstash.mode = "down";
      await requestPages(site, 1);
    },
    holds: { level: "warn", part: "metrics" },
  },
  finding: {
    does: async ({ site }) => {
      for (const script of [unreachable, () => page("page")]) {
        site.origin.script = script;
        await requestPages(site, 1);
        await site.get("/_cache/health");
        site.clock.advance(42);
      }
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
    options: { config: { logs: { sample: 1 } } },
    holds: { level: "info", ...isolate, "http.response.status_code": 200 },
  },
  "left-out": {
    options: { config: { logs: { sample: 1 } }, origin: () => page("page", cc("max-age=60")) },
    does: async ({ site }) => {
      for (let nth = 0; nth < 605; nth += 1) await site.get("/a");
    },
    holds: { level: "warn", of: "request", lines: null },
  },
};

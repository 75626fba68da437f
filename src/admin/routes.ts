// The operator's routes, below `/_cache/`. Whatever is not here does not exist.
import { Hono } from "hono";
import type { Environment } from "../environment.ts";
import type { RedisClient } from "../redis/redis-client.ts";
import { plainPage } from "../serve/plain-page.ts";
import type { Isolate } from "../serve/ports.ts";
import type { JournalView } from "../purge/journal-view.ts";
import type { Purging } from "../purge/purging.ts";
import { namingOf } from "../serve/naming.ts";
import { isFault } from "../operator-error.ts";
import { refusalOfBearer } from "./auth.ts";
import { journalRoute } from "./journal-route.ts";
import { purgeRoute, type PurgeRouteSettings } from "./purge-route.ts";

export interface AdminSettings {
  readonly environment: Environment;
  readonly isolate: Isolate;
  readonly redis: RedisClient | undefined;
  readonly purging: Purging | undefined;
}

export function adminRoutes(settings: AdminSettings): Hono {
  const { environment, isolate, redis, purging } = settings;
  const { adminToken, purgeSecrets } = environment;
  const noJournalBecause = isFault(environment.redis)
    ? `No journal is usable: ${environment.redis.why}`
    : "No journal is configured.";
  const admin = new Hono();
  if (adminToken !== undefined) {
    admin.get("/stats", async (context) => {
      const { raw } = context.req;
      const refused = await refusalOfBearer(raw, adminToken);
      if (refused !== undefined) return refused;
      const colo = environment.colo ?? raw.cf?.colo ?? "";
      const counted = stats(isolate, { colo, environment, redis, purging });
      return context.json(counted, 200, { "cache-control": "no-store" });
    });
    admin.get("/journal", async ({ req }) => {
      const refused = await refusalOfBearer(req.raw, adminToken);
      if (refused !== undefined) return refused;
      return journalRoute(new URL(req.url).searchParams, purging?.journal ?? noJournalBecause);
    });
  }
  if (adminToken !== undefined || purgeSecrets !== undefined) {
    const { visibleWithinSeconds } = isolate.config.purge;
    const route: PurgeRouteSettings = {
      adminToken,
      visibleWithinSeconds,
      secrets: purgeSecrets,
      acceptances: purging?.acceptances ?? noJournalBecause,
      tiers: isolate.tiers,
      metrics: isolate.metrics,
      naming: namingOf(isolate),
    };
    admin.post("/purge", ({ req, executionCtx }) =>
      purgeRoute(req.raw, route, {
        atMs: isolate.nowAtMs(),
        afterAnswer: (work) => executionCtx.waitUntil(work().catch(() => undefined)),
      }),
    );
  }
  admin.all("*", () => plainPage(404));
  return admin;
}

/** Counts of one isolate among many: every colo has its own, and often several. */
function stats(isolate: Isolate, at: Omit<AdminSettings, "isolate"> & { colo: string }) {
  const { metrics, tiers, flights, originHealth, nowAtMs } = isolate;
  const { environment, redis, purging } = at;
  const without = isFault(environment.redis) ? "not usable" : "not configured";
  return {
    scope: "this isolate alone; others have counts of their own",
    colo: at.colo,
    atMs: nowAtMs(),
    faults: environment.faults,
    ...metrics.snapshot(),
    ...(purging ? {} : { invalidations: `here alone: the journal is ${without}` }),
    ...(isolate.hotKeys ? {} : { hotKeys: "off" }),
    memory: { bytes: tiers.memory.bytes, records: tiers.memory.count },
    fillsUnderWay: flights.count,
    originsShutOff: originHealth.shutOff,
    redis: redis
      ? {
          shutOff: redis.isShutOff,
          refusesWrites: redis.refusesWrites,
          readTimeoutMs: redis.readTimeoutMs,
        }
      : without,
    journal: purging ? journalStats(purging.view, nowAtMs()) : without,
  };
}

/** `lag`: from a purge's acceptance to its being read here; long where nobody asked meanwhile. */
function journalStats(view: JournalView, atMs: number) {
  const { chain, sentAtMs, lag, failedAtMs, isShutOff } = view;
  return {
    shutOff: isShutOff,
    position: chain?.end.position ?? "not read yet",
    entries: chain?.entries.length ?? 0,
    readAtMs: chain === undefined ? null : sentAtMs,
    ageMs: chain === undefined ? null : atMs - sentAtMs,
    lag: lag ?? "nothing to tell yet",
    failedAtMs: failedAtMs ?? null,
  };
}

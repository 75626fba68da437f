// The operator's routes, below `/_cache/`. Whatever is not here does not exist.
import { Hono } from "hono";
import type { Environment } from "../environment.ts";
import type { RedisClient } from "../redis/redis-client.ts";
import { plainPage } from "../serve/plain-page.ts";
import type { Isolate } from "../serve/ports.ts";
import { isAuthorized, unauthorized } from "./auth.ts";

export interface AdminSettings {
  readonly environment: Environment;
  readonly isolate: Isolate;
  readonly redis: RedisClient | undefined;
}

export function adminRoutes(settings: AdminSettings): Hono {
  const { environment, isolate, redis } = settings;
  const { adminToken } = environment;
  const admin = new Hono();
  if (adminToken !== undefined) {
    admin.get("/stats", async (context) => {
      const { raw } = context.req;
      if (!(await isAuthorized(raw, adminToken))) return unauthorized();
      const colo = environment.colo ?? raw.cf?.colo ?? "";
      return context.json(stats(isolate, { colo, redis }), 200, { "cache-control": "no-store" });
    });
  }
  admin.all("*", () => plainPage(404));
  return admin;
}

/** Counts of one isolate among many: every colo has its own, and often several. */
function stats(isolate: Isolate, at: { colo: string; redis: RedisClient | undefined }) {
  const { metrics, tiers, flights, nowAtMs } = isolate;
  const { redis } = at;
  return {
    scope: "this isolate alone; others have counts of their own",
    colo: at.colo,
    atMs: nowAtMs(),
    ...metrics.snapshot(),
    memory: { bytes: tiers.memory.bytes, records: tiers.memory.count },
    fillsUnderWay: flights.count,
    redis: redis
      ? { shutOff: redis.isShutOff, readTimeoutMs: redis.readTimeoutMs }
      : "not configured",
    journal: "not configured",
  };
}

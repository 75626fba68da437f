// The operator's routes, below `/_cache/`. Whatever is not here does not exist.
import { type Context, Hono } from "hono";
import type { Environment } from "../platform/environment.ts";
import type { RedisClient } from "../redis/redis-client.ts";
import { whyOf } from "../redis/trouble.ts";
import { plainPage } from "../proxy/respond/plain-page.ts";
import { acceptedAtMs } from "../purge/journal/entry.ts";
import type { Unavailable } from "../purge/journal/journal.ts";
import type { JournalView } from "../purge/view/journal-view.ts";
import type { Purging } from "../purge/purging.ts";
import type { JournalExtent } from "../purge/journal/redis-journal.ts";
import { namingOf } from "../proxy/request/naming.ts";
import type { EdgeTier } from "../cache/tiers/edge-tier.ts";
import type { Metrics } from "../observe/metrics.ts";
import { coloOf } from "../platform/colo.ts";
import type { OriginHealth } from "../proxy/fetch/origin-health.ts";
import type { Attention } from "../purge/view/view.ts";
import { isFault } from "../operator-error.ts";
import { refusalOfBearer } from "./auth.ts";
import type { ListedTiers } from "./dry-run.ts";
import { noJournal } from "./journal-away.ts";
import { journalRoute } from "./journal-route.ts";
import { purgeRoute, type PurgeRouteSettings } from "./purge-route.ts";

type SiteNames = Parameters<typeof namingOf>[0];

/** The parts of an isolate that the operator's routes look at. */
export interface AdminPorts extends SiteNames {
  readonly metrics: Metrics;
  readonly tiers: ListedTiers & {
    readonly memory: { readonly bytes: number; readonly count: number };
  };
  readonly flights: { readonly count: number };
  readonly originHealth: Pick<OriginHealth, "shutOff" | "troubles">;
  /** `undefined` where none are kept warm. */
  readonly hotKeys: object | undefined;
  readonly nowAtMs: () => number;
}

export interface AdminSettings {
  readonly environment: Environment;
  readonly isolate: AdminPorts;
  /** `undefined` on a platform without a Cache API. */
  readonly edge: Pick<EdgeTier<unknown>, "isShutOff" | "trouble"> | undefined;
  readonly redis: RedisClient | undefined;
  readonly purging: Purging | undefined;
  /** What goes on behind an answer: a failure there is counted and logged. */
  readonly behind: (
    background: Pick<Context["executionCtx"], "waitUntil">,
  ) => Attention["afterAnswer"];
}

/** The routes that this deployment opens: those whose token or secret is set. */
export function adminRoutes(settings: AdminSettings): Hono {
  const { environment, isolate, purging, behind } = settings;
  const { adminToken, purgeSecrets } = environment;
  const absence = noJournal(isFault(environment.redis) ? environment.redis : undefined);
  const admin = new Hono();
  if (adminToken !== undefined) {
    admin.get("/stats", async (context) => {
      const { raw } = context.req;
      const refused = await refusalOfBearer(raw, adminToken);
      if (refused !== undefined) return refused;
      const colo = coloOf(environment.colo, raw);
      const kept = purging && keptStats(await purging.journal.extent());
      return context.json(stats(settings, colo, kept), 200, { "cache-control": "no-store" });
    });
    admin.get("/journal", async ({ req }) => {
      const refused = await refusalOfBearer(req.raw, adminToken);
      if (refused !== undefined) return refused;
      return journalRoute(new URL(req.url).searchParams, purging?.journal ?? absence);
    });
  }
  if (adminToken !== undefined || purgeSecrets !== undefined) {
    const { visibleWithinSeconds } = isolate.config.purge;
    const route: PurgeRouteSettings = {
      adminToken,
      visibleWithinSeconds,
      secrets: purgeSecrets,
      acceptances: purging?.acceptances ?? absence,
      tiers: isolate.tiers,
      metrics: isolate.metrics,
      naming: namingOf(isolate),
    };
    admin.post("/purge", ({ req, executionCtx }) =>
      purgeRoute(req.raw, route, {
        atMs: isolate.nowAtMs(),
        afterAnswer: behind(executionCtx),
      }),
    );
  }
  admin.all("*", () => plainPage("nothing"));
  return admin;
}

/**
 * Counts of one isolate among many: every colo has its own, and often several.
 *
 * @param kept what stands in the journal itself
 */
function stats(
  settings: AdminSettings,
  colo: string,
  kept: ReturnType<typeof keptStats> | undefined,
) {
  const { environment, isolate, edge, redis, purging } = settings;
  const { metrics, tiers, flights, originHealth, nowAtMs } = isolate;
  const without = isFault(environment.redis) ? "not usable" : "not configured";
  return {
    scope: "this isolate alone; others have counts of their own",
    colo,
    atMs: nowAtMs(),
    faults: environment.faults,
    ...metrics.snapshot(),
    ...(purging ? {} : { invalidations: `here alone: the journal is ${without}` }),
    ...(isolate.hotKeys ? {} : { hotKeys: "off" }),
    memory: { bytes: tiers.memory.bytes, records: tiers.memory.count },
    fillsUnderWay: flights.count,
    originsShutOff: originHealth.shutOff,
    originTroubles: Object.fromEntries(originHealth.troubles),
    edge: edge
      ? { shutOff: edge.isShutOff, trouble: edge.trouble ?? "none" }
      : "none: the platform has no Cache API",
    redis: redis
      ? {
          shutOff: redis.isShutOff,
          refusesWrites: redis.refusesWrites,
          readTimeoutMs: redis.readTimeoutMs,
          ...troubleStats(redis),
        }
      : without,
    journal: purging
      ? { ...journalStats(purging.view, nowAtMs()), kept, ...troubleStats(purging.redis) }
      : without,
  };
}

/** Of the journal itself, which all isolates share: how much stands there, and since when. */
function keptStats(extent: JournalExtent | Unavailable) {
  if ("kind" in extent) return "unavailable";
  const { count, oldest } = extent;
  return {
    entries: count,
    oldest: oldest && { position: oldest, at: new Date(acceptedAtMs(oldest)).toISOString() },
  };
}

/** The last of each, also once it is over. */
function troubleStats({ trouble, troubleWithWrites }: RedisClient) {
  const told = (last: typeof trouble) => last && { ...last, why: whyOf(last.kind) };
  return { trouble: told(trouble) ?? "none", troubleWithWrites: told(troubleWithWrites) ?? "none" };
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

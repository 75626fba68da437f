// The operator's routes, below `/_cache/`. Whatever is not here does not exist.
import { isoOf } from "../iso-date.ts";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { Config, Route } from "../config/config.ts";
import type { TieredCache } from "../create-cache.ts";
import type { Isolate } from "../create-proxy.ts";
import type { DataBesidePages } from "../data-beside-pages.ts";
import { isFault } from "../operator-error.ts";
import { coloOf, type Environment } from "../platform/environment.ts";
import { namingOf } from "../proxy/request/naming.ts";
import { plainPage } from "../proxy/respond/plain-page.ts";
import type { ResponseDetail } from "../proxy/stored/stored-response.ts";
import { acceptedAtMs } from "../purge/journal/entry.ts";
import type { Unavailable } from "../purge/journal/journal.ts";
import type { JournalExtent } from "../purge/journal/journal-extent.ts";
import type { JournalView } from "../purge/view/journal-view.ts";
import type { Attention } from "../purge/view/view.ts";
import type { RedisClient } from "../redis/redis-client.ts";
import { whyOf } from "../redis/trouble.ts";
import { version } from "../version.ts";
import { refusalOfBearer } from "./auth.ts";
import { explainRoute } from "./explain-route.ts";
import { healthRoute } from "./health-route.ts";
import { journalRoute } from "./journal-route.ts";
import { metricsRoute } from "./metrics-route.ts";
import type { RouteTold } from "./protocol.ts";
import { PurgeLog } from "./purge-log.ts";
import { purgeRoute } from "./purge-route.ts";
import { switchRoute, switchState } from "./switch-route.ts";
import { noJournal, told } from "./told.ts";

/** What the operator's routes look at. */
export interface AdminSettings {
  readonly environment: Environment;
  readonly cache: TieredCache<ResponseDetail>;
  readonly isolate: Isolate;
  /** `undefined` where the Worker was handed none. */
  readonly data: DataBesidePages | undefined;
}

/** The routes that this deployment has: those whose token or secret is set, and the status. */
export function adminRoutes(settings: AdminSettings): Hono {
  const { environment, cache, isolate, data } = settings;
  const { adminToken, purgeSecrets } = environment;
  const absence = noJournal(isFault(environment.redis) ? environment.redis : undefined);
  const admin = new Hono();
  const attentionOf = ({ executionCtx }: Context): Attention => ({
    atMs: isolate.nowAtMs(),
    afterAnswer: cache.behind(executionCtx),
  });
  const health = healthRoute(settings, adminToken);
  admin.get("/health", (context) => {
    const { raw: request } = context.req;
    return health({ ...attentionOf(context), request, colo: coloOf(environment, request) });
  });
  if (adminToken !== undefined) {
    const forBearer: MiddlewareHandler = async ({ req }, next) =>
      (await refusalOfBearer(req.raw, adminToken)) ?? next();
    admin.get("/stats", forBearer, async ({ req }) =>
      told(await stats(settings, coloOf(environment, req.raw))),
    );
    admin.get("/metrics", forBearer, ({ req }) =>
      metricsRoute(req.raw, {
        readTotals: cache.reports.readTotals,
        redis: cache.redis,
        purgeBoundSeconds: isolate.config.purge.visibleWithinSeconds,
        nowAtMs: isolate.nowAtMs,
      }),
    );
    admin.get("/explain", forBearer, ({ req }) =>
      explainRoute(req.raw, { core: cache, isolate, colo: () => coloOf(environment, req.raw) }),
    );
    const { visibleWithinSeconds } = isolate.config.purge;
    const { routes } = isolate.config;
    const switching = cache.purging ?? absence;
    const variable = environment.bypass;
    const switched = { switching, variable, routes, visibleWithinSeconds };
    admin.get("/switch", forBearer, (context) => switchState(switched, attentionOf(context)));
    admin.post("/switch", forBearer, (context) =>
      switchRoute(context.req.raw, switched, attentionOf(context)),
    );
    admin.get("/journal", forBearer, ({ req }) =>
      journalRoute(new URL(req.url).searchParams, cache.purging?.journal ?? absence),
    );
  }
  if (adminToken !== undefined || purgeSecrets !== undefined) {
    const { visibleWithinSeconds } = isolate.config.purge;
    const { tiers, metrics, purging } = cache;
    const acceptances = purging?.acceptances ?? absence;
    const naming = namingOf(isolate);
    const looked = { tiers, metrics, naming, data };
    const route = { ...environment, ...looked, visibleWithinSeconds, acceptances };
    const purgeLog = new PurgeLog(isolate);
    admin.post("/purge", async (context) => {
      const { raw: request } = context.req;
      const { answer, refusal, accepted } = await purgeRoute(request, route, attentionOf(context));
      if (accepted !== undefined) purgeLog.accepted(accepted, request);
      if (refusal !== undefined) {
        metrics.add("purgeRefusals", [refusal]);
        purgeLog.refused(refusal);
      }
      return answer;
    });
  }
  admin.all("*", () => plainPage("nothing"));
  return admin;
}

/** Counts of one isolate among many: every colo has its own, and often several. */
async function stats({ environment, cache, isolate, data }: AdminSettings, colo: string) {
  const { metrics, redis, purging } = cache;
  const { memory, edge } = cache.tiers;
  const { config, flights, originHealth, nowAtMs } = isolate;
  const without = isFault(environment.redis) ? "not usable" : "not configured";
  const kept = purging && keptStats(await purging.journal.extent());
  return {
    scope: "this isolate alone; others have counts of their own",
    version,
    colo,
    atMs: nowAtMs(),
    faults: environment.faults,
    ...metrics.snapshot(),
    ...(purging ? {} : { invalidations: `here alone: the journal is ${without}` }),
    ...(isolate.hotKeys ? {} : { hotKeys: "off" }),
    memory: { bytes: memory.bytes, records: memory.count },
    ...(data && { data: data.stats() }),
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
    configuredRoutes: config.routes.map((route) => routeStats(route, config)),
  };
}

function routeStats(
  { name, match, bypass, origin }: Route,
  { originTimeout }: Pick<Config, "originTimeout">,
): RouteTold {
  const originTimeoutSeconds = originTimeout.firstByteMs / 1_000;
  return { name, match: match.map(({ text }) => text), bypass, origin, originTimeoutSeconds };
}

/** Of the journal itself, which all isolates share: how much stands there, and since when. */
function keptStats(extent: JournalExtent | Unavailable) {
  if ("kind" in extent) return "unavailable";
  const { count, oldest } = extent;
  return {
    entries: count,
    oldest: oldest && { position: oldest, at: isoOf(acceptedAtMs(oldest)) },
  };
}

/** The last of each, also once it is over. */
function troubleStats({ trouble, troubleWithWrites }: RedisClient) {
  const last = (of: typeof trouble) => (of ? { ...of, why: whyOf(of.kind) } : "none");
  return { trouble: last(trouble), troubleWithWrites: last(troubleWithWrites) };
}

/** `lag`: from a purge's acceptance to its being read here. */
function journalStats(view: JournalView, atMs: number) {
  const { chain, sentAtMs, lag, failedAtMs, isShutOff } = view;
  return {
    shutOff: isShutOff,
    position: chain?.end.position ?? "not read yet",
    entries: chain?.entries.length ?? 0,
    readAtMs: chain === undefined ? null : sentAtMs,
    ageMs: chain === undefined ? null : atMs - sentAtMs,
    bypass: view.switched?.bypass ?? false,
    lag: lag ?? "nothing to tell yet",
    failedAtMs: failedAtMs ?? null,
  };
}

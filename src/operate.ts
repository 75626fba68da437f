// Exports of `tidemark/operate`: explains, measures and warms a site.
import type { AdminSettings } from "./admin/admin-settings.ts";
import { bodyUpTo } from "./admin/access/request-body.ts";
import { answerDebugged } from "./operate/explain/debug-field.ts";
import { explainRoute } from "./operate/explain/explain-route.ts";
import { healthRoute } from "./operate/health/health-route.ts";
import { metricsRoute } from "./operate/metrics-route.ts";
import type { OpenOperate, OperatePart, OperatorAccess } from "./admin/operate-part.ts";
import type { Operate } from "./admin/port/operate.ts";
import { statsRoute } from "./operate/stats-route.ts";
import { warmRoute } from "./operate/warm/warm-route.ts";
import { coloOf } from "./platform/environment.ts";
import { HotKeys } from "./pages/site/hot-keys.ts";
import { RedisHotKeys } from "./pages/site/hot-key-stream.ts";
import { keepWarm } from "./operate/warm/keep-warm.ts";
import { createReports } from "./observe/reports/create-reports.ts";

export type { Operate } from "./admin/port/operate.ts";

/**
 * Adds the operator's part to a Worker: findings in `/_cache/health`, `/_cache/stats`, `metrics`,
 * `explain` and `warm`, reports of all isolates, and hot keys. The dashboard and the purge probe
 * need it. Without it, a Worker takes purges, the switch and hooks, and is about 110 KB smaller.
 *
 * @example
 * export default createWorker(config, { operate: operate() });
 */
export function operate(): Operate {
  const part: OperatePart = {
    createReports,
    openHotKeys: ({ lists, redis, namespace, ...settings }) => {
      const own = lists ?? (redis && new RedisHotKeys({ redis, namespace }));
      return own && new HotKeys({ ...settings, lists: own });
    },
    open,
  };
  return { kind: "operate", part };
}

function open(settings: AdminSettings): OpenOperate {
  const { cache, contextFor } = settings;
  return {
    health: healthRoute(settings),
    addTo: (admin, access) => addRoutes(admin, settings, access),
    answerDebugged: (debugged, background, answer) =>
      answerDebugged(debugged, settings, background, answer),
    runCron: (background) => cache.run(() => keepWarm(contextFor(undefined, background))),
  };
}

function addRoutes(
  admin: Parameters<OpenOperate["addTo"]>[0],
  settings: AdminSettings,
  { forBearer, forReader }: OperatorAccess,
): void {
  const { environment, cache, site, contextFor, data, gate, outward, probe } = settings;
  const { purging } = cache;
  const { dashboard, purge, operatorPath } = site.config;
  const { visibleWithinSeconds } = purge;
  admin.get("/stats", forReader, ({ req }) => statsRoute(settings, coloOf(environment, req.raw)));
  admin.get("/metrics", forReader, ({ req }) =>
    metricsRoute(req.raw, {
      readTotals: cache.reports.readTotals,
      redis: cache.redis,
      purgeBoundSeconds: visibleWithinSeconds,
      outward,
      nowAtMs: site.nowAtMs,
    }),
  );
  admin.get("/explain", forReader, ({ req, executionCtx }) =>
    explainRoute(req.raw, {
      core: cache,
      context: contextFor(req.raw, executionCtx),
      renewsView: true,
    }),
  );
  admin.post("/warm", forBearer, ({ req, executionCtx }) => {
    const context = contextFor(req.raw, executionCtx);
    const catchUp = purging && (() => purging.view.catchUp());
    return warmRoute(req.raw, { context, data, catchUp });
  });
  if (probe) admin.get("/probe", forBearer, probe.answer);
  dashboard?.addTo(admin, {
    ...site,
    ...cache,
    // The counts of this isolate are in the totals at once, which matters most on the first look.
    readTotals: () => cache.reports.readTotals({ reportsFirst: true }),
    ...purge,
    operatorPath,
    isHere: (request) => gate.hasDashboard(request),
    refusalOf: (request) => gate.refusalOf(request, "read"),
    readBody: bodyUpTo,
    sets: () => data?.troubles().sets,
  });
}

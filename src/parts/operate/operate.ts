// Exports of `tidemark/operate`: explains, measures and warms a site.
// See docs/package.md#tidemarkoperate.
import type { Hono } from "hono";
import type {
  OpenPart,
  OperatorAccess,
  PartContents,
  PartHost,
} from "../../admin/part-contents.ts";
import { dryRun } from "./dry-run.ts";
import { DryRunIds } from "./dry-run-ids.ts";
import { answerDebugged } from "./explain/debug-field.ts";
import { LastAnswers } from "./explain/last-answers.ts";
import { explainRoute } from "./explain/explain-route.ts";
import { healthRoute } from "./health/health-route.ts";
import { metricsRoute } from "./metrics-route.ts";
import type { SitePart } from "../../part/port/part.ts";
import { statsRoute } from "./stats-route.ts";
import { PageRefreshes } from "./warm/page-refreshes.ts";
import { warmRoute } from "./warm/warm-route.ts";
import { coloOf } from "../../platform/environment.ts";
import { createReports } from "./reports/create-reports.ts";

/**
 * Adds the operator's part to a Worker: findings in `/_cache/health`, `/_cache/stats`, `metrics`,
 * `explain` and `warm`, and reports of all isolates. The dashboard and hot keys
 * need it. Without it, a Worker takes purges, the switch and hooks, and is about 76 KB smaller.
 *
 * @example
 * export default defineConfig({ parts: [operate()], routes: […] });
 */
export function operate(): SitePart {
  const contents: PartContents = {
    fills: {
      createReports,
      openAnswers: () => new LastAnswers(),
    },
    open,
  };
  return { kind: "site", name: "operate", contents };
}

function open(settings: PartHost): OpenPart {
  const { cache, data, site } = settings;
  const dryRuns = new DryRunIds({ ...site.config, redis: cache.redis });
  const refreshes = new PageRefreshes(settings);
  const places = { tiers: cache.tiers, site, data, dryRuns };
  return {
    dryRun: (targets, sender) => dryRun(targets, places, sender),
    refresh: refreshes.begin,
    runCron: (background) => refreshes.runCron(background),
    health: healthRoute(settings),
    addTo: (admin, access) => addRoutes(admin, settings, access),
    answerDebugged: (debugged, background, answer) =>
      answerDebugged(debugged, settings, background, answer),
  };
}

function addRoutes(
  admin: Hono,
  settings: PartHost,
  { forBearer, forReader }: OperatorAccess,
): void {
  const { environment, cache, site, contextFor, data, parts } = settings;
  const { purging } = cache;
  const { visibleWithinSeconds } = site.config.purge;
  admin.get("/stats", forReader, ({ req }) => statsRoute(settings, coloOf(environment, req.raw)));
  admin.get("/metrics", forReader, ({ req }) =>
    metricsRoute(req.raw, {
      readTotals: cache.reports.readTotals,
      redis: cache.redis,
      purgeBoundSeconds: visibleWithinSeconds,
      parts,
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
    const catchUp = purging && (() => purging.view.tail.catchUp());
    return warmRoute(req.raw, { context, data, catchUp });
  });
}

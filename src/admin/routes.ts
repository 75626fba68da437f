// The operator's routes, below `/_cache/`. All other paths below `/_cache/` get 404.
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { coloOf } from "../platform/environment.ts";
import { plainPage } from "../proxy/respond/plain-page.ts";
import type { Attention } from "../purge/view/view.ts";
import { bodyUpTo } from "./access/request-body.ts";
import type { AdminSettings } from "./admin-settings.ts";
import { explainRoute } from "./explain-route.ts";
import { healthRoute } from "./health-route.ts";
import { journalRoute } from "./journal-route.ts";
import { metricsRoute } from "./metrics-route.ts";
import { outwardRoute, outwardState } from "./outward-route.ts";
import { type SenderRoutes, whyNoJournal } from "./sender-routes.ts";
import { switchRoute, switchState } from "./switch-route.ts";
import { statsRoute } from "./stats-route.ts";
import { warmRoute } from "./warm-route.ts";

/** Creates the routes whose token or secret is set, and the public status. */
export function adminRoutes(settings: AdminSettings, senders: SenderRoutes): Hono {
  const { environment, gate, site, cache, data } = settings;
  const { adminToken } = gate;
  const admin = new Hono();
  const attentionOf = attentionBy(settings);
  const health = healthRoute(settings);
  admin.get("/health", (context) => {
    const { raw: request } = context.req;
    return health({ ...attentionOf(context), request, colo: coloOf(environment, request) });
  });
  if (adminToken !== undefined) {
    admin.get("/proof", ({ req }) => gate.proof(req.raw));
    addRoutesOfBearer(admin, settings);
    const { dashboard, purge, operatorPath } = site.config;
    dashboard?.addTo(admin, {
      ...site,
      ...cache,
      ...cache.reports,
      ...purge,
      operatorPath,
      refusalOf: (request) => gate.refusalOf(request),
      readBody: bodyUpTo,
      sets: () => data?.troubles().sets,
    });
  }
  senders.addTo(admin, attentionOf);
  admin.all("*", () => plainPage("nothing"));
  return admin;
}

function attentionBy({ site, cache }: AdminSettings) {
  return ({ executionCtx }: Context): Attention => ({
    atMs: site.nowAtMs(),
    afterAnswer: cache.behind(executionCtx),
  });
}

/** Adds the routes that require the admin token. */
function addRoutesOfBearer(admin: Hono, settings: AdminSettings): void {
  const { environment, cache, site, contextFor, data, gate, outward, probe } = settings;
  const attentionOf = attentionBy(settings);
  const absence = whyNoJournal(environment);
  const forBearer: MiddlewareHandler = async ({ req }, next) =>
    (await gate.refusalOf(req.raw)) ?? next();
  admin.get("/stats", forBearer, ({ req }) => statsRoute(settings, coloOf(environment, req.raw)));
  admin.get("/metrics", forBearer, ({ req }) =>
    metricsRoute(req.raw, {
      readTotals: cache.reports.readTotals,
      redis: cache.redis,
      purgeBoundSeconds: site.config.purge.visibleWithinSeconds,
      outward,
      nowAtMs: site.nowAtMs,
    }),
  );
  admin.get("/explain", forBearer, ({ req, executionCtx }) =>
    explainRoute(req.raw, { core: cache, context: contextFor(req.raw, executionCtx) }),
  );
  admin.post("/warm", forBearer, ({ req, executionCtx }) => {
    const context = contextFor(req.raw, executionCtx);
    const { purging } = cache;
    const catchUp = purging && (() => purging.view.catchUp());
    return warmRoute(req.raw, { context, data, catchUp });
  });
  if (probe) admin.get("/probe", forBearer, probe.answer);
  const { visibleWithinSeconds } = site.config.purge;
  const { routes } = site.config;
  const switching = cache.purging ?? absence;
  const variable = environment.bypass;
  const switched = { switching, variable, routes, visibleWithinSeconds };
  admin.get("/switch", forBearer, (context) => switchState(switched, attentionOf(context)));
  admin.post("/switch", forBearer, (context) =>
    switchRoute(context.req.raw, switched, attentionOf(context)),
  );
  admin.get("/outward", forBearer, () => outwardState(outward, site.nowAtMs()));
  admin.post("/outward", forBearer, ({ req }) => outwardRoute(req.raw, outward, site.nowAtMs));
  admin.get("/journal", forBearer, ({ req }) =>
    journalRoute(new URL(req.url).searchParams, cache.purging?.journal ?? absence),
  );
}

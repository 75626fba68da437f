// The operator's routes, below `/_cache/`. All other paths below `/_cache/` get 404.
import type { Context, MiddlewareHandler } from "hono";
import { Hono } from "hono/tiny";
import { coloOf } from "../platform/environment.ts";
import { plainPage } from "../pages/respond/plain-page.ts";
import type { Requester } from "../purge/view/view-port.ts";
import type { PartHost } from "./part-contents.ts";
import { journalRoute } from "./journal-route.ts";
import { jsonAnswer, lacksOperate } from "./json-answers.ts";
import { purgeRoute } from "./purge-route.ts";
import { hasSender, refusingAll } from "./without-senders.ts";
import { switchRoute, switchState } from "./switch-route.ts";

/** Creates the routes whose token or secret is set, and the public status. */
export function adminRoutes(settings: PartHost): Hono {
  const { environment, auth, parts } = settings;
  const health = parts.find((part) => part.health !== undefined)?.health;
  const admin = new Hono();
  const requesterOf = requesterBy(settings);
  // The small router ignores a slash at the end of a path.
  admin.all("/:path{.+/}", nothing);
  admin.get("/health", (context) => {
    const { raw: request } = context.req;
    if (health === undefined) return shortHealth(settings);
    return health({
      ...requesterOf(context),
      request,
      colo: coloOf(environment, request),
    });
  });
  if (auth.adminToken !== undefined) addRoutesOfBearer(admin, settings);
  admin.all("*", async ({ req }, next) => (auth.isOperatorHost(req.raw) ? nothing() : next()));
  // The routes below are not on `operatorHost`.
  if (auth.adminToken !== undefined) admin.get("/proof", ({ req }) => auth.proof(req.raw));
  addPurgeRoute(admin, settings, requesterOf);
  for (const part of parts) part.addWithoutToken?.(admin, requesterOf);
  admin.all("*", nothing);
  return admin;
}

/** Answers 200, or 503 if no origin can be used. */
function shortHealth({ environment: { origins }, site, faults }: PartHost): Response {
  const { openBreakers } = site.originHealth;
  const canAnswer = [...origins.keys()].some((name) => !openBreakers.includes(name));
  if (!canAnswer) return jsonAnswer({ status: "unable" }, 503);
  return jsonAnswer({ status: faults.length === 0 ? "ok" : "degraded" });
}

function requesterBy({ site, cache }: PartHost) {
  return ({ executionCtx }: Context): Requester => ({
    atMs: site.nowAtMs(),
    afterAnswer: cache.behind(executionCtx),
  });
}

const nothing = () => plainPage("not-found");

/**
 * Adds the routes that require the admin token. Those that the dashboard reads are also on `operatorHost`, and
 * accept a token that only reads.
 */
function addRoutesOfBearer(admin: Hono, settings: PartHost): void {
  const { environment, cache, site, auth, parts } = settings;
  const requesterOf = requesterBy(settings);
  const absence = cache.whyNoJournal;
  const forBearer: MiddlewareHandler = async ({ req }, next) =>
    auth.isOperatorHost(req.raw) ? nothing() : ((await auth.refusalOf(req.raw)) ?? next());
  const forReader: MiddlewareHandler = async ({ req }, next) =>
    (await auth.refusalOf(req.raw, "read")) ?? next();
  for (const part of parts) part.addTo?.(admin, { forBearer, forReader });
  const isOperated = parts.some((part) => part.health !== undefined);
  for (const name of isOperated ? [] : operated) admin.all(`/${name}`, forBearer, notOperated);
  const { visibleWithinSeconds } = site.config.purge;
  const { routes } = site.config;
  const switching = cache.purging ?? absence;
  const variable = environment.bypass;
  const switched = { switching, variable, routes, visibleWithinSeconds };
  admin.get("/switch", forReader, (context) => switchState(switched, requesterOf(context)));
  admin.post("/switch", forBearer, (context) =>
    switchRoute(context.req.raw, switched, requesterOf(context)),
  );
  admin.get("/journal", forReader, ({ req }) =>
    journalRoute(new URL(req.url).searchParams, cache.purging?.journal ?? absence),
  );
}

/** The routes of `operate()`. */
const operated = ["stats", "metrics", "explain", "warm"];

const notOperated = () => lacksOperate(404, "This Worker does not have this route.");

/** Adds `POST /_cache/purge`, which needs a signature or the admin token. */
function addPurgeRoute(
  admin: Hono,
  settings: PartHost,
  requesterOf: (context: Context) => Requester,
): void {
  const { environment, auth, parts, purges } = settings;
  if (!hasSender(settings)) {
    const refuse = refusingAll(settings);
    admin.post("/purge", () => purges.noted(refuse()));
    return;
  }
  const dryRun = parts.find((part) => part.dryRun)?.dryRun;
  const route = { purges, auth, purgeSecrets: environment.purgeSecrets, dryRun };
  admin.post("/purge", async (context) => {
    const handled = await purgeRoute(context.req.raw, route, requesterOf(context));
    return purges.noted(handled);
  });
}

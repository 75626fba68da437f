// The application: the operator's routes below `/_cache/` by Hono, the cache for everything else.
import { Hono } from "hono";
import { adminRoutes } from "./admin/routes.ts";
import { type Config, configOf } from "./config/config.ts";
import {
  type Env,
  type Environment,
  type OriginTarget,
  readEnvironment,
} from "./platform/environment.ts";
import { errorName } from "./error-name.ts";
import { Metrics } from "./observe/metrics.ts";
import { faultText, isFault } from "./operator-error.ts";
import { createPurging, type Purging } from "./purge/purging.ts";
import { noJournal } from "./purge/view/view.ts";
import { RedisClient } from "./redis/redis-client.ts";
import { ByteBudget } from "./proxy/body/byte-budget.ts";
import { ClientLimit } from "./proxy/request/client-limit.ts";
import { Flights } from "./cache/flights.ts";
import { configWarnings } from "./proxy/request/config-warnings.ts";
import { FewAtOnce } from "./cache/few-at-once.ts";
import { HotKeyStream } from "./proxy/warm/hot-key-stream.ts";
import { KnownVary } from "./proxy/request/known-vary.ts";
import { HotKeys } from "./proxy/warm/hot-keys.ts";
import { Invalidations } from "./proxy/storing/invalidate.ts";
import { JoinedPurges } from "./purge/acceptance/joined-purges.ts";
import { keepWarm } from "./proxy/warm/keep-warm.ts";
import { LeftOutTags } from "./proxy/storing/left-out-tags.ts";
import { Lifts } from "./proxy/reuse/lifts.ts";
import { Loops } from "./proxy/request/loops.ts";
import { OriginHealth } from "./proxy/fetch/origin-health.ts";
import { plainPage } from "./proxy/respond/plain-page.ts";
import { compileRoutes } from "./proxy/request/routes.ts";
import type { FetchOrigin, Isolate, Ports } from "./proxy/ports.ts";
import { serve } from "./proxy/serve.ts";
import { asOfSite } from "./proxy/fetch/site-address.ts";
import { Rangeless } from "./proxy/fetch/rangeless.ts";
import { SharedOdds } from "./proxy/reuse/shared-odds.ts";
import { Uncacheable } from "./proxy/reuse/uncacheable.ts";
import { compileUrlReader } from "./proxy/request/url-reader.ts";
import { EdgeTier } from "./cache/tiers/edge-tier.ts";
import { Leases } from "./cache/leases.ts";
import { MemoryTier } from "./cache/tiers/memory-tier.ts";
import { SharedTier } from "./cache/tiers/shared-tier.ts";

/** What the runtime and its clock give; tests put their own in. */
export interface Platform {
  readonly cache: () => Pick<Cache, "match" | "put" | "delete">;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly nowAtMs: () => number;
  readonly random: () => number;
  readonly turn: () => Promise<void>;
  readonly log: (line: string) => void;
}

export type ExecutionContext = Parameters<Hono["fetch"]>[2] & object;

/** What outlasts an answer, or a run of the cron trigger, is told to the runtime here. */
export type Background = Pick<ExecutionContext, "waitUntil">;

export interface Application {
  /** Never throws and never rejects. */
  readonly fetch: (
    request: Request,
    bindings: Env,
    background: ExecutionContext,
  ) => Response | Promise<Response>;
  /** One run of the cron trigger. Never rejects. */
  readonly scheduled: (background: Background) => Promise<void>;
}

/**
 * Makes an isolate's application; its state lives as long as it does.
 *
 * @param given from `defineConfig`; an object that was written without it is checked here
 * @throws OperatorError for a configuration that is refused, and for bindings that no right answer can be given with
 */
export function createApp(given: Config, env: Env, platform: Platform): Application {
  const config = configOf(given);
  const environment = readEnvironment(env, config);
  for (const fault of [...configWarnings(config), ...environment.faults]) {
    platform.log(faultText(fault));
  }
  const metrics = new Metrics(platform.nowAtMs());
  const database = isFault(environment.redis) ? undefined : environment.redis;
  const redis =
    database &&
    new RedisClient({
      ...database,
      nowAtMs: platform.nowAtMs,
      tell: (line) => platform.log(`Shared tier: ${line}`),
    });
  const purging = database && createPurging(config, database, platform);
  const edge = new EdgeTier({
    ...platform,
    tell: (line) => platform.log(`Edge tier: ${line}`),
    onBadRecord: () => metrics.badRecord(),
  });
  const isolate = createIsolate({ config, environment, platform, metrics, edge, redis, purging });
  const failed = (cause: unknown) => {
    platform.log(`A request failed with ${errorName(cause)}: ${firstFrame(cause)}`);
    return plainPage("fault");
  };
  const operators = new Hono();
  const behind = (background: Background) => afterAnswer(background, isolate, platform);
  operators.route("/_cache", adminRoutes({ environment, isolate, edge, redis, purging, behind }));
  operators.notFound(() => plainPage("nothing"));
  operators.onError(failed);
  const answered = (request: Request, background: Background) => {
    const colo = () => environment.colo ?? request.cf?.colo ?? "";
    return serve(request, portsOf(isolate, { colo, background }, platform));
  };
  const scheduled = (background: Background) => {
    const ports = portsOf(isolate, { colo: () => environment.colo ?? "", background }, platform);
    return logged(() => keepWarm(ports), isolate, platform);
  };
  // A hit needs no route but its own, so it goes without Hono's context.
  const fetch: Application["fetch"] = (request, bindings, background) => {
    try {
      const answer = isolate.readUrl(request.url).isReserved
        ? operators.fetch(request, bindings, background)
        : answered(request, background);
      return answer instanceof Promise ? answer.catch(failed) : answer;
    } catch (cause) {
      return failed(cause);
    }
  };
  return { fetch, scheduled };
}

function createIsolate(given: {
  config: Config;
  environment: Environment;
  platform: Platform;
  metrics: Metrics;
  edge: EdgeTier;
  redis: RedisClient | undefined;
  purging: Purging | undefined;
}): Isolate {
  const { config, environment, platform, metrics, edge, redis, purging } = given;
  const { limits, namespace } = config;
  const { siteHost, originLimiter: limiter } = environment;
  const matchRoute = compileRoutes(config);
  const onBadRecord = () => metrics.badRecord();
  const fillBudget = new ByteBudget(limits.memoryBytes);
  const memory = new MemoryTier(limits.memoryBytes, (body) => fillBudget.countFromNow(body));
  return {
    config,
    metrics,
    matchRoute,
    readUrl: compileUrlReader({ config, matchRoute, siteHost }),
    siteHost,
    tiers: {
      memory,
      edge,
      shared:
        redis &&
        new SharedTier({
          redis,
          namespace,
          bodyBytesMax: limits.sharedBodyBytes,
          uploadBytesMax: limits.memoryBytes,
          onBadRecord,
          nowAtMs: platform.nowAtMs,
        }),
    },
    view: purging?.view ?? noJournal,
    flights: new Flights(),
    fewAtOnce: new FewAtOnce(),
    leases: redis && new Leases({ redis, namespace, randomText: () => crypto.randomUUID() }),
    originHealth: new OriginHealth(platform.log),
    loops: new Loops({ ...platform, pseudonym: environment.pseudonym }),
    clientLimit: limiter && new ClientLimit({ ...platform, limiter }),
    uncacheable: new Uncacheable(),
    knownVary: new KnownVary(),
    rangeless: new Rangeless(),
    invalidations: new Invalidations(),
    joinedPurges: purging && new JoinedPurges({ ...platform, ...purging, metrics }),
    hotKeys:
      redis && environment.hotKeys > 0
        ? new HotKeys(new HotKeyStream({ redis, namespace }))
        : undefined,
    sharedOdds: new SharedOdds(),
    fillBudget,
    lifts: new Lifts({ budget: fillBudget, bodyBytesMax: memory.largestBodyBytes }),
    leftOutTags: new LeftOutTags({ metrics, log: platform.log }),
    fetchOrigin: originFetcher(environment.origins, platform, metrics),
    nowAtMs: platform.nowAtMs,
    random: platform.random,
    turn: platform.turn,
  };
}

function originFetcher(
  origins: ReadonlyMap<string, OriginTarget>,
  platform: Platform,
  metrics: Metrics,
): FetchOrigin {
  return async (name, { method, target, pathAndQuery, headers, body, signal }) => {
    const origin = origins.get(name);
    if (origin === undefined) throw new Error(`No origin is named ${name}.`);
    metrics.originAsked();
    const init: RequestInit = {
      method,
      headers,
      body,
      signal,
      // Cloudflare's own cache lies below `fetch`, and redirects are the client's to follow.
      cache: "no-store",
      redirect: "manual",
      encodeResponseBody: "manual",
    };
    if (origin.kind === "binding") {
      // A service has no address, so what it makes of the URL's host is what the site is called.
      const base = `${target.scheme}://${target.host}`;
      const answer = await origin.fetcher.fetch(`${base}${pathAndQuery}`, init);
      return asOfSite(answer, { base, rewritesLocations: false, method, target, pathAndQuery });
    }
    const answer = await platform.fetch(`${origin.base}${pathAndQuery}`, init);
    return asOfSite(answer, { ...origin, method, target, pathAndQuery });
  };
}

function portsOf(
  isolate: Isolate,
  { colo, background }: { colo: () => string; background: Background },
  platform: Platform,
): Ports {
  return { ...isolate, colo, afterAnswer: afterAnswer(background, isolate, platform) };
}

function afterAnswer(
  background: Background,
  isolate: Isolate,
  platform: Platform,
): Ports["afterAnswer"] {
  return (work) => background.waitUntil(logged(work, isolate, platform));
}

function logged(
  work: () => Promise<void>,
  { metrics }: Isolate,
  platform: Platform,
): Promise<void> {
  return work().catch((cause: unknown) => {
    metrics.backgroundWorkFailed();
    platform.log(`Background work failed with ${errorName(cause)}: ${firstFrame(cause)}`);
  });
}

/** Where an error arose, for the operator's log; its message may quote what must not be there. */
function firstFrame(cause: unknown): string {
  const stack = cause instanceof Error ? (cause.stack ?? "") : "";
  return (
    stack
      .split("\n")
      .find((line) => line.trim().startsWith("at "))
      ?.trim() ?? "no stack"
  );
}

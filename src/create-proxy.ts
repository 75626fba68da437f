// The HTTP cache of an isolate: a site's routes and origins before a core, and what is learnt of them.
import { Flights } from "./cache/flights.ts";
import type { Config } from "./config/config.ts";
import type { TieredCache } from "./create-cache.ts";
import type { Log } from "./observe/log-line.ts";
import { RequestLog, type SampledRequest } from "./observe/request-line.ts";
import { askOrigin } from "./platform/ask-origin.ts";
import { coloOf, type Environment } from "./platform/environment.ts";
import type { Background, Platform } from "./platform/platform.ts";
import { HeadTimes } from "./proxy/fetch/head-times.ts";
import { OriginHealth } from "./proxy/fetch/origin-health.ts";
import { Rangeless } from "./proxy/fetch/whole-first.ts";
import { asOfSite } from "./proxy/fetch/site-address.ts";
import { ClientLimit } from "./proxy/request/client-limit.ts";
import { KnownVary } from "./proxy/request/known-vary.ts";
import { Loops } from "./proxy/request/loops.ts";
import { compileRoutes } from "./proxy/request/routes.ts";
import { pathAndQuery } from "./proxy/request/target.ts";
import { compileUrlReader, type ReadUrl, type UrlRead } from "./proxy/request/url-reader.ts";
import { Lifts } from "./proxy/reuse/lifts.ts";
import { SharedOdds } from "./proxy/reuse/shared-odds.ts";
import { Uncacheable } from "./proxy/reuse/uncacheable.ts";
import { VariantDemand } from "./proxy/reuse/variant-demand.ts";
import { serve, type ServePorts } from "./proxy/serve.ts";
import { CredentialRefusals } from "./proxy/storing/credential-refusals.ts";
import { Invalidations } from "./proxy/storing/invalidate.ts";
import { LastAnswers } from "./proxy/storing/last-answers.ts";
import { LeftOutTags } from "./proxy/storing/left-out-tags.ts";
import type { ResponseDetail } from "./proxy/stored/stored-response.ts";
import { HotKeyStream } from "./proxy/warm/hot-key-stream.ts";
import { HotKeys } from "./proxy/warm/hot-keys.ts";
import { keepWarm } from "./proxy/warm/keep-warm.ts";
import { JoinedPurges } from "./purge/acceptance/joined-purges.ts";
import { isBypassed } from "./purge/journal/switch-state.ts";

/** What all requests have in common of their ports. It lives as long as the isolate. */
export type Isolate = Omit<ServePorts, "colo" | "afterAnswer"> & {
  readonly readUrl: ReadUrl;
  readonly invalidations: Invalidations;
  readonly credentialRefusals: CredentialRefusals;
  readonly log: Log;
};
type Ports = { -readonly [Name in keyof ServePorts]: ServePorts[Name] };

/** The site that a core is to serve, and where it runs. */
export interface ProxySettings {
  readonly config: Config;
  readonly environment: Environment;
  readonly platform: Omit<Platform, "cache">;
}

/**
 * Puts a site before a core. Its routes use those of their tiers that the core has.
 *
 * @returns what lives as long as the core
 */
export function createProxy(cache: TieredCache<ResponseDetail>, settings: ProxySettings) {
  const isolate = createIsolate(cache, settings);
  const { environment, config, platform } = settings;
  const { logs } = config;
  const requestLog = logs.sample > 0 ? new RequestLog({ ...platform, ...logs }) : undefined;
  return {
    isolate,
    /**
     * Answers from a tier or from an origin; what memory has, without a promise.
     *
     * @param read    what `isolate.readUrl` has read of its URL
     * @param address of the client, on a server of Node
     */
    answer(
      request: Request,
      read: UrlRead,
      background: Background,
      address?: string | null,
    ): Response | Promise<Response> {
      // The isolate's state is inherited: to copy some thirty fields would cost each hit time and memory.
      const ports: Ports = Object.create(isolate);
      ports.colo = () => coloOf(environment, request);
      ports.afterAnswer = (work) => cache.behind(background)(work);
      if (address !== undefined) ports.address = address;
      if (requestLog === undefined) return serve(request, read, ports);
      const sampled = requestLog.drawn(request, read.target.path);
      ports.sampled = sampled;
      const answer = serve(request, read, ports);
      if (sampled === undefined) return answer;
      return answer instanceof Promise ? answer.then(told(sampled)) : told(sampled)(answer);
    },
    /** One run of the cron trigger. Never rejects. */
    keepWarm(background: Background): Promise<void> {
      const colo = () => coloOf(environment, undefined);
      const afterAnswer = cache.behind(background);
      // A run makes copies of its ports, and a copy has nothing that is inherited.
      return cache.run(() => keepWarm({ ...isolate, colo, afterAnswer }));
    },
  };
}

/** @returns what tells a sampled request of its answer, and gives the answer back */
function told(sampled: SampledRequest): (response: Response) => Response {
  return (response) => {
    sampled.answered(response);
    return response;
  };
}

function createIsolate(cache: TieredCache<ResponseDetail>, settings: ProxySettings): Isolate {
  const { environment, platform, config } = settings;
  const { tiers, redis, purging, metrics, fillBudget } = cache;
  const { siteHosts, originLimiter: limiter } = environment;
  const { bypass } = environment;
  const { view } = cache;
  const matchRoute = compileRoutes(config);
  return {
    ...cache,
    ...platform,
    config,
    matchRoute,
    readUrl: compileUrlReader({ config, matchRoute, siteHosts }),
    siteHosts,
    bypasses: (route) => (bypass !== false && isBypassed(bypass, route)) || view.bypasses(route),
    originHealth: new OriginHealth(platform.log),
    address: platform.isServer === true ? null : undefined,
    loops: new Loops({ ...platform, pseudonym: environment.pseudonym }),
    clientLimit: limiter && new ClientLimit({ ...platform, limiter }),
    headTimes: new HeadTimes(),
    flights: new Flights(),
    uncacheable: new Uncacheable(),
    lastAnswers: new LastAnswers(),
    credentialRefusals: new CredentialRefusals(),
    knownVary: new KnownVary(),
    rangeless: new Rangeless(),
    invalidations: new Invalidations(),
    joinedPurges: purging && new JoinedPurges({ ...platform, ...purging, metrics }),
    hotKeys:
      redis && environment.hotKeys > 0
        ? new HotKeys(new HotKeyStream({ redis, namespace: config.namespace }))
        : undefined,
    sharedOdds: new SharedOdds(),
    variantDemand: new VariantDemand(config.limits.variants),
    lifts: new Lifts({ budget: fillBudget, bodyBytesMax: tiers.memory.largestBodyBytes }),
    leftOutTags: new LeftOutTags({ metrics, log: platform.log }),
    async fetchOrigin(name, request) {
      const origin = environment.origins.get(name);
      if (origin === undefined) throw new Error(`No origin is named ${name}.`);
      metrics.add("originRequests");
      const { target, own } = request;
      // A binding or a handler has no address of its own: it is asked for the site's URL.
      const host = origin.kind === "handler" && own ? target.ownHost : target.host;
      const base = origin.kind === "url" ? origin.base : `${target.scheme}://${host}`;
      const response = await askOrigin(origin, base + pathAndQuery(target), request, platform);
      // What it answers becomes the site's own.
      const isRenamed = origin.kind === "url" && origin.rewritesLocations;
      return asOfSite(response, request, isRenamed ? base : undefined);
    },
  };
}

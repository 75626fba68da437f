// Creates the HTTP cache of an isolate over a cache core, with the site's routes, origins and
// state.
import { once } from "../base/once.ts";
import { Flights } from "../cache/flights.ts";
import { type Config, configWith } from "../config/config.ts";
import type { TieredCache } from "../compose/create-cache.ts";
import { type OnRequest, RequestLog, type SampledRequest } from "../observe/request-line.ts";
import type { Arrival } from "../platform/arrival.ts";
import { ClientLimit } from "../platform/client-limit.ts";
import { originFetch } from "../platform/fetch-origin.ts";
import { coloOf, type Environment, pseudonymOf } from "../platform/environment.ts";
import type { Background, Platform } from "../platform/platform.ts";
import { HeadTimes, OriginHealth } from "../platform/origin-health.ts";
import { KnownVary, Uncacheable, Invalidations } from "./site/remembered-keys.ts";
import { Marks } from "../base/marks.ts";
import { Loops } from "../routing/loops.ts";
import { compileRoutes } from "../routing/routes.ts";
import { compileUrlReader, type UrlRead } from "../routing/url-reader.ts";
import { Lifts } from "./site/lifts.ts";
import type { HitPort, HitSettings } from "./site/hit-port.ts";
import type { AssemblyPort } from "./site/assembly-port.ts";
import type { SubstitutePort } from "./site/substitute-port.ts";
import type { TurnPort } from "./site/turn-port.ts";
import type { AnswersPort } from "./site/answers-port.ts";
import type { BodyHolder } from "./site/body-holder-port.ts";
import { QueryForms } from "../routing/query-forms.ts";
import type { ContentPort } from "./site/content-port.ts";
import { VariantDemand } from "../cache/variant-demand.ts";
import { leave, mayChange } from "./respond/leave.ts";
import { serve } from "./serve.ts";
import type { Context } from "./site/exchange.ts";
import type { PhaseHost, Site, WithPhases } from "./site/site.ts";
import { RouteNotes, LeftOutTags } from "../observe/operator-notes.ts";
import type { ResponseDetail } from "./stored/stored-response.ts";
import { JoinedPurges } from "../purge/acceptance/invalidation-batches.ts";
import { isBypassed } from "../purge/journal/switch-state.ts";
import { KnownReleases } from "../purge/view/known-releases.ts";
import { Positions } from "../purge/view/positions.ts";

/** The places of the pages that parts fill. */
export interface PageSlots {
  readonly openHits?: ((settings: HitSettings) => HitPort | undefined) | undefined;
  readonly openAnswers?: (() => AnswersPort) | undefined;
  readonly openBodyHolder?: (() => BodyHolder) | undefined;
  readonly openSubstitutes?: (() => SubstitutePort) | undefined;
  readonly turns?: TurnPort | undefined;
  readonly openAssembly?: (() => AssemblyPort) | undefined;
  /** @param nowAtMs epoch milliseconds */
  readonly openContents?: ((nowAtMs: () => number) => ContentPort) | undefined;
}

/** The site's configuration and environment. */
export interface ProxySettings extends PageSlots {
  readonly config: Config;
  readonly environment: Environment;
  readonly platform: Omit<Platform, "cache">;
  /** The Worker's variables and secrets, for rules. */
  readonly env: PhaseHost["env"];
  readonly withPhases?: WithPhases | undefined;
  /** The application's listener. */
  readonly onRequest?: OnRequest | undefined;
}

/**
 * Creates the HTTP cache of a site over a cache core. A route's tiers are ignored if the core does
 * not have them.
 */
export function createProxy(cache: TieredCache<ResponseDetail>, settings: ProxySettings) {
  const site = createSite(cache, settings);
  const { environment, config, platform, onRequest } = settings;
  const { logs } = config;
  const isDescribed = logs.sample > 0 || onRequest !== undefined;
  const requestLog = isDescribed ? new RequestLog({ ...platform, ...logs, onRequest }) : undefined;
  const addressUnlessStated = platform.isServer === true ? null : undefined;
  /** @param request `undefined` for a cron run */
  const contextFor = (
    request: Request | undefined,
    background: Background,
    arrival?: Arrival,
    sampled?: SampledRequest,
  ): Context => ({
    site,
    effects: "all",
    nowAtMs: site.nowAtMs,
    colo: () => coloOf(environment, request),
    afterAnswer: (work) => cache.behind(background)(work),
    caller: background,
    server: arrival?.server,
    address: arrival === undefined ? addressUnlessStated : arrival.address,
    sampled,
  });
  return {
    site,
    contextFor,
    /**
     * Answers from a tier or an origin. Returns a response from memory without a promise.
     *
     * @param read the result of `site.readUrl` for the request
     * @param arrival how the request arrived, on Node
     */
    answer(
      request: Request,
      read: UrlRead,
      background: Background,
      arrival?: Arrival,
    ): Response | Promise<Response> {
      const sampled = requestLog?.drawn(request, read.target.path);
      const context = contextFor(request, background, arrival, sampled);
      const { route } = read;
      const assembly = route.traits.assembles === true ? site.assembly : undefined;
      const answer =
        assembly?.answer(request, read, context, (one, of, part, checks) =>
          serve(one, of, { ...context, checks, sampled: part === "page" ? sampled : undefined }),
        ) ?? serve(request, read, context);
      if (sampled === undefined && !mayChange(route)) return answer;
      const ended = (response: Response) => {
        const sent = leave(response, route, request);
        sampled?.answered(sent);
        return sent;
      };
      return answer instanceof Promise ? answer.then(ended) : ended(answer);
    },
  };
}

function createSite(cache: TieredCache<ResponseDetail>, settings: ProxySettings): Site {
  const { environment, platform } = settings;
  const { tiers, purging, metrics, fillBudget } = cache;
  const releases = purging?.view.releases ?? new KnownReleases();
  const notes = new RouteNotes();
  const { env } = settings;
  const ofRules = { ...platform, releases, notes, metrics, env };
  const phased = settings.withPhases?.(settings.config, ofRules);
  const config = configWith(settings.config, phased ?? {});
  const { siteHosts, bypass, originLimiter: limiter } = environment;
  const { view, nameSecret: secret } = cache;
  const matchRoute = compileRoutes(config);
  return {
    ...cache,
    ...platform,
    endsWithClient: platform.isServer !== true,
    config,
    matchRoute,
    readUrl: compileUrlReader({ ...cache, config, matchRoute, siteHosts }),
    siteHosts,
    bypasses: (route) => (bypass !== false && isBypassed(bypass, route)) || view.bypasses(route),
    positions: purging && new Positions({ ...platform, secret, view: purging.view }),
    originHealth: new OriginHealth(platform.log),
    loops: new Loops({ ...platform, pseudonym: once(() => pseudonymOf(environment)) }),
    clientLimit: limiter && new ClientLimit({ ...platform, limiter }),
    headTimes: new HeadTimes(),
    flights: new Flights(),
    uncacheable: new Uncacheable(),
    answers: settings.openAnswers?.(),
    notes,
    releases,
    knownVary: new KnownVary(),
    queryForms: new QueryForms(platform.nowAtMs),
    typesGot: new Marks(3_600_000),
    substitutes: settings.openSubstitutes?.(),
    turns: settings.turns,
    invalidations: new Invalidations(),
    joinedPurges: purging && new JoinedPurges({ ...platform, ...purging, metrics }),
    hits: settings.openHits?.({ ...cache, ...platform, config, siteHosts }),
    variantDemand: new VariantDemand(config.limits.variants),
    lifts: new Lifts({ budget: fillBudget, bodyBytesMax: tiers.memory.largestBodyBytes }),
    copied: new Marks(60_000),
    assembly: settings.openAssembly?.(),
    bodyHolder: settings.openBodyHolder?.(),
    contents: settings.openContents?.(platform.nowAtMs),
    leftOutTags: new LeftOutTags({ metrics, log: platform.log }),
    runsInCaller(name) {
      const origin = environment.origins.get(name);
      return origin?.kind === "handler" && origin.handle.runsInCaller === true;
    },
    fetchOrigin: originFetch({ origins: environment.origins, platform, metrics, config }),
  };
}

// Creates the state of a site in one isolate: its routes, its origins, and its parts.
import { once } from "../base/once.ts";
import { Flights } from "../cache/flights.ts";
import { type Config, configWith } from "../config/config.ts";
import type { CollectReads } from "../cache/record/record.ts";
import type { TieredCache } from "../compose/create-cache.ts";
import type { OnRequest } from "../observe/request-line.ts";
import { ClientLimit } from "../platform/client-limit.ts";
import { originFetch } from "../platform/fetch-origin.ts";
import { type Environment, pseudonymOf } from "../platform/environment.ts";
import type { Platform } from "../platform/platform.ts";
import { HeadTimes, OriginHealth } from "../platform/origin-health.ts";
import { KnownVary, Uncacheable, Invalidations } from "./site/remembered-keys.ts";
import { Marks } from "../base/marks.ts";
import { Loops } from "../routing/loops.ts";
import { compileRoutes } from "../routing/routes.ts";
import { compileUrlReader } from "../routing/url-reader.ts";
import { Lifts } from "./site/lifts.ts";
import type { HitPort, HitSettings } from "./site/hit-port.ts";
import type { AssemblyPort } from "./site/assembly-port.ts";
import type { FallbackPort } from "./site/fallback-port.ts";
import type { TurnPort } from "./site/turn-port.ts";
import type { AnswersPort } from "./site/answers-port.ts";
import type { BodyHolder } from "./site/body-holder-port.ts";
import type { ContentPort } from "./site/content-port.ts";
import { VariantDemand } from "../cache/variant-demand.ts";
import type { PhaseHost, Site, WithPhases } from "./site/site.ts";
import { RouteNotes, LeftOutTags } from "../observe/operator-notes.ts";
import type { ResponseDetail } from "./stored/stored-response.ts";
import { JoinedPurges } from "../purge/acceptance/invalidation-batches.ts";
import { isBypassed } from "../purge/journal/switch-state.ts";
import { KnownReleases } from "../purge/view/known-releases.ts";
import { Positions } from "../purge/view/positions.ts";

/** The site's configuration and environment. */
export interface ProxySettings {
  readonly config: Config;
  readonly environment: Environment;
  readonly platform: Omit<Platform, "cache">;
  /** The Worker's variables and secrets, for rules. */
  readonly env: PhaseHost["env"];
  readonly withPhases?: WithPhases | undefined;
  readonly data?: { readonly collect: CollectReads } | undefined;
  /** The application's listener. */
  readonly onRequest?: OnRequest | undefined;
  readonly openHits?: ((settings: HitSettings) => HitPort | undefined) | undefined;
  readonly openAnswers?: (() => AnswersPort) | undefined;
  readonly openBodyHolder?: (() => BodyHolder) | undefined;
  readonly openFallbacks?: (() => FallbackPort) | undefined;
  readonly turns?: TurnPort | undefined;
  readonly openAssembly?: (() => AssemblyPort) | undefined;
  /** @param nowAtMs epoch milliseconds */
  readonly openContents?: ((nowAtMs: () => number) => ContentPort) | undefined;
}

/** Creates the state of a site in this isolate. */
export function createSite(cache: TieredCache<ResponseDetail>, settings: ProxySettings): Site {
  const { environment, platform } = settings;
  const { tiers, purging, metrics, fillBudget } = cache;
  const releases = purging?.view.tail.releases ?? new KnownReleases();
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
    typesGot: new Marks(3_600_000),
    fallbacks: settings.openFallbacks?.(),
    turns: settings.turns,
    invalidations: new Invalidations(),
    joinedPurges: purging && new JoinedPurges({ ...platform, ...purging, metrics }),
    collect: settings.data?.collect,
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

// One isolate of the simulated world that answers whole requests: the real `serve()` over the real
// tiers, with an origin and the view of a SimulatedIsolate.
import "../fakes/workers-globals.ts";
import type { CollectReads } from "../../src/cache/record/record.ts";
import { KnownReleases } from "../../src/purge/view/known-releases.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { ByteBudget } from "../../src/cache/byte-budget.ts";
import { Flights } from "../../src/cache/flights.ts";
import { KeyedSemaphore } from "../../src/cache/keyed-semaphore.ts";
import { KnownVary, Invalidations, Uncacheable } from "../../src/pages/site/remembered-keys.ts";
import { Marks } from "../../src/base/marks.ts";
import { RouteNotes, LeftOutTags } from "../../src/observe/operator-notes.ts";
import { Lifts } from "../../src/pages/site/lifts.ts";
import { Loops } from "../../src/routing/loops.ts";
import { HeadTimes, OriginHealth } from "../../src/platform/origin-health.ts";
import { compileRoutes } from "../../src/routing/routes.ts";
import type { Tiers, ResponseDetail } from "../../src/pages/stored/stored-response.ts";
import { serve } from "../../src/pages/serve.ts";
import type { Context } from "../../src/pages/site/exchange.ts";
import type { Site } from "../../src/pages/site/site.ts";
import { VariantDemand } from "../../src/cache/variant-demand.ts";
import { compileUrlReader } from "../../src/routing/url-reader.ts";
import { EdgeTier } from "../../src/stores/cache-api/edge-tier.ts";
import { MemoryTier } from "../../src/stores/memory/memory-tier.ts";
import { SharedTier } from "../../src/stores/redis/shared-tier.ts";
import { TierStack } from "../../src/cache/tiers/tier-stack.ts";
import type { Config } from "../../src/config/config.ts";
import type { SimulatedCache } from "./simulated-cache.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";
import type { SimulatedOrigin } from "./simulated-origin.ts";
import { configOf, type Release } from "./simulated-pages.ts";
import { SiteTrace } from "./traces/site-trace.ts";
import { type WarmedPage, warmPage } from "../../src/parts/operate/warm/warm-page.ts";
import { responseForm } from "../../src/pages/stored/response-form.ts";
import { NameSecret } from "../../src/cache/record/record-key.ts";

const nameSecret = new NameSecret("site", "a text that no client knows");

/** The parts that a test may replace with a fault. All others are the product's own. */
export interface SiteParts {
  readonly tiers: (tiers: Tiers, isolate: SimulatedIsolate) => Tiers;
  readonly site: (site: Site, isolate: SimulatedIsolate) => Site;
}

export const soundSiteParts: SiteParts = { tiers: (tiers) => tiers, site: (site) => site };

const memoryBytes = 1_000_000;

type Compiled = Pick<Site, "matchRoute" | "readUrl">;

const compiled = new WeakMap<Config, Compiled>();

function compiledOf(config: Config): Compiled {
  let known = compiled.get(config);
  if (known === undefined) {
    const matchRoute = compileRoutes(config);
    known = {
      matchRoute,
      readUrl: compileUrlReader({ config, nameSecret, matchRoute, siteHosts: [] }),
    };
    compiled.set(config, known);
  }
  return known;
}

export class SimulatedSite {
  readonly isolate: SimulatedIsolate;
  readonly release: Release;
  /** Failures of background work, and log lines about left-out tags. Expected to be empty. */
  readonly failures: string[] = [];
  readonly #context: Context;
  readonly trace: SiteTrace | undefined;

  constructor(
    isolate: SimulatedIsolate,
    around: {
      cache: SimulatedCache;
      origin: Pick<SimulatedOrigin, "fetch">;
      release?: Release;
      values?: { readonly collect: CollectReads } | false;
    },
    parts: SiteParts,
  ) {
    const { nowAtMs, view, colo } = isolate;
    this.release = around.release ?? "older";
    const config = configOf(isolate.world.settings, this.release);
    const fillBudget = new ByteBudget(memoryBytes);
    const metrics = new Metrics(0);
    this.isolate = isolate;
    const trace = isolate.trace && new SiteTrace(isolate, isolate.trace);
    this.trace = trace;
    const tiers = parts.tiers(tiersOf(isolate, around.cache), isolate);
    const sound: Site = {
      config,
      nameSecret,
      ...compiledOf(config),
      siteHosts: [],
      tiers: trace?.observed(tiers) ?? tiers,
      view,
      positions: undefined,
      bypasses: (route) => view.bypasses(route),
      flights: new Flights(),
      endsWithClient: true,
      originSlots: new KeyedSemaphore(),
      releasedSlots: new KeyedSemaphore(),
      restSlots: new KeyedSemaphore(),
      locks: undefined,
      bodyHolder: undefined,
      assembly: undefined,
      contents: undefined,
      originHealth: new OriginHealth(),
      headTimes: new HeadTimes(),
      loops: new Loops({ pseudonym: () => "tidemark", nowAtMs, log: () => undefined }),
      clientLimit: undefined,
      uncacheable: new Uncacheable(),
      answers: undefined,
      notes: new RouteNotes(),
      releases: new KnownReleases(),
      knownVary: new KnownVary(),
      typesGot: new Marks(3_600_000),
      fallbacks: undefined,
      turns: undefined,
      invalidations: new Invalidations(),
      joinedPurges: undefined,
      collect: around.values ? around.values.collect : undefined,
      hits: undefined,
      variantDemand: new VariantDemand(config.limits.variants),
      fillBudget,
      copied: new Marks(60_000),
      lifts: new Lifts({ budget: fillBudget, bodyBytesMax: memoryBytes }),
      metrics,
      report: () => undefined,
      leftOutTags: new LeftOutTags({
        metrics,
        log: ({ message }) => void this.failures.push(message),
      }),
      runsInCaller: () => false,
      fetchOrigin: (_, request) => around.origin.fetch(request, trace?.forwards(request)),
      nowAtMs,
      random: () => 0.5,
      turn: () => Promise.resolve(),
      log: () => undefined,
    };
    const site = parts.site(sound, isolate);
    this.#context = {
      site,
      effects: "all",
      nowAtMs: site.nowAtMs,
      colo: () => colo,
      afterAnswer: (work) =>
        void work().catch((cause: unknown) => void this.failures.push(String(cause))),
      address: undefined,
      sampled: undefined,
    };
  }

  async serve(request: Request): Promise<Response> {
    return serve(request, this.#context.site.readUrl(request), this.#context);
  }

  /** Warms a page, as when an operator warms a site. */
  async warm(url: string): Promise<WarmedPage> {
    return warmPage({ url, headers: new Headers(), ownHost: new URL(url).host }, this.#context);
  }
}

function tiersOf(isolate: SimulatedIsolate, cache: SimulatedCache): Tiers {
  const onBadRecord = () => undefined;
  return new TierStack<ResponseDetail>(
    new MemoryTier({ bytesMax: memoryBytes, form: responseForm }),
    [
      new EdgeTier({
        form: responseForm,
        cache: () => cache,
        nowAtMs: isolate.nowAtMs,
        onBadRecord,
      }),
      isolate.world.recordObjects?.tierOf(isolate, responseForm) ??
        new SharedTier({
          form: responseForm,
          redis: isolate.redis.client,
          namespace: "site",
          bodyBytesMax: 100_000,
          uploadBytesMax: 64 * 1_048_576,
          onBadRecord,
          nowAtMs: isolate.nowAtMs,
          // Do not send an unchanged body again, whatever its size: two writers may then overlap.
          rewriteFromChars: 0,
        }),
    ],
  );
}

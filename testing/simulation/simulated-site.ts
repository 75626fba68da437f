// One isolate of the simulated world with the whole product on the way of its requests: the real
// `serve()` over the real tiers, an origin, and the purge protocol of a SimulatedIsolate.
import "../fakes/workers-globals.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { ByteBudget } from "../../src/cache/byte-budget.ts";
import { Flights } from "../../src/cache/flights.ts";
import { FewAtOnce } from "../../src/cache/few-at-once.ts";
import { Rangeless } from "../../src/proxy/fetch/whole-first.ts";
import { KnownVary } from "../../src/proxy/request/known-vary.ts";
import { Invalidations } from "../../src/proxy/storing/invalidate.ts";
import { CredentialRefusals } from "../../src/proxy/storing/credential-refusals.ts";
import { LastAnswers } from "../../src/proxy/storing/last-answers.ts";
import { LeftOutTags } from "../../src/proxy/storing/left-out-tags.ts";
import { Lifts } from "../../src/proxy/reuse/lifts.ts";
import { Loops } from "../../src/proxy/request/loops.ts";
import { HeadTimes } from "../../src/proxy/fetch/head-times.ts";
import { OriginHealth } from "../../src/proxy/fetch/origin-health.ts";
import { compileRoutes } from "../../src/proxy/request/routes.ts";
import type { Tiers } from "../../src/proxy/stored/tiers.ts";
import { serve, type ServePorts } from "../../src/proxy/serve.ts";
import type { ReadUrl } from "../../src/proxy/request/url-reader.ts";
import { SharedOdds } from "../../src/proxy/reuse/shared-odds.ts";
import { Uncacheable } from "../../src/proxy/reuse/uncacheable.ts";
import { VariantDemand } from "../../src/proxy/reuse/variant-demand.ts";
import { compileUrlReader } from "../../src/proxy/request/url-reader.ts";
import { EdgeTier } from "../../src/stores/cache-api/edge-tier.ts";
import { MemoryTier } from "../../src/stores/memory/memory-tier.ts";
import { SharedTier } from "../../src/stores/redis/shared-tier.ts";
import { TierStack } from "../../src/cache/tiers/tier-stack.ts";
import type { Config } from "../../src/config/config.ts";
import type { SimulatedCache } from "./simulated-cache.ts";
import type { SimulatedIsolate } from "./simulated-isolate.ts";
import type { SimulatedOrigin } from "./simulated-origin.ts";
import { configOf } from "./simulated-pages.ts";
import { type WarmedPage, warmPage } from "../../src/proxy/warm/warm-page.ts";
import { responseForm } from "../../src/proxy/stored/record-form.ts";
import type { ResponseDetail } from "../../src/proxy/stored/stored-response.ts";

/** What a test may put a faulty part in the place of; the rest is the product's own. */
export interface SiteParts {
  readonly tiers: (tiers: Tiers, isolate: SimulatedIsolate) => Tiers;
  readonly ports: (ports: Ports, isolate: SimulatedIsolate) => Ports;
}

export const soundSiteParts: SiteParts = { tiers: (tiers) => tiers, ports: (ports) => ports };

const memoryBytes = 1_000_000;

type Ports = ServePorts & { readonly readUrl: ReadUrl };

type Compiled = Pick<Ports, "matchRoute" | "readUrl">;

const compiled = new WeakMap<Config, Compiled>();

function compiledOf(config: Config): Compiled {
  let known = compiled.get(config);
  if (known === undefined) {
    const matchRoute = compileRoutes(config);
    known = { matchRoute, readUrl: compileUrlReader({ config, matchRoute, siteHosts: [] }) };
    compiled.set(config, known);
  }
  return known;
}

export class SimulatedSite {
  readonly isolate: SimulatedIsolate;
  /** Of work behind answers; there should be none. */
  readonly failures: string[] = [];
  readonly #ports: Ports;

  constructor(
    isolate: SimulatedIsolate,
    around: { cache: SimulatedCache; origin: SimulatedOrigin },
    parts: SiteParts,
  ) {
    const { nowAtMs, view, colo } = isolate;
    const config = configOf(isolate.world.settings);
    const fillBudget = new ByteBudget(memoryBytes);
    const metrics = new Metrics(0);
    this.isolate = isolate;
    const ports: Ports = {
      config,
      ...compiledOf(config),
      siteHosts: [],
      tiers: parts.tiers(tiersOf(isolate, around.cache), isolate),
      view,
      bypasses: (route) => view.bypasses(route),
      flights: new Flights(),
      fewAtOnce: new FewAtOnce(),
      leases: undefined,
      originHealth: new OriginHealth(),
      headTimes: new HeadTimes(),
      loops: new Loops({ pseudonym: "tidemark", nowAtMs, log: () => undefined }),
      clientLimit: undefined,
      uncacheable: new Uncacheable(),
      lastAnswers: new LastAnswers(),
      credentialRefusals: new CredentialRefusals(),
      knownVary: new KnownVary(),
      rangeless: new Rangeless(),
      invalidations: new Invalidations(),
      joinedPurges: undefined,
      hotKeys: undefined,
      sharedOdds: new SharedOdds(),
      variantDemand: new VariantDemand(config.limits.variants),
      fillBudget,
      lifts: new Lifts({ budget: fillBudget, bodyBytesMax: memoryBytes }),
      metrics,
      report: () => undefined,
      leftOutTags: new LeftOutTags({
        metrics,
        log: ({ message }) => void this.failures.push(message),
      }),
      fetchOrigin: (_, request) => around.origin.fetch(request),
      nowAtMs,
      random: () => 0.5,
      turn: () => Promise.resolve(),
      colo: () => colo,
      afterAnswer: (work) =>
        void work().catch((cause: unknown) => void this.failures.push(String(cause))),
    };
    this.#ports = parts.ports(ports, isolate);
  }

  async serve(request: Request): Promise<Response> {
    return serve(request, this.#ports.readUrl(request), this.#ports);
  }

  /** As an operator has a page warmed. */
  async warm(url: string): Promise<WarmedPage> {
    return warmPage({ url, headers: new Headers(), ownHost: new URL(url).host }, this.#ports);
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
      new SharedTier({
        form: responseForm,
        redis: isolate.redis.client,
        namespace: "site",
        bodyBytesMax: 100_000,
        uploadBytesMax: 64 * 1_048_576,
        onBadRecord,
        nowAtMs: isolate.nowAtMs,
        // However small: it is what two writers may cross at.
        rewriteFromChars: 0,
      }),
    ],
  );
}

// Exports of `tidemark/opennext`: a data cache as the incremental cache, the tag cache and the queue of OpenNext for
// Cloudflare. The files import no package of OpenNext or Next.js.
// See docs/opennext.md.
import { refuseUnknown } from "../base/known-members.ts";
import type { Stores } from "../compose/bind-stores.ts";
import { type Config, configOf } from "../config/config.ts";
import { type Fault, OperatorError } from "../base/operator-error.ts";
import { pause } from "../base/timeouts.ts";
import { isSafe } from "../rules/methods.ts";
import { dataCacheOf } from "../data/create-data-cache.ts";
import { type DataPlatform, neverThrowing, settingsOf } from "../data/data-platform.ts";
import { type DataDuration, msOf } from "../data/value/lifetime-text.ts";
import { platformHere, refuseOldDate } from "../platform/workers.ts";
import { textOf } from "../protocol/variables/bindings.ts";
import { OpenNextRequest, openRequests, type OpenNextStores } from "./opennext-request.ts";

export {
  openNextOverrides,
  type OpenNextMessage,
  type OpenNextOverrides,
  type OpenNextTagWrite,
  purge,
} from "./opennext-overrides.ts";
export type { OpenNextKind } from "./opennext-request.ts";

/** Options of the cache. */
export interface OpenNextOptions extends Pick<DataPlatform, "onEvent" | "nowAtMs" | "log"> {
  /**
   * How long a value may answer after its `revalidate`, or after a soft purge, while it is loaded again. Default:
   * `"1d"`.
   */
  readonly stale?: DataDuration | undefined;
  /** The longest `revalidate`, and that of a page without one. Default: `"30d"`. */
  readonly keep?: DataDuration | undefined;
  /** The stores: `upstash()` of `tidemark/upstash`, or `durableObjects()` of `tidemark/cloudflare`. */
  readonly stores: Stores;
}

/** The Worker that `opennextjs-cloudflare build` generates. */
export interface OpenNextWorker {
  // oxlint-disable-next-line typescript/no-explicit-any -- the bindings of the application
  fetch(request: Request, env: any, context: any): Promise<Response>;
}

/**
 * Wraps the Worker of OpenNext. Its configuration must have the overrides of `openNextOverrides`.
 *
 * @param config from `defineConfig`
 * @throws OperatorError without stores, for an unknown option, and for settings of pages in the configuration
 * @example
 * import openNext from "./.open-next/worker.js";
 * export default withTidemark(openNext, defineConfig({ namespace: "shop" }), { stores: upstash() });
 */
export function withTidemark(
  worker: OpenNextWorker,
  config: Config,
  options: OpenNextOptions,
): OpenNextWorker {
  refuseUnknown(
    options,
    ["stores", "stale", "keep", "onEvent", "nowAtMs", "log"],
    "withTidemark(openNext, config, …)",
  );
  if ((options.stores as Stores | undefined) === undefined) throw noStores();
  refuseOldDate();
  const requests = openRequests();
  const settings = ofDataAlone(configOf(config));
  let stores: OpenNextStores | undefined;
  let colo = "";
  return {
    ...worker,
    async fetch(request, env, context) {
      colo = request.cf?.colo ?? colo;
      stores ??= storesOf(settings, options, {
        env: { ...env },
        seenHost: new URL(request.url).host,
        colo: () => colo,
        waitUntil: (work) => requests.getStore()?.waitUntil(work),
      });
      const own = new OpenNextRequest(stores, {
        env: { ...env },
        waitUntil: (work) => context.waitUntil(work),
      });
      return requests.run(own, async () => {
        await own.begin();
        const response = await worker.fetch(request, env, context);
        if (isSafe(request)) return response;
        // Next.js may begin purges in the turn in which it answers.
        await pause(0);
        if (await own.arePurged()) return response;
        await response.body?.cancel();
        return new Response(notPurged, { status: 503 });
      });
    },
  };
}

function noStores(): OperatorError {
  return new OperatorError({
    what: "withTidemark has no stores, so nothing would be stored, and no purge accepted.",
    why: "Its options have no `stores`.",
    hint: "Pass { stores: durableObjects() } of tidemark/cloudflare, or { stores: upstash() } of tidemark/upstash.",
  });
}

const notPurged = "The purge was not accepted: older pages may still answer. Try again.\n";

/** @throws OperatorError if the configuration has settings for pages that a site's own Worker serves */
function ofDataAlone(config: Config): Config {
  const { routes, parts, reportsMetrics } = config;
  const set = {
    routes: routes.length > 0,
    parts: parts.length > 0,
    metrics: !reportsMetrics,
  };
  const names = Object.entries(set).flatMap(([name, isSet]) => (isSet ? [name] : []));
  if (names.length === 0) return config;
  throw new OperatorError({
    what: "withTidemark cannot use this configuration.",
    why: `It reads only namespace, limits and purge, but these are also set: ${names.join(", ")}.`,
    hint: "Remove them, or pass defineConfig({ namespace }) with the same namespace.",
  });
}

/** @throws OperatorError if the Worker names its stores in code, and no purge could be accepted */
function storesOf(
  config: Config,
  { stale = "1d", keep = "30d", ...options }: OpenNextOptions,
  given: {
    readonly env: Readonly<Record<string, unknown>>;
    readonly seenHost: string;
    readonly colo: () => string;
    readonly waitUntil: (work: Promise<unknown>) => void;
  },
): OpenNextStores {
  const { env, seenHost, colo, waitUntil } = given;
  const hasHost = textOf(env, "SITE_HOST") !== undefined;
  const log = neverThrowing(options.log ?? platformHere().log);
  const settings = settingsOf(config, {
    ...options,
    log,
    env,
    waitUntil,
    colo: () => textOf(env, "COLO") ?? colo(),
    ...(!hasHost && { host: seenHost }),
  });
  const { journal, records } = options.stores;
  const isInCode = journal !== undefined || records !== undefined;
  // Each store that is off has a fault.
  if (isInCode && !settings.hasJournal) throw new OperatorError(settings.faults[0] as Fault);
  const data = dataCacheOf(settings);
  return {
    data,
    values: data.namespace("opennext", {
      fresh: keep,
      stale,
      // A lookup goes on past a stale value, because another colo may have stored a newer one.
      softTimeoutMs: 1,
    }),
    revalidations: data.namespace("opennext-revalidations", {
      fresh: "5s",
      tiers: ["memory", "shared"],
      collapse: "global",
      hardTimeoutMs: 30_000,
      waitTimeoutMs: 30_000,
    }),
    log,
    staleMs: msOf(stale),
    keepMs: msOf(keep),
  };
}

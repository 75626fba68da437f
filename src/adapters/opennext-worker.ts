// Wraps the Worker of OpenNext, so that its requests use one data cache, and each has the start of its loads.
import type { TierInCode } from "../cache/tiers/tier-in-code.ts";
import { type Config, configOf } from "../config/config.ts";
import { bindStores } from "../bind-stores.ts";
import { type Fault, faultText, isFault, OperatorError } from "../base/operator-error.ts";
import { pause } from "../base/timeouts.ts";
import { isSafe } from "../rules/methods.ts";
import { createDataCache } from "../data/create-data-cache.ts";
import { type DataPlatform, neverThrowing } from "../data/data-platform.ts";
import { type DataDuration, msOf } from "../data/value/lifetime-text.ts";
import type { Log } from "../observe/log-line.ts";
import { platformHere } from "../platform/workers.ts";
import { textOf } from "../protocol/variables/bindings.ts";
import { databasesOf } from "../protocol/variables/database.ts";
import type { JournalInCode } from "../purge/journal-in-code.ts";
import { OpenNextRequest, openRequests, type OpenNextStores } from "./opennext-request.ts";

/** Options of the cache. */
export interface OpenNextOptions extends Pick<DataPlatform, "onEvent" | "nowAtMs" | "log"> {
  /** How long a value may answer after it has expired or was purged softly. Default: `"1d"`. */
  readonly stale?: DataDuration | undefined;
  /** The longest time for which a value is stored. Default: `"30d"`. */
  readonly keep?: DataDuration | undefined;
  /** The journal in place of Redis: `durableObjectJournal()` of `tidemark/cloudflare`. */
  readonly journal?: JournalInCode | undefined;
  /**
   * The shared tier in place of Redis: `[durableObjectRecords()]` of `tidemark/cloudflare`. It needs a
   * `journal`, and has no effect beside Redis.
   */
  readonly tiers?: readonly TierInCode[] | undefined;
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
 * @example
 * import openNext from "./.open-next/worker.js";
 * export default withTidemark(openNext, defineConfig({ namespace: "shop" }));
 */
export function withTidemark(
  worker: OpenNextWorker,
  config: Config,
  options: OpenNextOptions = {},
): OpenNextWorker {
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

const notPurged = "The purge was not accepted: older pages may still answer. Try again.\n";

/** @throws OperatorError if the configuration has settings for pages that a site's own Worker serves */
function ofDataAlone(config: Config): Config {
  const { routes, hooks, outward, varnish, dashboard, probe, hotKeys, metrics } = config;
  const { isOn, prefixes, hitRateMin } = metrics;
  const set = {
    routes: routes.length > 0,
    hooks: hooks.size > 0,
    outward: outward.size > 0,
    varnish: varnish !== undefined,
    dashboard: dashboard !== undefined,
    probe: probe !== undefined,
    hotKeys: hotKeys > 0,
    metrics: !isOn || prefixes.length > 0 || hitRateMin !== undefined,
  };
  const names = Object.entries(set).flatMap(([name, isSet]) => (isSet ? [name] : []));
  if (names.length === 0) return config;
  throw new OperatorError({
    what: "withTidemark cannot use this configuration.",
    why: `It reads only namespace, limits and purge, but these are also set: ${names.join(", ")}.`,
    hint: "Remove them, or pass defineConfig({ namespace }) with the same namespace.",
  });
}

function storesOf(
  config: Config,
  { stale = "1d", keep = "30d", journal, tiers = [], ...options }: OpenNextOptions,
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
  const data = createDataCache(config, {
    ...options,
    ...((journal !== undefined || tiers.length > 0) && inCode(env, { journal, tiers }, log)),
    log,
    env,
    waitUntil,
    colo: () => textOf(env, "COLO") ?? colo(),
    ...(!hasHost && { host: seenHost }),
  });
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

/** Binds the stores that the Worker passes in code. */
function inCode(
  env: Readonly<Record<string, unknown>>,
  stores: Pick<OpenNextOptions, "journal"> & { readonly tiers: readonly TierInCode[] },
  log: Log,
): Pick<DataPlatform, "database" | "journal" | "tiers"> {
  const own: Fault[] = [];
  const { redis, journal } = databasesOf(env, own);
  if (isFault(redis)) own.push(redis);
  const bound = bindStores({ redis, journal, faults: own }, stores, env);
  const { redis: database, faults } = bound.environment;
  if (isFault(database) || (database ?? bound.journal) === undefined) {
    // Each store that is off has a fault.
    throw new OperatorError(faults[0] as Fault);
  }
  for (const fault of faults) log({ event: "fault", level: "warn", message: faultText(fault) });
  return { database, journal: bound.journal, tiers: bound.makers.dataTiers };
}

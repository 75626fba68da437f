// The application. Hono serves the operator's routes below `operatorPath`, and the HTTP cache
// serves all other requests.
import { Hono } from "hono/tiny";
import { debugField, withoutDebugField } from "./protocol/debug-fields.ts";
import { bindStores, storeNames } from "./compose/bind-stores.ts";
import type { PartHost } from "./admin/part-contents.ts";
import { OperatorAuth } from "./admin/auth.ts";
import { openParts, partsOf } from "./part/open-parts.ts";
import { adminRoutes } from "./admin/admin-routes.ts";
import { type Config, configOf } from "./config/config.ts";
import { responseForm, responseFormOnNode } from "./pages/stored/response-form.ts";
import type { ResponseDetail } from "./pages/stored/stored-response.ts";
import { type CacheFactories, createCache, type TieredCache } from "./compose/create-cache.ts";
import { createProxy } from "./pages/create-proxy.ts";
import type { DataBesidePages, Pages } from "./compose/data-beside-pages.ts";
import { describedError } from "./base/error-name.ts";
import { refuseUnknown } from "./base/known-members.ts";
import { isTrace } from "./rules/methods.ts";
import { once } from "./base/once.ts";
import { BoundedLog, type Log } from "./observe/log-line.ts";
import type { OnRequest } from "./observe/request-line.ts";
import { type Fault, faultText, isFault, OperatorError } from "./base/operator-error.ts";
import {
  arrivalReader,
  keptUntyped,
  type ReadArrival,
  requestAt,
  type ServerRequest,
  withJoinedCookies,
} from "./platform/arrival.ts";
import type { Env } from "./protocol/variables/bindings.ts";
import { coloOf, readEnvironment } from "./platform/environment.ts";
import type { OriginHandlers, OriginTarget } from "./platform/origins.ts";
import type { Background, HostPlatform, Platform } from "./platform/platform.ts";
import type { Stores } from "./compose/bind-stores.ts";
import { configWarnings } from "./admin/config-warnings.ts";
import { version } from "./version.ts";
import { plainPage } from "./pages/respond/plain-page.ts";

export type { Platform } from "./platform/platform.ts";

/** The execution context that the runtime passes to a handler with a request. */
export type ExecutionContext = Parameters<Hono["fetch"]>[2] & object;

/** An application. One instance per isolate. */
export interface Application {
  /** The cache core. The data cache of `InCode.data` may share it. */
  readonly cache: TieredCache<ResponseDetail>;
  /**
   * Answers a request. Never throws or rejects.
   *
   * @param server a Node server's information about the connection; ignored on Workers
   */
  readonly fetch: (
    request: Request,
    bindings: Env,
    background: ExecutionContext,
    server?: ServerRequest,
  ) => Response | Promise<Response>;
  /** Runs the cron trigger once. Never rejects. */
  readonly scheduled: (background: Background) => Promise<void>;
}

/** The code that neither bindings nor a configuration provide. */
export interface InCode {
  readonly origins?: OriginHandlers | undefined;
  readonly data?: DataBesidePages | undefined;
  readonly stores?: Stores | undefined;
  /** Receives each request that the cache answered, except the operator's. */
  readonly onRequest?: OnRequest | undefined;
  /** For tests and benchmarks; may change in any release. */
  readonly factories?: CacheFactories | undefined;
}

/**
 * Creates the application of an isolate.
 *
 * @param configured a configuration from `defineConfig`; a plain object is validated here
 * @param inCode.origins origins that are functions, by name; they take precedence over all others
 * @param inCode.data a data cache that shares the core
 * @param inCode.stores the stores; by default, only memory and the Cache API
 * @throws OperatorError for an invalid configuration, and for bindings that would cause wrong
 *   answers
 */
export function createApp(
  configured: Config,
  env: Env,
  host: HostPlatform,
  inCode: InCode = {},
): Application {
  const { data, stores = {}, factories } = inCode;
  const written = configOf(configured);
  refuseUnknownMembers(inCode);
  const { slots, open } = partsOf(written);
  const read = readEnvironment(env, written, inCode.origins, stores);
  const { environment, makers, journal } = bindStores(read, stores, env, data !== undefined);
  const log = new BoundedLog({ write: host.log, nowAtMs: host.nowAtMs, version });
  const platform = { ...host, log: log.write, fetch: fetchOf(host, stores, environment.origins) };
  log.colo = environment.colo;
  const { namespace, siteHosts } = environment;
  const config = { ...written, namespace };
  const tell = (fault: Fault) =>
    log.write({ event: "fault", level: "warn", message: faultText(fault) });
  const arrivalOf = arrivalReader({ ...host, ...config, tell });
  const database = isFault(environment.redis) ? undefined : environment.redis;
  const { redis } = stores;
  const own = { ...platform, database, redis, journal, ...makers, ...slots, factories };
  const form = host.isServer === true ? responseFormOnNode : responseForm;
  const cache = createCache(config, own, form, { memoryShares: data ? 2 : 1, ...makers });
  let seenHost: string | undefined;
  const purges = () => settings.purges;
  const pages = { core: cache, siteHost: siteHosts[0], seenHost: () => seenHost, purges };
  if (data !== undefined) putBeside(pages, data, log.write);
  const proxy = createProxy(cache, { ...inCode, ...slots, config, environment, platform, env });
  const failed = failure(log.write);
  /** Answers a failed request. Counts the request here, because no `Decision` counts it. */
  const faulted = (cause: unknown) => {
    cache.metrics.add("requests", ["", "failed", "none"]);
    return failed(cause);
  };
  let [hasStarted, hasAnswered] = [false, false];
  /**
   * Runs at the first request, which determines the colo and the host. Also runs at a cron run
   * before the first request. A cron run determines no host.
   */
  const start = (request: Request | undefined, background: Background) => {
    hasAnswered = request !== undefined;
    seenHost = request && URL.parse(request.url)?.host;
    const colo = coloOf(environment, request);
    cache.metrics.colo = colo;
    log.colo ??= colo || undefined;
    if (!hasStarted) cache.behind(background)(() => logStart(config, cache, settings.faults, own));
    hasStarted = true;
  };
  const auth = new OperatorAuth({ ...config, ...platform, ...environment, ...cache });
  const isolate = { ...proxy, environment, cache, data, auth, env, platform };
  const settings = openParts(open, isolate);
  settings.faults.forEach(tell);
  const routes = () => adminRoutes(settings);
  const advise = () => adviceOn(config, siteHosts, cache).forEach(tell);
  const operators = once(() => operatorsOf(config, { routes, failed, advise }));
  const answerTo = answerer({ proxy, operators, settings, arrivalOf });
  const fetch: Application["fetch"] = (request, bindings, background, server) => {
    try {
      if (!hasAnswered) start(request, background);
      const answered = answerTo(request, bindings, background, server);
      const sent = (answer: Response) =>
        host.isServer === true ? keptUntyped(answer, server) : answer;
      return answered instanceof Promise ? answered.then(sent).catch(faulted) : sent(answered);
    } catch (cause) {
      return faulted(cause);
    }
  };
  const scheduled: Application["scheduled"] = async (background) => {
    if (!hasStarted) start(undefined, background);
    await Promise.all(cronRuns(settings, background));
  };
  return { cache, fetch, scheduled };
}

/** @throws OperatorError on Node for an origin with a URL, without stores of `tidemark/node` */
function fetchOf(
  host: HostPlatform,
  stores: Stores,
  origins: ReadonlyMap<string, OriginTarget>,
): Platform["fetch"] {
  const found = host.fetch ?? stores.fetch;
  const named = [...origins].find(([, { kind }]) => kind === "url");
  if (found !== undefined || named === undefined) return found ?? fetch;
  throw new OperatorError({
    what: `The origin ${JSON.stringify(named[0])} cannot be reached by its URL.`,
    why: "On Node, the client of origins comes with the stores of tidemark/node.",
    hint: "Pass redis(…) or inProcess() of tidemark/node as the stores.",
  });
}

const advisedRoutesMax = 100;

/**
 * Returns the advice for the operator's first request: at the start, it would delay the first answer. For
 * more routes, only health has it.
 */
function adviceOn(...[config, siteHosts, stores]: Parameters<typeof configWarnings>) {
  const isBrief = config.routes.length <= advisedRoutesMax;
  return isBrief ? configWarnings(config, siteHosts, stores) : [];
}

/** Returns a function that logs the cause of a failed request, and returns the answer. */
function failure(log: Log): (cause: unknown) => Response {
  return (cause) => {
    const message = `A request failed with ${describedError(cause)}`;
    log({ event: "request-failed", level: "error", message });
    return plainPage("fault");
  };
}

const members = [
  "origins",
  "data",
  "stores",
  "build",
  "onRequest",
  "factories",
] as const satisfies readonly (keyof InCode | "build")[];

/** @throws OperatorError for an unknown member, such as a part, which belongs in the configuration */
export function refuseUnknownMembers(inCode: Omit<InCode, "data">): void {
  refuseUnknown(inCode, members, "createWorker(config, …)");
  refuseUnknown(inCode.stores ?? {}, storeNames, "`stores`");
}

function cronRuns({ cache, data, parts }: PartHost, background: Background) {
  return [cache, data, ...parts].map((part) => cache.run(async () => part?.runCron?.(background)));
}

interface AppParts {
  readonly proxy: ReturnType<typeof createProxy>;
  readonly operators: () => Hono;
  readonly settings: PartHost;
  readonly arrivalOf: ReadArrival | undefined;
}

function answerer({ proxy, operators, settings, arrivalOf }: AppParts): Application["fetch"] {
  const ofMethods = settings.parts.find((part) => part.ofMethods)?.ofMethods;
  const answerDebugged = settings.parts.find((part) => part.answerDebugged)?.answerDebugged;
  return (received, bindings, background, server) => {
    const arrival = arrivalOf?.(received, server);
    if (arrival?.hasTwoHosts === true) return plainPage("ambiguous");
    // No runtime can construct a TRACE request (https://fetch.spec.whatwg.org/#forbidden-method), which
    // cookies, the operator's routes and debug requests would do.
    const isConstructible = !isTrace(received);
    const request =
      isConstructible && arrival === undefined ? withJoinedCookies(received) : received;
    const read = proxy.site.readUrl(arrival ?? request, request);
    if (!isConstructible) {
      return read.isReserved
        ? plainPage("not-found")
        : proxy.answer(request, read, background, arrival);
    }
    // Only the operator's routes need a Hono context. All other requests avoid its cost.
    if (read.isReserved)
      return operators().fetch(requestAt(arrival, request), bindings, background);
    if (ofMethods?.methods.has(request.method) === true) {
      return ofMethods.answer(requestAt(arrival, request), background, arrival?.address);
    }
    const token = request.headers.get(debugField);
    if (token === null) return proxy.answer(request, read, background, arrival);
    const plain = withoutDebugField(requestAt(arrival, request));
    const answer = () => proxy.answer(plain, read, background, arrival);
    return answerDebugged?.({ plain, token, read }, background, answer) ?? answer();
  };
}

function operatorsOf(
  { operatorPath }: Config,
  given: {
    readonly routes: () => Hono;
    readonly failed: (cause: unknown) => Response;
    readonly advise: () => void;
  },
): Hono {
  given.advise();
  const operators = new Hono();
  operators.route(operatorPath, given.routes());
  operators.notFound(() => plainPage("not-found"));
  operators.onError(given.failed);
  return operators;
}

/**
 * Makes the data cache use the pages' core, and logs the fault if there is one. In both cases, the
 * data cache's counts are reported with the pages' counts.
 */
function putBeside(pages: Pages, data: DataBesidePages, log: Log): void {
  const fault = data.join(pages);
  if (fault !== undefined) log({ event: "fault", level: "warn", message: faultText(fault) });
  pages.core.metrics.include(data.taken);
}

/** Logs the isolate's setup, a turn later, because an isolate's first line takes milliseconds. */
async function logStart(
  { routes, purge }: Config,
  { tiers, purging }: TieredCache<ResponseDetail>,
  { length: faults }: readonly Fault[],
  { turn, log }: Platform,
): Promise<void> {
  await turn();
  const there = tiers.all.map(({ name }) => name).join(" ");
  const message = `An isolate has started. Routes: ${routes.length}; tiers: ${there}; faults: ${faults}.`;
  // The smallest N of all routes; `null` without a journal.
  const purgeMaxLagSeconds = purging === undefined ? null : purge.renewalLagMs / 1_000;
  const fields = { routes: routes.length, tiers: there, purgeMaxLagSeconds, faults };
  log({ event: "started", level: "info", message, ...fields });
}

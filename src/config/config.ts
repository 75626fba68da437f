// The configuration: checks the operator's object and fills in the defaults.
import * as v from "valibot";
import { isPlain, pathOf } from "../base/schemas.ts";
import type { Patterns } from "../part/port/path-parameters.ts";
import { configInput, defaultAllowanceSeconds } from "./schema.ts";
import { analyticsCookies, lowerCased, namesFrom, trackingParameters } from "./known-names.ts";
import { trustOf } from "./trust-proxy.ts";
import type { WrittenConfig, WrittenOrigin } from "./written.ts";
import { originTimeoutMs, resolvedRoute, type Route, routeOfBuild } from "./route.ts";
import { OperatorError } from "../base/operator-error.ts";
import { isReleaseId, releaseIdForm } from "../base/release-id.ts";
import { configuredName } from "../rules/query-string.ts";

export type { Route } from "./route.ts";
export { type TierName, tierNames } from "./tier-names.ts";
export { analyticsCookies, consentCookies, trackingParameters } from "./known-names.ts";

const mebibyte = 1_048_576;

/** A site's configuration with every field filled in. */
export type Config = ReturnType<typeof filledIn>;

/**
 * Checks a configuration and fills in the defaults.
 *
 * @throws OperatorError that names each wrong route and field, the reason and the fix
 *
 * @example
 * export default defineConfig({
 *   routes: [{ name: "articles", match: "/articles/:slug", fresh: "5m" }],
 * });
 */
export function defineConfig<const Matches extends readonly Patterns[] = readonly Patterns[]>(
  written: WrittenConfig<Matches>,
): Config {
  if (!isPlain(written)) throw formRefusal(written);
  const checked = v.safeParse(configInput, written);
  if (!checked.success) throw refusal(written, checked.issues);
  const config = filledIn(checked.output as WrittenConfig);
  defined.add(config);
  return config;
}

function filledIn({ limits = {}, routes = [], ...general }: WrittenConfig) {
  const { purge = {} } = general;
  const checked = routes.flatMap(({ use = [] }) =>
    use.flatMap(({ traits }) => traits.checked ?? []),
  );
  const anywhere: Route = resolvedRoute({ name: "", match: "*" }, { ...general, checked });
  const inherited = { ...general, checked, credentials: anywhere.credentials };
  const resolvedRoutes: readonly Route[] = routes.map((route) => resolvedRoute(route, inherited));
  const strip = general.key?.query?.strip;
  const lagsMs = [anywhere, ...resolvedRoutes].map(({ purgeMaxLagMs }) => purgeMaxLagMs);
  const origins: ReadonlyMap<string, WrittenOrigin> = new Map(
    Object.entries(general.origins ?? {}),
  );
  return {
    namespace: general.namespace ?? "tidemark",
    /** Path of the operator's routes: a slash and one name. */
    operatorPath: general.operatorPath ?? "/_cache",
    /** Host that serves only the dashboard; `undefined`: each host serves it. */
    operatorHost: general.operatorHost,
    origins,
    /** Timeouts for an origin's first byte, and between bytes of a body that is stored. */
    originTimeout: originTimeoutMs(general.originTimeout),
    stripQuery: namesFrom(trackingParameters, strip).map(configuredName),
    harmlessCookies: namesFrom(analyticsCookies, general.cookies?.harmless),
    /** Response fields that contain tags, in addition to Cache-Tag and Surrogate-Key. */
    tagFields: [
      ...new Set([
        ...lowerCased(general.tagFields ?? []),
        ...(general.parts ?? []).flatMap((part) => part.tagFields ?? []),
      ]),
    ],
    /** Whether answers keep the fields for shared caches, for a cache in front of Tidemark. */
    cacheInFront: general.cacheInFront ?? false,
    /**
     * On Node: decides which proxies to trust for the client's address, the scheme and the host;
     * `undefined` for none.
     */
    trustsPeer: trustOf(general.trustProxy),
    logs: {
      /** Share of requests that get a log line; 0: none. */
      sample: general.logs?.sample ?? 0,
      paths: general.logs?.paths ?? false,
    },
    limits: {
      /** Largest body held whole while it is stored. Larger bodies are streamed to the edge tier. */
      bufferBytes: limits.bufferBytes ?? Math.max(4 * mebibyte, limits.sharedBodyBytes ?? 0),
      sharedBodyBytes: limits.sharedBodyBytes ?? mebibyte,
      memoryBytes: limits.memoryBytes ?? 32 * mebibyte,
      /** The size of a database that does not report its limit; `undefined` if unknown. */
      databaseBytes: limits.databaseBytes,
      /** The size of each Durable Object of records. */
      objectBytes: limits.objectBytes ?? 512 * mebibyte,
      /** Maximum variants stored for one resource. */
      variants: limits.variants ?? 100,
    },
    purge: {
      /**
       * The smallest N of all routes and of the default. The view is renewed often enough for it.
       */
      renewalLagMs: Math.min(...lagsMs),
      /** The largest N. A purge takes effect everywhere within this time after its 200. */
      visibleWithinSeconds: Math.max(...lagsMs) / 1_000,
      /** A: allowance for clock errors within a colo and for replica lag. */
      allowanceMs: (purge.clockAllowanceSeconds ?? defaultAllowanceSeconds) * 1_000,
    },
    /** Whether isolates report metrics, which costs calls of the store. */
    reportsMetrics: general.metrics !== "off",
    /** The parts of the site, apart from those of its routes. */
    parts: general.parts ?? [],
    routes: resolvedRoutes,
    /** The rules for requests that no route matches. */
    anywhere,
  } as const;
}

/** Objects returned by `defineConfig` in this isolate. */
const defined = new WeakSet<object>();

/**
 * Returns a module's exported configuration. A plain object, such as one from JSON, is checked like
 * the argument of `defineConfig`.
 *
 * @throws OperatorError like `defineConfig`, and if there is no configuration
 */
export function configOf(exported: unknown): Config {
  return configWithin(exported, []);
}

/** @param around the enclosing objects, to detect an object that contains itself */
function configWithin(exported: unknown, around: readonly unknown[]): Config {
  if (isPlain(exported) && !around.includes(exported)) {
    if (defined.has(exported)) return exported as unknown as Config;
    const { default: nested, __esModule, ...others } = exported;
    // CommonJS interop nests the default export one level deeper.
    if (nested !== undefined && Object.keys(others).length === 0) {
      return configWithin(nested, [...around, exported]);
    }
  }
  return defineConfig(exported as WrittenConfig);
}

/**
 * Returns the configuration of a process or Worker that runs this build of its application.
 *
 * @param build the build's name; `undefined` if it is unknown
 * @throws OperatorError if the text cannot name a build
 */
export function configOfBuild(config: Config, build: string | undefined): Config {
  if (build === undefined) return config;
  if (!isReleaseId(build)) throw noBuild(build);
  const anywhere = routeOfBuild(config.anywhere, build);
  const routes = config.routes.map((route) => routeOfBuild(route, build));
  return configWith(config, { anywhere, routes });
}

/** Returns a configuration in which some fields are replaced. */
export function configWith(config: Config, changes: Partial<Config>): Config {
  const own = { ...config, ...changes };
  defined.add(own);
  return own;
}

function noBuild(build: unknown): OperatorError {
  return new OperatorError({
    what: "The site does not start.",
    why: `Its build is ${JSON.stringify(build)?.slice(0, 200)}, which is not ${releaseIdForm}.`,
    hint: "Pass a name such as a commit as build.",
  });
}

/**
 * Returns the error for a value that is not a plain object. A promise or a `Map` would otherwise
 * pass as an empty configuration.
 */
function formRefusal(written: unknown): OperatorError {
  return new OperatorError({
    what: "The configuration is invalid.",
    why:
      written === undefined
        ? "The configuration is undefined. Perhaps its module has no default export."
        : `at the top: must be an object, but is ${formOf(written)}.`,
    hint: "Write `export default defineConfig({ … })`.",
  });
}

function formOf(written: unknown): string {
  if (written === null) return "null";
  if (typeof written !== "object") return `a ${typeof written}`;
  const { name = "" } = written.constructor as { name?: string };
  return `an instance of ${JSON.stringify(name)}`;
}

function refusal(written: WrittenConfig, issues: readonly v.BaseIssue<unknown>[]): OperatorError {
  return new OperatorError({
    what: "The configuration is invalid.",
    why: issues.map((issue) => `${placeOf(written, pathOf(issue))}: ${issue.message}.`).join(" "),
    hint: "Fix it in your configuration, such as tidemark.config.ts.",
  });
}

/** Returns `route "articles", fresh` instead of `routes.3.fresh`. */
function placeOf(written: WrittenConfig, path: readonly unknown[]): string {
  const names = path.map(String);
  if (names[0] !== "routes" || names[1] === undefined) return names.join(".") || "at the top";
  const name: unknown = written.routes?.[Number(names[1])]?.name;
  const route = typeof name === "string" ? `route "${name}"` : `route ${Number(names[1]) + 1}`;
  return [route, names.slice(2).join(".")].filter((part) => part !== "").join(", ");
}

// The configuration an operator writes, and what it comes to once it has been checked.
import * as z from "zod/mini";
import { allowanceSecondsOf, configInput } from "./schema.ts";
import { durationSeconds } from "./duration.ts";
import { analyticsCookies, namesFrom, trackingParameters } from "./known-names.ts";
import { resolvedMetrics } from "./metrics.ts";
import { trustOf } from "./trust-proxy.ts";
import type { WrittenConfig, WrittenMetrics, WrittenOrigin } from "./written.ts";
import { lowerCased, resolvedRoute, type Route } from "./route.ts";
import { OperatorError } from "../base/operator-error.ts";

export type { Route } from "./route.ts";
export { type TierName, tierNames } from "./tier-names.ts";
export { analyticsCookies, consentCookies, trackingParameters } from "./known-names.ts";

const mebibyte = 1_048_576;

/** What a site asks for, every field filled in. */
export type Config = ReturnType<typeof filledIn>;

/**
 * Checks a configuration and fills in what it leaves out.
 *
 * @throws OperatorError naming each route and field that is wrong, why, and what would be right
 *
 * @example
 * export default defineConfig({
 *   routes: [{ name: "articles", match: "/articles/:slug", fresh: "5m", browser: "60s" }],
 * });
 */
export function defineConfig(written: WrittenConfig): Config {
  if (!isPlain(written)) throw formRefusal(written);
  const checked = z.safeParse(configInput, written);
  if (!checked.success) throw refusal(written, checked.error.issues);
  const config = filledIn(checked.data as CheckedConfig);
  defined.add(config);
  return config;
}

/** What the schema gives, declared by interfaces so that the published types do not read those of zod. */
interface CheckedConfig extends Omit<WrittenConfig, "metrics"> {
  /** `null`: off. */
  readonly metrics?: WrittenMetrics | null | undefined;
}

function filledIn({ limits = {}, routes = [], ...general }: CheckedConfig) {
  const { purge = {}, originTimeout: waits = {} } = general;
  const anywhere: Route = resolvedRoute({ name: "", match: "*" }, general);
  const resolvedRoutes: readonly Route[] = routes.map((route) => resolvedRoute(route, general));
  const lagsMs = [anywhere, ...resolvedRoutes].map(({ purgeMaxLagMs }) => purgeMaxLagMs);
  const origins: ReadonlyMap<string, WrittenOrigin> = new Map(
    Object.entries(general.origins ?? {}),
  );
  return {
    namespace: general.namespace ?? "tidemark",
    /** Where the operator's routes are: a slash and one name. */
    operatorPath: general.operatorPath ?? "/_cache",
    origins,
    /** Where an answer names its origin's own host, clients get the site's; an origin may differ. */
    rewriteLocations: general.rewriteLocations ?? true,
    /** How long to wait for an origin's first byte, and for the next of a body that is stored. */
    originTimeout: {
      firstByteMs: waitMs(typeof waits === "string" ? waits : waits.firstByte),
      betweenBytesMs: waitMs(typeof waits === "string" ? undefined : waits.betweenBytes),
    },
    stripQuery: namesFrom(trackingParameters, general.key?.query?.strip),
    harmlessCookies: namesFrom(analyticsCookies, general.cookies?.harmless),
    /** Response fields that hold tags, besides the usual ones. */
    tagFields: lowerCased(general.tagFields ?? []),
    /** A cache of the operator's stands between us and the clients: it gets the fields meant for it. */
    cacheInFront: general.cacheInFront ?? false,
    /** On a server of Node: which proxies are believed on who sent a request; `undefined`: none. */
    trustsPeer: trustOf(general.trustProxy),
    /** How many of the hottest keys are refreshed before they expire; 0: off. */
    hotKeys: general.hotKeys ?? 0,
    logs: {
      /** Which share of the requests has a line in the log; 0: none. */
      sample: general.logs?.sample ?? 0,
      paths: general.logs?.paths ?? false,
    },
    limits: {
      /** What is held whole while it is stored; a larger body is streamed to the edge tier. */
      bufferBytes: limits.bufferBytes ?? 4 * mebibyte,
      sharedBodyBytes: limits.sharedBodyBytes ?? mebibyte,
      memoryBytes: limits.memoryBytes ?? 32 * mebibyte,
      /** Of a database that tells no bound; `undefined` where nobody knows it. */
      databaseBytes: limits.databaseBytes,
      /** How many variants of one resource are stored. */
      variants: limits.variants ?? 100,
    },
    purge: {
      /** The smallest N of all routes, by which the view is renewed. */
      renewalLagMs: Math.min(...lagsMs),
      /** The largest: how long after its 200 a purge is seen everywhere. */
      visibleWithinSeconds: Math.max(...lagsMs) / 1_000,
      /** A: for clock error within a colo, and for the lag of a replica. */
      allowanceMs: allowanceSecondsOf(purge) * 1_000,
    },
    /** What isolates report of their counts. */
    metrics: resolvedMetrics(general.metrics),
    /** Who sends webhooks, by the names of their routes. */
    hooks: new Map(Object.entries(general.hooks ?? {})),
    routes: resolvedRoutes,
    /** The rules that hold where no route matches. */
    anywhere,
  } as const;
}

/** What `defineConfig` has returned, as far as this isolate goes. */
const defined = new WeakSet<object>();

/**
 * A configuration as its module exports it. An object that was written without `defineConfig`, in
 * JSON for instance, is checked as if it stood between its parentheses.
 *
 * @throws OperatorError as `defineConfig` does, and for what is no configuration at all
 */
export function configOf(exported: unknown): Config {
  return configWithin(exported, []);
}

/** @param around those it is the default of; one that is its own is no configuration */
function configWithin(exported: unknown, around: readonly unknown[]): Config {
  if (isPlain(exported) && !around.includes(exported)) {
    if (defined.has(exported)) return exported as unknown as Config;
    const { default: nested, __esModule, ...others } = exported;
    // CommonJS puts what it calls its default one level deeper.
    if (nested !== undefined && Object.keys(others).length === 0) {
      return configWithin(nested, [...around, exported]);
    }
  }
  return defineConfig(exported as WrittenConfig);
}

const waitMs = (written: string | undefined) => (durationSeconds(written) ?? 30) * 1_000;

/** Else a promise or a `Map` would count as a configuration that leaves everything out. */
function formRefusal(written: unknown): OperatorError {
  return new OperatorError({
    what: "The configuration is refused.",
    why:
      written === undefined
        ? "The module has no default export."
        : `at the top: must be an object, and is ${formOf(written)}.`,
    mend: "Write `export default defineConfig({ … })`.",
  });
}

function formOf(written: unknown): string {
  if (written === null) return "null";
  if (typeof written !== "object") return `a ${typeof written}`;
  const { name = "" } = written.constructor as { name?: string };
  return `of the class ${JSON.stringify(name)}`;
}

/** Was it made by an object literal, by JSON, or without a prototype? */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function refusal(written: WrittenConfig, issues: readonly z.core.$ZodIssue[]): OperatorError {
  return new OperatorError({
    what: "The configuration is refused.",
    why: issues.map((issue) => `${placeOf(written, issue.path)}: ${issue.message}.`).join(" "),
    mend: "Mend it in your configuration, such as tidemark.config.ts.",
  });
}

/** `route "articles", fresh` rather than `routes.3.fresh`. */
function placeOf(written: WrittenConfig, path: readonly PropertyKey[]): string {
  const names = path.map(String);
  if (names[0] !== "routes" || names[1] === undefined) return names.join(".") || "at the top";
  const name: unknown = written.routes?.[Number(names[1])]?.name;
  const route = typeof name === "string" ? `route "${name}"` : `route ${Number(names[1]) + 1}`;
  return [route, names.slice(2).join(".")].filter((part) => part !== "").join(", ");
}

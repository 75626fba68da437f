// The configuration an operator writes, and what it comes to once it has been checked.
import * as z from "zod/mini";
import { formFault, isPlain } from "./plain-object.ts";
import { allowanceSecondsOf, configInput, defaultMaxLagSeconds } from "./schema.ts";
import { durationSeconds } from "./duration.ts";
import {
  analyticsCookies,
  type NamePatterns,
  namesFrom,
  trackingParameters,
} from "./known-names.ts";
import type { WrittenConfig } from "./written.ts";
import { type Inherited, resolvedRoute, type Route } from "./route.ts";
import { OperatorError } from "../operator-error.ts";

export { type Route, type TierName, tierNames } from "./route.ts";
export { analyticsCookies, consentCookies, trackingParameters } from "./known-names.ts";

/** A named origin: at an address, or the service that a binding names. */
export type OriginConfig =
  | { readonly url: string; readonly rewriteLocations?: boolean | undefined }
  | { readonly binding: string };

/** What a site asks for, every field filled in. */
export interface Config {
  readonly namespace: string;
  /** Where the operator's routes are: a slash and one name. */
  readonly operatorPath: string;
  readonly origins: ReadonlyMap<string, OriginConfig>;
  /** Where an answer names its origin's own host, clients get the site's; an origin may differ. */
  readonly rewriteLocations: boolean;
  /** How long to wait for an origin's first byte, and for the next of a body that is stored. */
  readonly originTimeout: { readonly firstByteMs: number; readonly betweenBytesMs: number };
  readonly stripQuery: NamePatterns;
  readonly harmlessCookies: NamePatterns;
  /** Response fields that hold tags, besides the usual ones. */
  readonly tagFields: readonly string[];
  readonly heuristics: boolean;
  readonly purge: {
    /** The smallest N of all routes, by which the view is renewed. */
    readonly renewalLagMs: number;
    /** The largest: how long after its 200 a purge is seen everywhere. */
    readonly visibleWithinSeconds: number;
    /** A: for clock error within a colo, and for the lag of a replica. */
    readonly allowanceMs: number;
  };
  /** A cache of the operator's stands between us and the clients: it gets the fields meant for it. */
  readonly cacheInFront: boolean;
  /** How many of the hottest keys are refreshed before they expire; 0: off. */
  readonly hotKeys: number;
  readonly limits: {
    /** What is held whole while it is stored; a larger body is streamed to the edge tier. */
    readonly bufferBytes: number;
    readonly sharedBodyBytes: number;
    readonly memoryBytes: number;
    /** How many variants of one resource are stored. */
    readonly variants: number;
  };
  readonly routes: readonly Route[];
  /** The rules that hold where no route matches. */
  readonly anywhere: Route;
}

const mebibyte = 1_048_576;

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
  const form = formFault(written);
  if (form !== undefined) throw new OperatorError(form);
  const checked = z.safeParse(configInput, written);
  if (!checked.success) throw refusal(written, checked.error.issues);
  const { limits = {}, routes = [], ...general } = checked.data;
  const { purge = {}, originTimeout: waits = {} } = general;
  const inherited: Inherited = {
    honourRequestDirectives: general.honourRequestDirectives ?? false,
    purgeMaxLagMs: (purge.maxLagSeconds ?? defaultMaxLagSeconds) * 1_000,
    purgeSettleSeconds: purge.settleSeconds ?? 0,
  };
  const anywhere = resolvedRoute({ name: "", match: "*" }, inherited);
  const resolvedRoutes = routes.map((route) => resolvedRoute(route, inherited));
  const lagsMs = [anywhere, ...resolvedRoutes].map(({ purgeMaxLagMs }) => purgeMaxLagMs);
  const config: Config = {
    namespace: general.namespace ?? "tidemark",
    operatorPath: general.operatorPath ?? "/_cache",
    origins: new Map(Object.entries(general.origins ?? {})),
    rewriteLocations: general.rewriteLocations ?? true,
    originTimeout: {
      firstByteMs: waitMs(typeof waits === "string" ? waits : waits.firstByte),
      betweenBytesMs: waitMs(typeof waits === "string" ? undefined : waits.betweenBytes),
    },
    stripQuery: namesFrom(trackingParameters, general.key?.query?.strip),
    harmlessCookies: namesFrom(analyticsCookies, general.cookies?.harmless),
    tagFields: (general.tagFields ?? []).map((name) => name.toLowerCase()),
    heuristics: general.heuristics ?? false,
    cacheInFront: general.cacheInFront ?? false,
    hotKeys: general.hotKeys ?? 0,
    limits: {
      bufferBytes: limits.bufferBytes ?? 4 * mebibyte,
      sharedBodyBytes: limits.sharedBodyBytes ?? mebibyte,
      memoryBytes: limits.memoryBytes ?? 32 * mebibyte,
      variants: limits.variants ?? 100,
    },
    purge: {
      renewalLagMs: Math.min(...lagsMs),
      visibleWithinSeconds: Math.max(...lagsMs) / 1_000,
      allowanceMs: allowanceSecondsOf(purge) * 1_000,
    },
    routes: resolvedRoutes,
    anywhere,
  };
  defined.add(config);
  return config;
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

function refusal(written: WrittenConfig, issues: readonly z.core.$ZodIssue[]): OperatorError {
  return new OperatorError({
    what: "The configuration is refused.",
    why: issues.map((issue) => `${placeOf(written, issue.path)}: ${issue.message}.`).join(" "),
    mend: "Mend it in tidemark.config.ts, or in the file that --config names.",
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

// The configuration an operator writes, and what it comes to once it has been checked.
import * as z from "zod/mini";
import { formFault, isPlain } from "./config-object.ts";
import {
  allowanceSecondsOf,
  configInput,
  type ConfigInput,
  defaultMaxLagSeconds,
} from "./config-schema.ts";
import type { RouteInput } from "./config-route.ts";
import { durationSeconds } from "./duration.ts";
import {
  analyticsCookies,
  type NamePatterns,
  namesFrom,
  trackingParameters,
} from "./known-names.ts";
import { OperatorError } from "../operator-error.ts";

export type TierName = "memory" | "edge" | "shared";
export const tierNames: readonly TierName[] = ["memory", "edge", "shared"];

export { analyticsCookies, consentCookies, trackingParameters } from "./known-names.ts";

/** What a route asks for, every field filled in. */
export interface Route {
  /** Empty for the rules that hold where no route matches. */
  readonly name: string;
  /** A path pattern: literal segments, `:name`, and `*` at the end. */
  readonly match: string;
  readonly bypass: boolean;
  /** `override`: the route's lifetimes go before the origin's. */
  readonly mode: "default" | "override";
  /** A name in `origins`; `default` is `ORIGIN_URL` or the binding `ORIGIN`. */
  readonly origin: string;
  /** Lifetime of a 200, and of what else is cacheable by default and no error. */
  readonly freshSeconds: number | undefined;
  /** `fresh` by status; empty where it is a duration, or unset. */
  readonly freshSecondsByStatus: ReadonlyMap<number, number>;
  /** `negative`: the lifetime of a redirect or an error; `origin`: the origin's own, if it gives one. */
  readonly negativeByStatus: ReadonlyMap<number, number | "origin">;
  readonly staleWhileRevalidateSeconds: number | undefined;
  readonly staleIfErrorSeconds: number | undefined;
  /** How long browsers may use an answer from now on; `undefined` leaves the origin's word. */
  readonly browserSeconds: number | undefined;
  readonly immutable: boolean;
  readonly tiers: readonly TierName[];
  /** When the shared tier gets a response; `undefined`: errors on the second ask, all else at once. */
  readonly admission: "first-ask" | "second-ask" | undefined;
  /** Query parameters that count, or `undefined` for all. */
  readonly queryAllow: NamePatterns | undefined;
  /** The only request fields that reach the origin besides what is keyed; `undefined`: all. */
  readonly forward: readonly string[] | undefined;
  readonly keyHeaders: readonly string[];
  readonly keyCookies: readonly string[];
  readonly ignoreCookies: NamePatterns;
  readonly setCookie: "respect" | "strip";
  /** 0 to 1: the largest share of a lifetime that is taken off at random. */
  readonly jitter: number;
  readonly tags: (parameters: Readonly<Record<string, string>>) => readonly string[];
  readonly honourRequestDirectives: boolean;
  /** Where one forward serves all who ask for the same: in an isolate, or in the world. */
  readonly collapse: "isolate" | "global";
  /** How long a request waits for another's forward. */
  readonly patienceMs: number;
  /** β of XFetch: how eagerly what is about to expire is refreshed; 0: not at all. */
  readonly earlyRefresh: number | undefined;
  /** A use within this time before its expiry refreshes a response. */
  readonly refreshAheadSeconds: number;
  /** How far it reaches what an answer to an unsafe method invalidates (RFC 9111 §4.4). */
  readonly invalidate: "here" | "everywhere";
  /** N of the purge protocol for this route. */
  readonly purgeMaxLagMs: number;
  /** What is filled within this time after a purge that covers it is fresh for no longer; 0: off. */
  readonly purgeSettleSeconds: number;
  /** Answers with what is stored while the journal cannot be read, and says so. */
  readonly servesUnverified: boolean;
  /** Fields that are written and have no effect beside `bypass`. */
  readonly idleFields: readonly string[];
}

export type OriginConfig =
  | { readonly url: string; readonly rewriteLocations?: boolean | undefined }
  | { readonly binding: string };

export interface Config {
  readonly namespace: string;
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
export function defineConfig(written: ConfigInput): Config {
  const form = formFault(written);
  if (form !== undefined) throw new OperatorError(form);
  const checked = z.safeParse(configInput, written);
  if (!checked.success) throw refusal(written, checked.error.issues);
  const { limits = {}, routes = [], ...general } = checked.data;
  const purge = general.purge ?? {};
  const inherited: Inherited = {
    honourRequestDirectives: general.honourRequestDirectives ?? false,
    purgeMaxLagMs: (purge.maxLagSeconds ?? defaultMaxLagSeconds) * 1_000,
    purgeSettleSeconds: purge.settleSeconds ?? 0,
  };
  const anywhere = resolved({ name: "", match: "*" }, inherited);
  const resolvedRoutes = routes.map((route) => resolved(route, inherited));
  const lagsMs = [anywhere, ...resolvedRoutes].map(({ purgeMaxLagMs }) => purgeMaxLagMs);
  const config: Config = {
    namespace: general.namespace ?? "tidemark",
    origins: new Map(Object.entries(general.origins ?? {})),
    rewriteLocations: general.rewriteLocations ?? true,
    originTimeout: originTimeoutOf(general.originTimeout ?? {}),
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
  return defineConfig(exported as ConfigInput);
}

/** What a route takes from the general settings where it says nothing itself. */
type Inherited = Pick<Route, "honourRequestDirectives" | "purgeMaxLagMs" | "purgeSettleSeconds">;

function resolved(route: RouteInput, inherited: Inherited): Route {
  const { fresh, tags } = route;
  const ownLagSeconds = route.purge?.maxLagSeconds;
  return {
    name: route.name,
    match: route.match,
    bypass: route.bypass ?? false,
    mode: route.mode ?? "default",
    origin: route.origin ?? "default",
    freshSeconds: typeof fresh === "string" ? seconds(fresh) : undefined,
    freshSecondsByStatus: new Map(
      byStatus(typeof fresh === "object" ? fresh : {}, (text) => seconds(text) ?? 0),
    ),
    negativeByStatus: new Map(
      byStatus(route.negative ?? {}, (text) => (text === "origin" ? text : (seconds(text) ?? 0))),
    ),
    staleWhileRevalidateSeconds: seconds(route.staleWhileRevalidate),
    staleIfErrorSeconds: seconds(route.staleIfError),
    browserSeconds: seconds(route.browser),
    immutable: route.immutable ?? false,
    tiers: tierNames.filter((name) => route.tiers?.includes(name) ?? true),
    admission: route.admission,
    queryAllow: route.query?.allow,
    forward: route.forward?.map((name) => name.toLowerCase()),
    keyHeaders: (route.key?.headers ?? []).map((name) => name.toLowerCase()).sort(),
    keyCookies: [...(route.key?.cookies ?? [])].sort(),
    ignoreCookies: route.cookies?.ignore ?? [],
    setCookie: route.setCookie ?? "respect",
    jitter: route.jitter ?? 0,
    tags: typeof tags === "function" ? tags : () => tags ?? [],
    honourRequestDirectives: route.honourRequestDirectives ?? inherited.honourRequestDirectives,
    collapse: route.collapse ?? "isolate",
    patienceMs: (seconds(route.patience) ?? 10) * 1_000,
    earlyRefresh: route.earlyRefresh,
    refreshAheadSeconds: seconds(route.refreshAhead) ?? 0,
    invalidate: route.invalidate ?? "here",
    purgeMaxLagMs: ownLagSeconds === undefined ? inherited.purgeMaxLagMs : ownLagSeconds * 1_000,
    purgeSettleSeconds: route.purge?.settleSeconds ?? inherited.purgeSettleSeconds,
    servesUnverified: route.whenUnreachable === "serve",
    idleFields: route.bypass === true ? idleBesideBypass(route) : [],
  };
}

/** `purge.maxLagSeconds` of any route says how often the view of the journal is renewed. */
const usedBesideBypass = new Set(["name", "match", "bypass", "origin", "invalidate", "purge"]);

function idleBesideBypass(route: RouteInput): string[] {
  const written = Object.entries(route).filter(([, value]) => value !== undefined);
  return written.map(([field]) => field).filter((field) => !usedBesideBypass.has(field));
}

function originTimeoutOf(
  written: NonNullable<ConfigInput["originTimeout"]>,
): Config["originTimeout"] {
  const { firstByte, betweenBytes } =
    typeof written === "string" ? { firstByte: written, betweenBytes: undefined } : written;
  return {
    firstByteMs: (seconds(firstByte) ?? 30) * 1_000,
    betweenBytesMs: (seconds(betweenBytes) ?? 30) * 1_000,
  };
}

function byStatus<T>(texts: Readonly<Record<string, string>>, read: (text: string) => T) {
  return Object.entries(texts).map(([status, text]) => [Number(status), read(text)] as const);
}

function seconds(text: string | undefined): number | undefined {
  return text === undefined ? undefined : durationSeconds(text);
}

function refusal(written: ConfigInput, issues: readonly z.core.$ZodIssue[]): OperatorError {
  return new OperatorError({
    what: "The configuration is refused.",
    why: issues.map((issue) => `${placeOf(written, issue.path)}: ${issue.message}.`).join(" "),
    mend: "Mend it in tidemark.config.ts, or in the file that --config names.",
  });
}

/** `route "articles", fresh` rather than `routes.3.fresh`. */
function placeOf(written: ConfigInput, path: readonly PropertyKey[]): string {
  const names = path.map(String);
  if (names[0] !== "routes" || names[1] === undefined) return names.join(".") || "at the top";
  const name: unknown = written.routes?.[Number(names[1])]?.name;
  const route = typeof name === "string" ? `route "${name}"` : `route ${Number(names[1]) + 1}`;
  return [route, names.slice(2).join(".")].filter((part) => part !== "").join(", ");
}

// What a route of a configuration comes to, with all that it leaves out filled in.
import { defaultMaxLagSeconds } from "./schema.ts";
import {
  CredentialFields,
  type CredentialNames,
  knownCredentialFields,
} from "./credential-fields.ts";
import { durationSeconds } from "./duration.ts";
import { readPattern, type RoutePattern } from "./route-pattern.ts";
import { type TierName, tierNames } from "./tier-names.ts";
import type { WrittenConfig } from "./written.ts";
import type { WrittenRoute } from "./written-route.ts";

/** What a route asks for, every field filled in. */
export type Route = Readonly<ReturnType<typeof resolvedRoute>>;

/** What a route takes from the general settings; of most it may say something itself. */
type Inherited = Pick<
  WrittenConfig,
  "credentialFields" | "heuristics" | "honourRequestDirectives" | "purge"
>;

/** @param route as it was written, and checked, like the general settings */
export function resolvedRoute(route: WrittenRoute, general: Inherited) {
  const { heuristics = false, honourRequestDirectives = false, purge } = general;
  const { fresh, tags } = route;
  const match: readonly RoutePattern[] = [route.match].flat().map(readPattern);
  const lagSeconds = route.purge?.maxLagSeconds ?? purge?.maxLagSeconds ?? defaultMaxLagSeconds;
  const tiers: readonly TierName[] = tierNames.filter(
    (name) => route.tiers?.includes(name) ?? true,
  );
  return {
    /** Empty for the rules that hold where no route matches. */
    name: route.name,
    /** It takes what fits one of them. */
    match,
    /** The only methods that it takes, of which GET stands for HEAD too; `undefined`: all. */
    methods: route.methods,
    bypass: route.bypass ?? false,
    /** `override`: the route's lifetimes go before the origin's. */
    mode: route.mode ?? "default",
    /** A name in `origins`; `default` is `ORIGIN_URL` or the binding `ORIGIN`. */
    origin: route.origin ?? "default",
    /** Lifetime of a 200, and of what else is cacheable by default and no error. */
    freshSeconds: typeof fresh === "string" ? durationSeconds(fresh) : undefined,
    /** `fresh` by status; empty where it is a duration, or unset. */
    freshSecondsByStatus: byStatus(typeof fresh === "object" ? fresh : {}, secondsOf),
    /** `negative`: the lifetime of a redirect or an error; `origin`: the origin's own, if it gives one. */
    negativeByStatus: byStatus(route.negative ?? {}, (text) =>
      text === "origin" ? text : secondsOf(text),
    ),
    /** Guesses a lifetime where neither the origin nor the route gives one (RFC 9111 §4.2.2). */
    heuristics,
    staleWhileRevalidateSeconds: durationSeconds(route.staleWhileRevalidate) ?? 0,
    staleIfErrorSeconds: durationSeconds(route.staleIfError) ?? 0,
    /** How long browsers may use an answer from now on; `undefined` leaves the origin's word. */
    browserSeconds: durationSeconds(route.browser),
    immutable: route.immutable ?? false,
    tiers,
    /** When the shared tier gets a response; `undefined`: errors on the second ask, all else at once. */
    admission: route.admission,
    /** Query parameters that count, or `undefined` for all. */
    queryAllow: route.query?.allow,
    /** The only request fields that reach the origin besides what is keyed; `undefined`: all. */
    forward: route.forward && lowerCased(route.forward),
    /** Which request fields look like a credential. */
    credentials: new CredentialFields([
      credentialNames(route.credentialFields),
      credentialNames(general.credentialFields),
      knownCredentialFields,
    ]),
    keyHeaders: sorted(lowerCased(route.key?.headers ?? [])),
    keyCookies: sorted(route.key?.cookies ?? []),
    /** Members of `request.cf`. */
    keyCf: sorted(route.key?.cf ?? []),
    ignoreCookies: route.cookies?.ignore ?? [],
    setCookie: route.setCookie ?? "respect",
    /** 0 to 1: the largest share of a lifetime that is taken off at random. */
    jitter: route.jitter ?? 0,
    tags: typeof tags === "function" ? tags : () => tags ?? [],
    honourRequestDirectives: route.honourRequestDirectives ?? honourRequestDirectives,
    /** Where one forward serves all who ask for the same: in an isolate, or in the world. */
    collapse: route.collapse ?? "isolate",
    /** How long a request waits for another's forward. */
    patienceMs: (durationSeconds(route.patience) ?? 10) * 1_000,
    /** β of XFetch: how eagerly what is about to expire is refreshed; 0: not at all. */
    earlyRefresh: route.earlyRefresh,
    /** A use within this time before its expiry refreshes a response. */
    refreshAheadSeconds: durationSeconds(route.refreshAhead) ?? 0,
    /** How far it reaches what an answer to an unsafe method invalidates (RFC 9111 §4.4). */
    invalidate: route.invalidate ?? "here",
    /** N of the purge protocol for this route. */
    purgeMaxLagMs: lagSeconds * 1_000,
    /** What is filled within this time after a purge that covers it is fresh for no longer; 0: off. */
    purgeSettleSeconds: route.purge?.settleSeconds ?? purge?.settleSeconds ?? 0,
    /** 0 to 1: below this share of hits, health has a finding on the route; `undefined`: the general minimum holds. */
    hitRateMin: route.hitRateMin,
    /** Answers with what is stored while the journal cannot be read, and says so. */
    servesUnverified: route.whenUnreachable === "serve",
    /** Fields that are written and have no effect where nothing is stored. */
    idleFields: isPassedBy(route) ? idleBesideBypass(route) : [],
  };
}

/** `purge.maxLagSeconds` of any route says how often the view of the journal is renewed. */
const usedBesideBypass: ReadonlySet<string> = new Set(
  "name match methods bypass origin invalidate purge".split(" "),
);

/** Is none of its answers stored? Only those to GET and HEAD ever are. */
export function isPassedBy({ bypass, methods }: Pick<WrittenRoute, "bypass" | "methods">): boolean {
  return bypass === true || methods?.includes("GET") === false;
}

function idleBesideBypass(route: WrittenRoute): readonly string[] {
  const written = Object.entries(route).filter(([, value]) => value !== undefined);
  return written.map(([field]) => field).filter((field) => !usedBesideBypass.has(field));
}

function byStatus<T>(
  texts: Readonly<Record<string, string>>,
  read: (text: string) => T,
): ReadonlyMap<number, T> {
  return new Map(Object.entries(texts).map(([status, text]) => [Number(status), read(text)]));
}

function credentialNames({ add = [], except = [] }: WrittenRoute["credentialFields"] = {}) {
  return { add: lowerCased(add), except: lowerCased(except) } satisfies CredentialNames;
}

/** Names of fields, which have no case. */
export const lowerCased = (names: readonly string[]): readonly string[] =>
  names.map((name) => name.toLowerCase());

const sorted = (names: readonly string[]): readonly string[] => [...names].sort();

const secondsOf = (text: string) => durationSeconds(text) ?? 0;

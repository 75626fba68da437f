// What a route of a configuration comes to, with all that it leaves out filled in.
import type { RouteInput } from "./route-schema.ts";
import { durationSeconds } from "./duration.ts";
import type { NamePatterns } from "./known-names.ts";

export type TierName = "memory" | "edge" | "shared";
/** In the order in which they are asked. */
export const tierNames: readonly TierName[] = ["memory", "edge", "shared"];

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
  /** Guesses a lifetime where neither the origin nor the route gives one (RFC 9111 §4.2.2). */
  readonly heuristics: boolean;
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

/** What a route takes from the general settings; of most it may say something itself. */
export type Inherited = Pick<
  Route,
  "heuristics" | "honourRequestDirectives" | "purgeMaxLagMs" | "purgeSettleSeconds"
>;

/** @param route as it was written, and checked */
export function resolvedRoute(route: RouteInput, inherited: Inherited): Route {
  const { fresh, tags } = route;
  const ownLagSeconds = route.purge?.maxLagSeconds;
  return {
    name: route.name,
    match: route.match,
    bypass: route.bypass ?? false,
    mode: route.mode ?? "default",
    origin: route.origin ?? "default",
    freshSeconds: typeof fresh === "string" ? durationSeconds(fresh) : undefined,
    freshSecondsByStatus: byStatus(typeof fresh === "object" ? fresh : {}, secondsOf),
    negativeByStatus: byStatus(route.negative ?? {}, (text) =>
      text === "origin" ? text : secondsOf(text),
    ),
    heuristics: inherited.heuristics,
    staleWhileRevalidateSeconds: durationSeconds(route.staleWhileRevalidate),
    staleIfErrorSeconds: durationSeconds(route.staleIfError),
    browserSeconds: durationSeconds(route.browser),
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
    patienceMs: (durationSeconds(route.patience) ?? 10) * 1_000,
    earlyRefresh: route.earlyRefresh,
    refreshAheadSeconds: durationSeconds(route.refreshAhead) ?? 0,
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

function byStatus<T>(texts: Readonly<Record<string, string>>, read: (text: string) => T) {
  return new Map(Object.entries(texts).map(([status, text]) => [Number(status), read(text)]));
}

const secondsOf = (text: string) => durationSeconds(text) ?? 0;

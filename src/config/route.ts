// Resolves a route of a configuration and fills in the defaults.
import type { RouteTraits } from "../part/port/part.ts";
import type { Phases } from "../part/port/phases.ts";
import { compileAnswerRules } from "./answer-rules.ts";
import {
  CredentialFields,
  type CredentialNames,
  knownCredentialFields,
} from "./credential-fields.ts";
import { durationSeconds } from "./duration.ts";
import { decidingFields, keyedForms, normalFormsOf } from "./normal-forms.ts";
import { lowerCased, type NamePatterns } from "./known-names.ts";
import { placeOf, resolvedPlace } from "./origin-place.ts";
import { readPattern, type RoutePattern } from "./route-pattern.ts";
import { type TierName, tierNames } from "./tier-names.ts";
import { cdnCacheControl } from "../rules/cache-control.ts";
import { contentMethod } from "../rules/methods.ts";
import { configuredName } from "../rules/query-string.ts";
import type { WrittenConfig } from "./written.ts";
import type { WrittenRoute } from "./written-route.ts";
import type { WrittenCondition, WrittenEdits, WrittenWhen } from "./written-origin.ts";

/** A route with every field filled in. */
export type Route = Readonly<ReturnType<typeof resolvedRoute>>;

/** General settings that a route inherits, most of which it may override. */
interface InheritedSettings extends Pick<
  WrittenConfig,
  "anonymous" | "credentialFields" | "heuristics" | "originTimeout" | "purge" | "targets"
> {
  /** Shared by the routes without `credentialFields`. */
  readonly credentials?: CredentialFields;
  /** The request fields that rules of any route check, in lower case. */
  readonly checked?: readonly string[];
}

/** Default N of the purge protocol. */
export const defaultMaxLagSeconds = 10;

const yearSeconds = 365 * 86_400;

const htmlFirst = "text/html,application/xhtml+xml,*/*;q=0.8";

/** @param route as written, and already checked like `general` */
export function resolvedRoute(route: WrittenRoute, general: InheritedSettings) {
  const { heuristics = false, purge, targets = [], checked = [] } = general;
  const { fresh, tags } = route;
  const namesCdn = lowerCased(targets).includes(cdnCacheControl.toLowerCase());
  const match: readonly RoutePattern[] = [route.match].flat().map(readPattern);
  const lagSeconds = route.purge?.maxLagSeconds ?? purge?.maxLagSeconds ?? defaultMaxLagSeconds;
  const tiers: readonly TierName[] = tierNames.filter(
    (name) => route.tiers?.includes(name) ?? true,
  );
  const traits = traitsOf(route.use);
  const own = {
    /** Empty for the rules that apply if no route matches. */
    name: route.name,
    /** Alternative patterns: the route applies if one of them matches. */
    match,
    /** The methods that the route handles, where GET includes HEAD; `undefined`: all. */
    methods: route.methods,
    /** The conditions of the route; `undefined`: none. */
    when: route.when && conditionsOf(route.when),
    bypass: route.bypass ?? false,
    /** `override`: the route's lifetimes precede the origin's. */
    mode: route.mode ?? "default",
    /** `fresh` as a single duration, which applies to heuristically cacheable statuses except errors. */
    freshSeconds: typeof fresh === "string" ? durationSeconds(fresh) : undefined,
    /** `fresh` by status; empty if it is a single duration or unset. */
    freshSecondsByStatus: byStatus(typeof fresh === "object" ? fresh : {}, secondsOf),
    /** `negative`: lifetime of a redirect or an error. `origin`: the lifetime that the origin gives. */
    negativeByStatus: byStatus(route.negative ?? {}, (text) =>
      text === "origin" ? text : secondsOf(text),
    ),
    /** The targeted fields, in order (RFC 9213 §2.2). */
    targets: namesCdn ? targets : [...targets, cdnCacheControl],
    /** Whether to guess a lifetime that neither the origin nor the route gives (RFC 9111 §4.2.2). */
    heuristics,
    /** Whether clients get an entity tag of the body in place of the origin's validators. */
    hasContentTags: route.validators === "content",
    staleWhileRevalidateSeconds: durationSeconds(route.staleWhileRevalidate) ?? 0,
    staleIfErrorSeconds: durationSeconds(route.staleIfError) ?? 0,
    /** Lifetime in browsers, counted from each answer; `undefined` keeps the origin's fields. */
    browserSeconds: route.browser === "immutable" ? yearSeconds : durationSeconds(route.browser),
    /** Whether browsers learn that a fresh response never changes (RFC 8246). */
    isImmutable: route.browser === "immutable",
    tiers,
    /**
     * The request on which Redis stores a response. `undefined`: the second for errors, and for variants
     * that clients may have made up; the first for other responses.
     */
    admission: route.admission,
    /** Request fields that reach the origin in addition to keyed ones; `undefined`: all. */
    forward: route.forward && lowerCased(route.forward),
    /** Decides which request fields look like a credential. */
    credentials:
      (route.credentialFields === undefined && general.credentials) ||
      new CredentialFields([
        { add: checked, except: [] },
        credentialNames(route.credentialFields),
        credentialNames(general.credentialFields),
        knownCredentialFields,
      ]),
    /** The fixed fields of the requests that Tidemark sends on behalf of all clients. */
    neutralFields: {
      // Some frameworks answer a mere */* with JSON, and some origins need a User-Agent.
      accept: route.anonymous?.accept ?? general.anonymous?.accept ?? htmlFirst,
      "user-agent": route.anonymous?.userAgent ?? general.anonymous?.userAgent ?? "Tidemark",
    },
    ignoreCookies: route.cookies?.ignore ?? [],
    setCookie: route.setCookie ?? "respect",
    /** Rules on the origin's answers, in order. */
    answer: compileAnswerRules(route.answer),
    /** Whether answers whose media type contradicts the path's extension are not stored. */
    deceptionArmour: route.deceptionArmour ?? true,
    tags: typeof tags === "function" ? tags : () => tags ?? [],
    /** Whether responses have the tags of the values that their handler reads. */
    inheritsTags: route.inheritTags ?? true,
    /** 0 to 1: the largest reduction of a lifetime. */
    jitter: route.jitter ?? 0,
    honourRequestDirectives: route.honourRequestDirectives ?? false,
    waitTimeoutMs: waitTimeoutMsFor(general.originTimeout),
    /** Whether some hits refresh a response before expiry. */
    earlyRefresh: route.earlyRefresh ?? true,
    /** Scope of invalidations by answers to unsafe methods (RFC 9111 §4.4). */
    invalidate: route.invalidate ?? "here",
    /** N of the purge protocol for this route. */
    purgeMaxLagMs: lagSeconds * 1_000,
    /**
     * Seconds: a response fetched this soon after its purge stays fresh for at most this long; 0:
     * off.
     */
    purgeSettleSeconds: route.purge?.settleSeconds ?? purge?.settleSeconds ?? 0,
    /** Whether `Age` does not prevent storing after a purge. */
    ignoresAge: route.purge?.age === "ignore",
    /** The builds of pages; `undefined`: none. */
    builds: traits.builds === "named" && !isPassedBy(route) ? noBuilds : undefined,
    /** The decisions of the route's parts, in an isolate. */
    phases: traits.admits === true ? unopened : noPhases,
    traits,
    /** The parts of the route. */
    use: route.use ?? [],
    /** Whether to serve unverified responses, marked as such, while the journal is unreachable. */
    servesUnverified: route.whenUnreachable === "serve",
    /** The given fields that have no effect because the route stores nothing; empty otherwise. */
    idleFields: isPassedBy(route) ? idleBesideBypass(route) : [],
  };
  // A literal of this size with spreads inside takes twice as long to make.
  return Object.assign(own, resolvedOrigin(route), resolvedKey(route));
}

/** The phases of a route without parts that have phases. */
const noPhases: Phases = {};

/** The phases of a route whose rules decide before the lookup, until they are opened: all requests fail. */
const unopened: Phases = {
  admits: () => ({ response: new Response(null, { status: 500 }), by: "" }),
};

/** The builds of a route's pages. */
export interface Builds {
  /** The build of the application in this process or Worker, which is a part of the keys. */
  readonly id?: string | undefined;
}

const noBuilds: Builds = {};

/**
 * Returns the route in a process that runs this build of its application. A part may
 * say itself what a build changes.
 */
export function routeOfBuild(route: Route, id: string): Route {
  const isOfBuild = !isPassedBy(route) && route.traits.builds === undefined;
  return isOfBuild ? { ...route, builds: { id } } : route;
}

/** Returns the origins of a route, and what happens to requests and answers there. */
function resolvedOrigin(route: WrittenRoute) {
  const place = placeOf(route.origin);
  const { fallbacks = [] } = traitsOf(route.use);
  return {
    /** A name in `origins`; `default` is `ORIGIN_URL` or the binding `ORIGIN`. */
    origin: place.name ?? "default",
    /** The origins that may answer while the route's own fails, in order. */
    fallbacks,
    /** Whether `origin` is a fallback origin, on the route of a request to it. */
    isFallback: false as boolean,
    /** Where the origin has the route's pages; `undefined`: at the site's path and host. */
    place: resolvedPlace(place),
    /** Changes of the fields for the origin; `undefined`: none. */
    requestEdits: fieldEdits(route.request?.headers),
    /** Changes of the fields for clients; `undefined`: none. */
    responseEdits: fieldEdits(route.response?.headers),
    /** The HTML of the route's own error page; `undefined`: none. */
    errorPage: route.errorPage?.html,
    /** Whether that page also replaces the origin's own errors. */
    replacesOriginErrors: route.errorPage?.originErrors ?? false,
  };
}

/** Returns the parts of a request that are keyed on a route. */
function resolvedKey(route: WrittenRoute) {
  const normalForms = normalFormsOf(route.key ?? {});
  const keyedByCondition = valuedNames(route.bypass === true ? undefined : route.when);
  const headers = lowerCased([...(route.key?.headers ?? []), ...keyedByCondition.header]);
  const ofRules = (route.use ?? []).flatMap((part) => part.traits.keyed ?? []);
  return {
    /** Query parameters that are keyed and forwarded unless `stripQuery` names them; `undefined`: all. */
    queryAllow: route.query?.allow?.map(configuredName),
    /** Whether keys and the origin get the query parameters sorted by name. */
    sortsQuery: route.query?.order === "sort",
    keyHeaders: sorted([...headers, ...keyedForms(normalForms), ...ofRules]),
    /** The fields of a client that decide the key's, without cookies. */
    decidingHeaders: sorted([...headers, ...decidingFields(normalForms)]),
    /** Normal forms that replace fields of the client, by name in lower case; `undefined`: none. */
    normalForms,
    keyCookies: sorted([...(route.key?.cookies ?? []), ...keyedByCondition.cookie]),
    /** Members of `request.cf`. */
    keyCf: sorted(route.key?.cf ?? []),
  };
}

/** A condition: a request has one of the names, or for each name in `values` one of its values. */
export interface NameCondition {
  readonly names: NamePatterns;
  readonly values: readonly (readonly [name: string, values: readonly string[]])[];
}

/** Conditions, all of which a request must meet; `undefined`: no such condition. */
export type RouteConditions = Readonly<ReturnType<typeof conditionsOf>>;

function conditionsOf({ cookie, header, query, country }: WrittenWhen) {
  const valued = valuedNames({ cookie, header, country });
  return {
    cookie: cookie && nameCondition(cookie),
    header: header && nameCondition(header),
    query: query && nameCondition(query),
    country,
    /** Whether only a client's request can meet them. */
    asksClient: (cookie ?? header ?? country) !== undefined,
    /** The fields and cookies whose values are compared. */
    valued: { header: lowerCased(valued.header), cookie: valued.cookie },
  };
}

/** Changes of header fields. */
export type FieldEdits = NonNullable<ReturnType<typeof fieldEdits>>;

function fieldEdits(written: WrittenEdits | undefined) {
  if (written === undefined) return undefined;
  const { set = {}, add = {}, remove = [] } = written;
  const removed = lowerCased([...Object.keys(set), ...remove]);
  const lines = [...Object.entries(set), ...Object.entries(add)];
  if (removed.length + lines.length === 0) return undefined;
  return {
    /** The fields that are removed before `lines` are added. */
    removed: new Set(removed),
    lines,
  } as const;
}

function nameCondition(written: WrittenCondition): NameCondition {
  return isNames(written)
    ? { names: written, values: [] }
    : { names: [], values: Object.entries(written) };
}

const isNames = (written: WrittenCondition): written is readonly string[] => Array.isArray(written);

/** Returns the fields and cookies that conditions compare with values. */
function valuedNames({ header = [], cookie = [], country }: WrittenWhen = {}) {
  const namesOf = (written: WrittenCondition) => (isNames(written) ? [] : Object.keys(written));
  const ofCountry = country === undefined ? [] : [countryField];
  return { header: [...namesOf(header), ...ofCountry], cookie: namesOf(cookie) };
}

/** The field that has the country in requests to the origin. */
export const countryField = "cf-ipcountry";

/**
 * Fields that have an effect although nothing is stored. `purge.maxLagSeconds` of any route affects how often
 * the view is renewed.
 */
const usedBesideBypass: ReadonlySet<string> = new Set(
  "name match methods when bypass origin request response errorPage invalidate purge".split(" "),
);

/**
 * Returns the time for which a request waits for another request's origin request. A request waits for three of them at
 * most, so together as long as for the first byte of its own.
 */
const waitTimeoutMsFor = (originTimeout: WrittenConfig["originTimeout"]) =>
  Math.max(10_000, originTimeoutMs(originTimeout).firstByteMs / 3);

/** Returns the timeouts for an origin's first byte, and between bytes of a body that is stored. */
export function originTimeoutMs(written: WrittenConfig["originTimeout"] = {}) {
  const { firstByte, betweenBytes } =
    typeof written === "string" ? { firstByte: written, betweenBytes: undefined } : written;
  const ms = (text: string | undefined) => (durationSeconds(text) ?? 30) * 1_000;
  return { firstByteMs: ms(firstByte), betweenBytesMs: ms(betweenBytes) };
}

/** Returns what the core does differently for the parts of a route. */
export const traitsOf = (use: WrittenRoute["use"] = []): RouteTraits =>
  Object.assign({}, ...use.map(({ traits }) => traits)) as RouteTraits;

/** Returns whether the route stores nothing. Only answers to GET, HEAD and QUERY are stored. */
export function isPassedBy({
  bypass,
  methods,
  use,
}: Pick<WrittenRoute, "bypass" | "methods" | "use">): boolean {
  const stored = traitsOf(use).keysContent === true ? ["GET", contentMethod] : ["GET"];
  return bypass === true || methods?.some((method) => stored.includes(method)) === false;
}

/** Returns the origin of a route, and its fallback origins. */
export function originsOf({ origin, fallbacks }: Route): readonly string[] {
  return [origin, ...fallbacks];
}

function idleBesideBypass(route: WrittenRoute): readonly string[] {
  const written = Object.entries(route).filter(([, value]) => value !== undefined);
  const isIdle = (field: string) =>
    field === "use" ? route.use?.every((part) => part.isForStored) : !usedBesideBypass.has(field);
  return written.map(([field]) => field).filter(isIdle);
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

const sorted = (names: readonly string[]): readonly string[] =>
  names.length < 2 ? names : [...new Set(names)].sort();

const secondsOf = (text: string) => durationSeconds(text) ?? 0;

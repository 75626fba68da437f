// Builds the response fields for clients. Removes the fields for shared caches, and sets the
// route's browser lifetime.
import { BoundedMap } from "../../base/bounded-map.ts";
import type { Config, Route } from "../../config/config.ts";
import { acceptClassName } from "../../rules/accept-class.ts";
import { cacheStatus, type Handling } from "../../rules/cache-status.ts";
import {
  isTargeted,
  membersOf,
  parseDirectives,
  surrogateContent,
} from "../../rules/cache-control.ts";
import { isSilentToBrowsers } from "../../rules/browser-lifetime.ts";
import { connectionFields } from "../../rules/storable.ts";
import { fieldsOf, headersOf } from "../../rules/fields.ts";
import { selectingFieldNames } from "../../rules/selecting.ts";
import { linesForClients } from "../stored/content-tag.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { edit } from "../../routing/field-edits.ts";
import { isFreshStatus } from "../stored/lifetime.ts";
import { tagFieldNames } from "../stored/tags.ts";

/** Digests of the content of one message, which a part or a 304 does not have (RFC 9530 §2). */
export const contentDigests = ["content-digest", "content-md5"];

/** Fields that describe a body. A 304 omits them (RFC 9110 §15.4.5). */
export const bodyDescriptions = [
  ...contentDigests,
  "content-length",
  "content-encoding",
  "content-type",
  "content-range",
];

/** Fields for shared caches. Answers contain them only if another cache is in front. */
const forSharedCaches = (config: Config) => [...config.anywhere.targets, "surrogate-control"];

interface PreparedFields {
  readonly route: Route;
  readonly fields: Headers;
  /** Cache-Control before the route's browser lifetime is set. */
  readonly stated: string | null;
  /** The fields of a 304; `undefined` before the first 304. */
  notModified: Headers | undefined;
  age: number;
  /** The content of Cache-Status for a hit; `undefined` before the first hit and for an origin request. */
  handlingText: Required<Pick<Handling, "ttlSeconds" | "detail" | "unverified">> | undefined;
}

const prepared = new WeakMap<StoredMetadata, PreparedFields>();

/** The traits decide whether a part of the route still reads Surrogate-Control. */
type AssembledRoute = Pick<Route, "traits">;

interface AnswerAsk {
  readonly route: Route;
  readonly config: Config;
  readonly ageSeconds: number;
  readonly handling: Handling;
}

/**
 * Returns the fields of an answer from a stored response, with `Age` and `Cache-Status`. Answers
 * share the object, and a later call may update it. Callers must copy it before they change or keep
 * it.
 */
export function fieldsFromStored(metadata: StoredMetadata, ask: AnswerAsk): Headers {
  return upToDate(metadata, ask).fields;
}

/** Returns the fields of a 304 from a stored response, without fields that describe a body. */
export function fieldsNotModified(metadata: StoredMetadata, ask: AnswerAsk): Headers {
  const known = upToDate(metadata, ask);
  known.notModified ??= withoutBody(new Headers(known.fields));
  return known.notModified;
}

/** Removes the fields that describe a body. Returns the same object. */
export function withoutBody(fields: Headers): Headers {
  for (const name of bodyDescriptions) fields.delete(name);
  return fields;
}

function upToDate(metadata: StoredMetadata, ask: AnswerAsk): PreparedFields {
  const { route } = ask;
  let known = prepared.get(metadata);
  if (known?.route !== route) {
    const own = forCaches(headersOf(linesForClients(metadata, route)), ask.config, route);
    if (metadata.selecting.some(([name]) => name === acceptClassName)) own.append("vary", "Accept");
    // A cache downstream must not keep what may be old content.
    const kept = metadata.provisional === undefined ? own : withoutLifetime(own);
    const fields = edit(kept, route.responseEdits);
    letBrowsersValidate(fields, { status: metadata.status, headers: fields }, ask.config);
    const stated = fields.get("cache-control");
    known = { route, fields, stated, notModified: undefined, age: NaN, handlingText: undefined };
    prepared.set(metadata, known);
  }
  const age = Math.floor(ask.ageSeconds);
  const isCurrent = tells(known.handlingText, ask.handling);
  if (age === known.age && isCurrent) return known;
  known.notModified = undefined;
  if (age !== known.age) {
    known.fields.set("age", String(age));
    if (metadata.provisional === undefined) tellBrowsers(known, metadata.status, age);
    known.age = age;
  }
  if (!isCurrent) {
    const { kind, ttlSeconds = 0, detail, unverified = false } = ask.handling;
    const upstream = fieldsOf(metadata).get("cache-status");
    known.fields.set("cache-status", cacheStatus(ask.handling, upstream));
    const parts = { ttlSeconds: Math.floor(ttlSeconds), detail, unverified };
    known.handlingText = kind === "hit" ? parts : undefined;
  }
  return known;
}

/**
 * Returns whether the prepared Cache-Status already describes this hit. The field is rebuilt only
 * when its content changes.
 */
function tells(text: PreparedFields["handlingText"], handling: Handling): boolean {
  return (
    handling.kind === "hit" &&
    text !== undefined &&
    Math.floor(handling.ttlSeconds ?? 0) === text.ttlSeconds &&
    handling.detail === text.detail &&
    (handling.unverified ?? false) === text.unverified
  );
}

/**
 * Returns the fields of a new answer that is being stored, with `Age` only if the origin sent it.
 */
export function fieldsOfFill(metadata: StoredMetadata, ask: AnswerAsk): Headers {
  const fields = new Headers(fieldsFromStored(metadata, ask));
  if (!fieldsOf(metadata).has("age")) fields.delete("age");
  const { cacheInFront, purge } = ask.config;
  const dueAfterMs = purge.visibleWithinSeconds * 1_000 + purge.allowanceMs;
  const tookMs = metadata.respondedAtMs - metadata.requestedAtMs;
  // Since the request, a purge may have been accepted, and passed on to the cache in front.
  return cacheInFront && tookMs > dueAfterMs ? withoutLifetime(fields) : fields;
}

/** Returns the fields of an answer that is passed on and not stored. */
export function fieldsPassedOn(
  response: Response,
  { config, route }: { readonly config: Config; readonly route: Route },
): Headers {
  const fields = forCaches(new Headers(response.headers), config, route);
  const dropped = connectionFields(response.headers);
  // `delete` rejects invalid names, which Connection may contain, so delete only fields that exist.
  for (const [name] of response.headers) if (dropped.has(name)) fields.delete(name);
  return edit(fields, route.responseEdits);
}

/**
 * Makes an answer private for downstream caches, unless its fields allow sharing by `public` or
 * `s-maxage` (RFC 9111 §3.5). Without a cache in front, only `public` counts, because `forClients`
 * has already removed `s-maxage`. An answer that sets a cookie is always made private. Callers use
 * this function for answers to bypassed and personal requests, and for answers with `Set-Cookie`.
 */
export function keepPrivate(fields: Headers): void {
  if (fields.has("set-cookie") || !states(fields, ["public", "s-maxage"])) makePrivate(fields);
}

/**
 * Makes an answer private, even if its fields allow sharing. `no-store` counts as private.
 *
 * @returns whether the answer was not private before
 */
export function makePrivate(fields: Headers): boolean {
  const stated = fields.get("cache-control") ?? "";
  let form = privateForms.get(stated);
  if (form === undefined) {
    form = privateFormOf(stated);
    privateForms.set(stated, form);
  }
  if (form.text !== stated) fields.set("cache-control", form.text);
  dropTargeted(fields);
  return form.isNew;
}

/** The private form of a Cache-Control. The answers of a site have few, and each answer of a gated route needs one. */
interface PrivateForm {
  readonly text: string;
  readonly isNew: boolean;
}

const privateForms = new BoundedMap<PrivateForm>({
  sizeMax: 16_384,
  sizeOf: ({ text }, stated) => text.length + stated.length,
});

function privateFormOf(stated: string): PrivateForm {
  const fields = new Headers(stated === "" ? {} : { "cache-control": stated });
  dropDirectives(fields, ["public", "s-maxage"]);
  const isNew = !isPrivate(fields);
  if (isNew) addDirective(fields, "private");
  return { text: fields.get("cache-control") ?? "", isNew };
}

/**
 * RFC 9213 §2: a targeted field takes precedence over Cache-Control in the targeted caches. Of
 * Surrogate-Control, the declaration of the content stays. It allows no storing.
 */
function dropTargeted(fields: Headers): void {
  const content = surrogateContent(fields.get("surrogate-control"));
  let targeted: string[] | undefined;
  for (const name of fields.keys()) {
    if (isTargeted(name)) (targeted ??= []).push(name);
  }
  for (const name of targeted ?? []) fields.delete(name);
  if (content !== undefined) fields.set("surrogate-control", content);
}

/** Returns a copy with which the cache in front requests the response again for each use. */
export function withoutLifetime(stored: Headers): Headers {
  const fields = new Headers(stored);
  endLifetime(fields);
  return fields;
}

/** Makes an answer private, and makes browsers request it again for each use, also while the site fails. */
export function allowNoReuse(fields: Headers): void {
  makePrivate(fields);
  dropDirectives(fields, ["stale-if-error"]);
  endLifetime(fields);
}

function endLifetime(fields: Headers): void {
  dropDirectives(fields, ["max-age", "s-maxage", "immutable", "stale-while-revalidate"]);
  addDirective(fields, "max-age=0");
  dropTargeted(fields);
  fields.delete("expires");
}

/**
 * Returns whether the whole answer is private, because of `private` or `no-store`. With an
 * argument, `private` applies only to the named fields.
 */
export function isPrivate(fields: Headers): boolean {
  // RFC 9111 §5.2.2.3: in some caches, must-understand overrides no-store.
  const isStrict = !states(fields, ["must-understand"]);
  const stated = fields.get("cache-control");
  const members = membersOf(stated);
  return parseDirectives(stated).some(({ name, argument, text }) => {
    const isMeant = name === "no-store" ? isStrict : name === "private" && argument === undefined;
    // Other caches may not find a directive within malformed text.
    return isMeant && text.toLowerCase() === name && members.includes(text);
  });
}

/**
 * Returns a copy of the fields. Unless another cache is in front, the copy lacks the fields for
 * shared caches, the fields with tags, and `s-maxage`. The copy has Surrogate-Control if a part of the
 * route reads and removes it.
 */
export function forClients(received: Headers, config: Config, route: AssembledRoute): Headers {
  return dropForShared(new Headers(received), config, route);
}

/** Changes the fields as `forClients` does. Returns the same object. */
function dropForShared(fields: Headers, config: Config, route: AssembledRoute): Headers {
  if (config.cacheInFront) return fields;
  const isRead = route.traits.surrogateCapability !== undefined;
  const surrogate = isRead ? fields.get("surrogate-control") : null;
  for (const name of [...forSharedCaches(config), ...tagFieldNames(config)]) fields.delete(name);
  if (surrogate !== null) fields.set("surrogate-control", surrogate);
  if (!isForShared(fields)) return fields;
  const hasOther = fields.has("expires") || states(fields, ["max-age"]);
  // Without the lifetime that it extends, it would extend the one that browsers assume (RFC 5861 §3).
  dropDirectives(fields, hasOther ? ["s-maxage"] : ["s-maxage", "stale-while-revalidate"]);
  return fields;
}

/**
 * Changes the fields for caches downstream. Besides what `forClients` changes, `Vary` names the fields
 * that decide the key, because such a cache would answer other clients (RFC 9110 §12.5.5). It names
 * `Cookie` only for a cache in front: each cookie of a site would make browsers request a page again.
 */
function forCaches(fields: Headers, config: Config, route: Route): Headers {
  dropForShared(fields, config, route);
  const { decidingHeaders, keyCookies } = route;
  const byCookie = config.cacheInFront && keyCookies.length > 0;
  const deciding = byCookie ? [...decidingHeaders, "cookie"] : decidingHeaders;
  if (deciding.length === 0 || states(fields, ["no-store"])) return fields;
  const stated = selectingFieldNames(fields);
  const missing = stated.includes("*") ? [] : deciding.filter((name) => !stated.includes(name));
  const written = missing.map((name) =>
    name.replaceAll(/\b[a-z]/g, (first) => first.toUpperCase()),
  );
  if (written.length > 0) fields.append("vary", written.join(", "));
  return fields;
}

/** Removes directives from Cache-Control. The other directives stay unchanged. */
function dropDirectives(fields: Headers, names: readonly string[]): void {
  const directives = parseDirectives(fields.get("cache-control"));
  const kept = directives.filter(({ name }) => !names.includes(name));
  if (kept.length === directives.length) return;
  if (kept.length === 0) fields.delete("cache-control");
  else fields.set("cache-control", kept.map(({ text }) => text).join(", "));
}

/** Adds a directive to Cache-Control: at the end, or before a text whose unclosed quote would contain it. */
function addDirective(fields: Headers, directive: string): void {
  const stated = fields.get("cache-control");
  const joined = stated === null ? directive : `${stated}, ${directive}`;
  const isRead = membersOf(joined).at(-1) === directive;
  fields.set("cache-control", isRead ? joined : `${directive}, ${stated}`);
}

/** Returns whether Cache-Control has a lifetime for shared caches, which answers leave without. */
export const isForShared = (fields: Headers): boolean => states(fields, ["s-maxage"]);

/**
 * Makes browsers validate a text or a permanent redirect before each use if nothing tells them how long they may use
 * it. They would assume a lifetime, and no purge reaches them.
 *
 * @param whole the whole answer, of which `fields` may be those of a 304
 */
export function letBrowsersValidate(
  fields: Headers,
  whole: Pick<Response, "status" | "headers">,
  { cacheInFront }: Config,
): void {
  if (cacheInFront || !isSilentToBrowsers(fields, whole)) return;
  dropDirectives(fields, ["max-age", "must-revalidate", "stale-while-revalidate"]);
  for (const directive of ["max-age=0", "must-revalidate"]) addDirective(fields, directive);
}

/** With `stale-while-revalidate`, a browser would show a stale page after its lifetime (RFC 5861 §3). */
const replacedForBrowsers = [
  "max-age",
  "immutable",
  "no-cache",
  "no-store",
  "must-revalidate",
  "stale-while-revalidate",
];

/**
 * Sets the browser lifetime. `browser: "60s"` means 60 s from now, so `max-age` is 60 s plus the
 * answer's `Age`. Skips statuses to which the route's `fresh` does not apply, such as errors,
 * because a purge cannot remove them from browsers. In the default mode, keeps the origin's
 * `no-cache` and `no-store`.
 */
function tellBrowsers(
  { fields, route, stated }: PreparedFields,
  status: number,
  age: number,
): void {
  if (route.browserSeconds === undefined || !isFreshStatus(route, status)) return;
  if (stated === null) fields.delete("cache-control");
  else fields.set("cache-control", stated);
  if (route.mode === "default" && states(fields, ["no-cache", "no-store"])) return;
  dropDirectives(fields, replacedForBrowsers);
  fields.delete("expires");
  addDirective(fields, `max-age=${age + route.browserSeconds}`);
  if (route.isImmutable) addDirective(fields, "immutable");
}

/** Returns whether Cache-Control has one of these directives. */
function states(fields: Headers, names: readonly string[]): boolean {
  return parseDirectives(fields.get("cache-control")).some(({ name }) => names.includes(name));
}

// The response fields that clients get: without what was meant for us, and with the lifetime that
// the route gives browsers.
import type { Config, Route } from "../../config/config.ts";
import { cacheStatus, type Handling } from "../../rules/cache-status.ts";
import { parseDirectives } from "../../rules/directives.ts";
import { connectionFields } from "../../rules/storable-fields.ts";
import { fieldsOf, headersOf } from "../../rules/fields.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { isFreshStatus } from "../stored/lifetime.ts";
import { tagFieldNames } from "../stored/tags.ts";

/** Fields that a 304 does not carry (RFC 9110 §15.4.5): they describe a body it does not have. */
export const bodyDescriptions = [
  "content-length",
  "content-encoding",
  "content-type",
  "content-range",
];

/** Fields and directives for caches like this one; they end here. */
const forSharedCaches = ["cdn-cache-control", "surrogate-control"];

interface Prepared {
  readonly route: Route;
  readonly fields: Headers;
  /** Cache-Control before it tells browsers their own lifetime. */
  readonly stated: string | null;
  /** Those of a 304; `undefined` until one is asked for. */
  notModified: Headers | undefined;
  age: number;
  /** All that Cache-Status tells of a hit; `undefined` where it tells of a forward. */
  told: Required<Pick<Handling, "ttlSeconds" | "detail" | "unverified">> | undefined;
}

const prepared = new WeakMap<StoredMetadata, Prepared>();

interface AnswerAsk {
  readonly route: Route;
  readonly config: Config;
  readonly ageSeconds: number;
  readonly handling: Handling;
}

/**
 * Fields of an answer from a stored response, with its age and what became of the request. Built
 * once and brought up to date from second to second: whoever changes them, or gives them away,
 * takes a copy.
 */
export function fieldsFromStored(metadata: StoredMetadata, ask: AnswerAsk): Headers {
  return upToDate(metadata, ask).fields;
}

/** The same for a 304, without what describes a body. */
export function fieldsNotModified(metadata: StoredMetadata, ask: AnswerAsk): Headers {
  const known = upToDate(metadata, ask);
  known.notModified ??= withoutBody(new Headers(known.fields));
  return known.notModified;
}

/** @returns the same object, without the fields that describe a body */
export function withoutBody(fields: Headers): Headers {
  for (const name of bodyDescriptions) fields.delete(name);
  return fields;
}

function upToDate(metadata: StoredMetadata, ask: AnswerAsk): Prepared {
  const { route } = ask;
  let known = prepared.get(metadata);
  if (known?.route !== route) {
    const fields = forClients(headersOf(metadata.fields), ask.config);
    const stated = fields.get("cache-control");
    known = { route, fields, stated, notModified: undefined, age: NaN, told: undefined };
    prepared.set(metadata, known);
  }
  const age = Math.floor(ask.ageSeconds);
  const isTold = tells(known.told, ask.handling);
  if (age === known.age && isTold) return known;
  known.notModified = undefined;
  if (age !== known.age) {
    known.fields.set("age", String(age));
    tellBrowsers(known, metadata.status, age);
    known.age = age;
  }
  if (!isTold) {
    const { kind, ttlSeconds = 0, detail, unverified = false } = ask.handling;
    const upstream = fieldsOf(metadata).get("cache-status");
    known.fields.set("cache-status", cacheStatus(ask.handling, upstream));
    const told = { ttlSeconds: Math.floor(ttlSeconds), detail, unverified };
    known.told = kind === "hit" ? told : undefined;
  }
  return known;
}

/** Does Cache-Status tell of this hit already? Its text is written once a second, not for each. */
function tells(told: Prepared["told"], handling: Handling): boolean {
  return (
    handling.kind === "hit" &&
    told !== undefined &&
    Math.floor(handling.ttlSeconds ?? 0) === told.ttlSeconds &&
    handling.detail === told.detail &&
    (handling.unverified ?? false) === told.unverified
  );
}

/** Fields of an answer that was just generated and is being stored: `Age` only if it came with one. */
export function fieldsOfFill(metadata: StoredMetadata, ask: AnswerAsk): Headers {
  const fields = new Headers(fieldsFromStored(metadata, ask));
  if (!fieldsOf(metadata).has("age")) fields.delete("age");
  return fields;
}

/** Fields of an answer that is passed on and not stored. */
export function fieldsPassedOn(response: Response, config: Config): Headers {
  const fields = forClients(response.headers, config);
  const dropped = connectionFields(response.headers);
  // What Connection nominates need not be a name: only what is there is deleted.
  for (const [name] of response.headers) if (dropped.has(name)) fields.delete(name);
  return fields;
}

/**
 * An answer to one client's own credentials or method must not be reused by caches beyond us
 * either, unless its origin has said who may (RFC 9111 §3.5).
 */
export function keepPrivate(fields: Headers): void {
  if (fields.has("set-cookie") || !states(fields, ["public", "s-maxage"])) makePrivate(fields);
}

/**
 * Makes an answer private, whatever its fields say: it contains something for one client alone.
 *
 * @returns whether it was not private before
 */
export function makePrivate(fields: Headers): boolean {
  dropDirectives(fields, ["public", "s-maxage"]);
  const isNew = !isPrivate(fields);
  if (isNew) fields.append("cache-control", "private");
  // RFC 9213 §2: targeted fields go before Cache-Control, and other caches have theirs.
  const isTargeted = (name: string) =>
    forSharedCaches.includes(name) || name.endsWith("-cache-control");
  for (const name of [...fields.keys()].filter(isTargeted)) fields.delete(name);
  return isNew;
}

/** As a whole: with an argument `private` is about some fields alone. */
export function isPrivate(fields: Headers): boolean {
  // RFC 9111 §5.2.2.3: must-understand lifts the no-store beside it in some caches.
  const isStrict = !states(fields, ["must-understand"]);
  return parseDirectives(fields.get("cache-control")).some(({ name, argument }) =>
    name === "no-store" ? isStrict : name === "private" && argument === undefined,
  );
}

/** Without what was meant for caches like this one alone: tags, and lifetimes for shared caches. */
export function forClients(received: Headers, config: Config): Headers {
  const fields = new Headers(received);
  if (config.cacheInFront) return fields;
  for (const name of [...forSharedCaches, ...tagFieldNames(config)]) fields.delete(name);
  dropDirectives(fields, ["s-maxage"]);
  return fields;
}

/** Directives that stay are written back as they stood. */
function dropDirectives(fields: Headers, names: readonly string[]): void {
  const directives = parseDirectives(fields.get("cache-control"));
  const kept = directives.filter(({ name }) => !names.includes(name));
  if (kept.length === directives.length) return;
  if (kept.length === 0) fields.delete("cache-control");
  else fields.set("cache-control", kept.map(({ text }) => text).join(", "));
}

/**
 * `browser: "60s"` means sixty seconds from now, and an answer is already as old as its `Age`. Not of
 * an error or a redirect that `fresh` does not speak of: no purge would take it out of a browser.
 */
function tellBrowsers({ fields, route, stated }: Prepared, status: number, age: number): void {
  if (route.browserSeconds === undefined || !isFreshStatus(route, status)) return;
  if (stated === null) fields.delete("cache-control");
  else fields.set("cache-control", stated);
  if (route.mode === "default" && states(fields, ["no-cache", "no-store"])) return;
  dropDirectives(fields, ["max-age", "immutable", "no-cache", "no-store", "must-revalidate"]);
  fields.delete("expires");
  fields.append("cache-control", `max-age=${age + route.browserSeconds}`);
  if (route.immutable) fields.append("cache-control", "immutable");
}

/** Does Cache-Control name one of these directives? */
function states(fields: Headers, names: readonly string[]): boolean {
  return parseDirectives(fields.get("cache-control")).some(({ name }) => names.includes(name));
}

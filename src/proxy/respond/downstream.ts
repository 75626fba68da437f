// Builds the response fields for clients: without fields for this cache, and with the route's lifetime for
// browsers.
import type { Config, Route } from "../../config/config.ts";
import { cacheStatus, type Handling } from "../../rules/cache-status.ts";
import { parseDirectives } from "../../rules/directives.ts";
import { connectionFields } from "../../rules/storable-fields.ts";
import { fieldsOf, headersOf } from "../../rules/fields.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";
import { isFreshStatus } from "../stored/lifetime.ts";
import { tagFieldNames } from "../stored/tags.ts";

/** Fields that describe a body, which a 304 does not have (RFC 9110 §15.4.5). */
export const bodyDescriptions = [
  "content-length",
  "content-encoding",
  "content-type",
  "content-range",
];

/** Fields and directives for shared caches like this one. Clients do not get them. */
const forSharedCaches = ["cdn-cache-control", "surrogate-control"];

interface PreparedFields {
  readonly route: Route;
  readonly fields: Headers;
  /** Cache-Control before the route's browser lifetime. */
  readonly stated: string | null;
  /** The fields of a 304; `undefined` before the first one. */
  notModified: Headers | undefined;
  age: number;
  /** The content of Cache-Status for a hit; `undefined` for a forward. */
  handlingText: Required<Pick<Handling, "ttlSeconds" | "detail" | "unverified">> | undefined;
}

const prepared = new WeakMap<StoredMetadata, PreparedFields>();

interface AnswerAsk {
  readonly route: Route;
  readonly config: Config;
  readonly ageSeconds: number;
  readonly handling: Handling;
}

/**
 * Returns the fields of an answer from a stored response, with its age and Cache-Status. Built once and
 * updated every second, so callers have to copy them before changing or passing them on.
 */
export function fieldsFromStored(metadata: StoredMetadata, ask: AnswerAsk): Headers {
  return upToDate(metadata, ask).fields;
}

/** Returns the same for a 304, without fields that describe a body. */
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

function upToDate(metadata: StoredMetadata, ask: AnswerAsk): PreparedFields {
  const { route } = ask;
  let known = prepared.get(metadata);
  if (known?.route !== route) {
    const fields = forClients(headersOf(metadata.fields), ask.config);
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
    tellBrowsers(known, metadata.status, age);
    known.age = age;
  }
  if (!isCurrent) {
    const { kind, ttlSeconds = 0, detail, unverified = false } = ask.handling;
    const upstream = fieldsOf(metadata).get("cache-status");
    known.fields.set("cache-status", cacheStatus(ask.handling, upstream));
    const told = { ttlSeconds: Math.floor(ttlSeconds), detail, unverified };
    known.handlingText = kind === "hit" ? told : undefined;
  }
  return known;
}

/**
 * Returns whether Cache-Status already describes this hit. Its text is written once a second, not for each.
 */
function tells(told: PreparedFields["handlingText"], handling: Handling): boolean {
  return (
    handling.kind === "hit" &&
    told !== undefined &&
    Math.floor(handling.ttlSeconds ?? 0) === told.ttlSeconds &&
    handling.detail === told.detail &&
    (handling.unverified ?? false) === told.unverified
  );
}

/** Returns the fields of a new answer that is being stored. `Age` only if it came with one. */
export function fieldsOfFill(metadata: StoredMetadata, ask: AnswerAsk): Headers {
  const fields = new Headers(fieldsFromStored(metadata, ask));
  if (!fieldsOf(metadata).has("age")) fields.delete("age");
  return fields;
}

/** Returns the fields of an answer that is passed on and not stored. */
export function fieldsPassedOn(response: Response, config: Config): Headers {
  const fields = forClients(response.headers, config);
  const dropped = connectionFields(response.headers);
  // Connection may name anything, so delete only fields that exist.
  for (const [name] of response.headers) if (dropped.has(name)) fields.delete(name);
  return fields;
}

/**
 * Makes an answer to a client's own credentials or method private for caches behind us, unless the origin
 * allows sharing (RFC 9111 §3.5).
 */
export function keepPrivate(fields: Headers): void {
  if (fields.has("set-cookie") || !states(fields, ["public", "s-maxage"])) makePrivate(fields);
}

/**
 * Makes an answer private, whatever its fields say.
 *
 * @returns whether it was not private before
 */
export function makePrivate(fields: Headers): boolean {
  dropDirectives(fields, ["public", "s-maxage"]);
  const isNew = !isPrivate(fields);
  if (isNew) fields.append("cache-control", "private");
  // RFC 9213 §2: targeted fields precede Cache-Control, and other caches have their own.
  const isTargeted = (name: string) =>
    forSharedCaches.includes(name) || name.endsWith("-cache-control");
  for (const name of [...fields.keys()].filter(isTargeted)) fields.delete(name);
  return isNew;
}

/** Returns whether the whole answer is private: with an argument, `private` is about some fields alone. */
export function isPrivate(fields: Headers): boolean {
  // RFC 9111 §5.2.2.3: in some caches, must-understand overrides a no-store beside it.
  const isStrict = !states(fields, ["must-understand"]);
  return parseDirectives(fields.get("cache-control")).some(({ name, argument }) =>
    name === "no-store" ? isStrict : name === "private" && argument === undefined,
  );
}

/** Removes fields for shared caches: tags and lifetimes. */
export function forClients(received: Headers, config: Config): Headers {
  const fields = new Headers(received);
  if (config.cacheInFront) return fields;
  for (const name of [...forSharedCaches, ...tagFieldNames(config)]) fields.delete(name);
  dropDirectives(fields, ["s-maxage"]);
  return fields;
}

/** Removes directives. The others are written back unchanged. */
function dropDirectives(fields: Headers, names: readonly string[]): void {
  const directives = parseDirectives(fields.get("cache-control"));
  const kept = directives.filter(({ name }) => !names.includes(name));
  if (kept.length === directives.length) return;
  if (kept.length === 0) fields.delete("cache-control");
  else fields.set("cache-control", kept.map(({ text }) => text).join(", "));
}

/**
 * Sets the browser lifetime. `browser: "60s"` means 60 s from now, so the answer's `Age` is added. Skips
 * errors and redirects that `fresh` does not cover, because no purge would reach them in a browser.
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
  dropDirectives(fields, ["max-age", "immutable", "no-cache", "no-store", "must-revalidate"]);
  fields.delete("expires");
  fields.append("cache-control", `max-age=${age + route.browserSeconds}`);
  if (route.immutable) fields.append("cache-control", "immutable");
}

/** Returns whether Cache-Control has one of these directives. */
function states(fields: Headers, names: readonly string[]): boolean {
  return parseDirectives(fields.get("cache-control")).some(({ name }) => names.includes(name));
}

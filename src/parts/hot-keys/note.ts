// Notes of hot keys. A note contains the data to request the page again, and no other data of a
// client. Notes are read from a store, so they are validated like other input.
import type { ReadUrl } from "../../routing/url-reader.ts";
import * as v from "valibot";
import { finite, dataIn, whole } from "../../base/schemas.ts";
import type { Config } from "../../config/config.ts";
import { reach } from "../../config/tier-names.ts";
import { acceptClassName } from "../../rules/accept-class.ts";
import { mayBeSecret, selectingValues } from "../../rules/selecting.ts";
import { isFieldName } from "../../cache/tiers/record-codec.ts";
import { isFieldValue } from "../../pages/stored/response-form.ts";
import { inNobodysName } from "../../pages/fetch/refresh.ts";
import { mayBeOfAll } from "../../pages/request/personal.ts";
import { type LookupRequest, asRefresh, plan, type PlanContext } from "../../pages/request/plan.ts";
import { sentUrl } from "../../routing/target.ts";
import type { Terms } from "../../pages/stored/lifetime.ts";
import type { Candidate } from "../../pages/stored/stored-response.ts";

/** The minimum lifetime of a noted response: the interval between runs of the cron trigger. */
const lifetimeSecondsMin = 60;

const urlCharactersMax = 2_048;
const fieldsMax = 16;
const valueCharactersMax = 1_024;
const countMax = 1_000_000;

const fieldName = v.pipe(v.string(), v.check<string>(isFieldName));
const fieldValue = v.pipe(
  v.string(),
  v.check<string>(isFieldValue),
  v.maxLength(valueCharactersMax),
);

const noteForm = v.object({
  /** The URL of the key, in the client's spelling. */
  url: v.pipe(v.string(), v.maxLength(urlCharactersMax)),
  /** The route's key fields and the response's selecting fields, sorted by name. None is a secret. */
  fields: v.pipe(v.array(v.strictTuple([fieldName, fieldValue])), v.maxLength(fieldsMax)),
  /** The instant when the stored response becomes stale, in epoch milliseconds. */
  expiresAtMs: finite(),
  count: v.pipe(whole(), v.minValue(1), v.maxValue(countMax)),
});

/** A hot key, and the number of its samples. */
export type HotKeyNote = Readonly<v.InferOutput<typeof noteForm>>;

/** Reads a note. Returns `undefined` if the note is invalid or too large. Never throws. */
export function readNote(value: unknown): HotKeyNote | undefined {
  return dataIn(noteForm, value);
}

/** Fields that the Worker sets itself. */
const setByUs: ReadonlySet<string> = new Set([
  "x-forwarded-proto",
  "x-forwarded-host",
  "surrogate-capability",
]);

/** Returns the instant when the response's lifetime ends, in epoch milliseconds. */
export function expiresAtMs({ stored }: Candidate, { lifetimeSeconds, ...terms }: Terms): number {
  return stored.metadata.respondedAtMs + (lifetimeSeconds - terms.initialAgeSeconds) * 1_000;
}

/**
 * Returns whether a hit's response can be kept warm. The request must be a GET without an unknown
 * cookie, on a route with the shared tier. The response must fit into that tier, must not be an
 * error, and must have a lifetime of a minute or more.
 */
export function canBeKeptWarm(
  { stored }: Candidate,
  request: LookupRequest,
  { terms, config }: { terms: Terms; config: Pick<Config, "limits"> },
): boolean {
  const { status, bodyBytes } = stored.metadata;
  return (
    request.method === "GET" &&
    !request.hasUnknownCookie &&
    reach(request.route.tiers, "world") &&
    status < 400 &&
    bodyBytes !== null &&
    bodyBytes <= config.limits.sharedBodyBytes &&
    terms.lifetimeSeconds - terms.initialAgeSeconds >= lifetimeSecondsMin
  );
}

/**
 * Returns the note of a hit; `undefined` if the key has cookies or values of `request.cf`, or if the
 * note would contain a value that may be a secret, or be too large.
 */
export function noteOf(
  candidate: Candidate,
  request: LookupRequest,
  terms: Terms,
): HotKeyNote | undefined {
  const { cf, keyedCookies, route } = request;
  const url = sentUrl(request.target);
  // The isolate's own request has no `request.cf`, and no values of rules, so it cannot have this key.
  if (cf.length > 0 || keyedCookies !== "" || route.phases.keyed !== undefined) return undefined;
  const { metadata } = candidate.stored;
  const names = new Set([...metadata.selecting.map(([name]) => name), ...route.keyHeaders]);
  // The class of `Accept` is no field. The field of such a request stands for it.
  const isByClass = names.delete(acceptClassName) && !names.has("accept");
  if (isByClass) names.add("accept");
  const { forwarded } = isByClass ? inNobodysName(request, metadata) : request;
  const fields = selectingValues([...names].sort(), forwarded).filter(
    ([name, value]) => value !== null && !setByUs.has(name),
  );
  const isOfClient = ([name]: readonly [string, unknown]) => !mayBeOfAll(name, request);
  if (fields.some(mayBeSecret) || fields.some(isOfClient)) return undefined;
  return readNote({ url, fields, expiresAtMs: expiresAtMs(candidate, terms), count: 1 });
}

/** The parts of an exchange that are needed to follow a note. */
interface HotKeyContext extends PlanContext {
  readonly site: PlanContext["site"] & {
    readonly siteHosts: readonly string[];
    readonly readUrl: ReadUrl;
  };
}

/**
 * Returns the isolate's own request for a note; `undefined` if the note must not be followed. The
 * request is planned like a client's request and must match the note. A path below `/_cache/`, a
 * host outside the site, or a session is rejected. So an attacker who can write to the store can cause
 * only requests that any client can cause. Never throws.
 */
export function askedAgain(note: HotKeyNote, exchange: HotKeyContext): LookupRequest | undefined {
  const noted = requestOf(note);
  const { siteHosts, readUrl } = exchange.site;
  if (noted === undefined || siteHosts.length === 0) return undefined;
  const read = readUrl(noted, noted);
  for (const [name, value] of Object.entries(read.route.neutralFields)) {
    const isSet = noted.headers.has(name) || read.route.keyHeaders.includes(name);
    if (!isSet) noted.headers.set(name, value);
  }
  const planned = plan(noted, read, exchange);
  if (planned.kind !== "lookup") return undefined;
  const { request } = planned;
  const isAsNoted =
    sentUrl(request.target) === note.url &&
    reach(request.route.tiers, "world") &&
    note.fields.every(([name]) => mayBeOfAll(name, request));
  return isAsNoted ? asRefresh(request, []) : undefined;
}

function requestOf({ url, fields }: HotKeyNote): Request | undefined {
  try {
    return new Request(url, { headers: fields });
  } catch {
    // The URL or a field value is invalid.
    return undefined;
  }
}

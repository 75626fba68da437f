// Notes of hot keys: everything for another request to the origin, and nothing else of a client. They are
// read from Redis, so they are checked like other input.
import type { ReadUrl } from "../request/url-reader.ts";
import * as z from "zod/mini";
import type { Config } from "../../config/config.ts";
import { reach } from "../../config/tier-names.ts";
import { fieldName, fieldValue } from "../stored/record-form.ts";
import { type LookupRequest, asRefresh, plan, type PlanContext } from "../request/plan.ts";
import type { Terms } from "../stored/lifetime.ts";
import type { Candidate } from "../stored/stored-response.ts";

/** A shorter lifetime ends before the next run of the cron trigger. */
const lifetimeSecondsMin = 60;

const urlCharactersMax = 2_048;
const fieldsMax = 16;
const valueCharactersMax = 1_024;
const countMax = 1_000_000;

const shortValue = fieldValue.check(z.maxLength(valueCharactersMax));

const noteForm = z.object({
  /** The keyed URL. */
  url: z.string().check(z.maxLength(urlCharactersMax)),
  /** The route's key fields and the response's selecting fields, sorted by name. */
  fields: z.array(z.tuple([fieldName, shortValue])).check(z.maxLength(fieldsMax)),
  /** The cookies of the key, as one field value; empty for none. */
  cookie: shortValue,
  /** When the stored response becomes stale, in epoch milliseconds. */
  expiresAtMs: z.number(),
  count: z.int().check(z.minimum(1), z.maximum(countMax)),
});

/** A hot key and how often it was sampled. */
export type HotKeyNote = Readonly<z.output<typeof noteForm>>;

/** Reads a note. Returns `undefined` if its form is invalid or it is too large. Never throws. */
export function readNote(value: unknown): HotKeyNote | undefined {
  const checked = z.safeParse(noteForm, value);
  return checked.success ? checked.data : undefined;
}

/** Fields of a client's identity or address, which an origin may trust. */
const ofOneClient: ReadonlySet<string> = new Set(
  (
    "authorization proxy-authorization cookie via forwarded x-forwarded-for x-real-ip " +
    "true-client-ip x-client-ip x-cluster-client-ip cf-connecting-ip cf-connecting-ipv6 " +
    "cf-pseudo-ipv4"
  ).split(" "),
);

/** Fields that the Worker itself sets, from the note or to a constant. */
const setByUs: ReadonlySet<string> = new Set([
  "cookie",
  "x-forwarded-proto",
  "x-forwarded-host",
  "surrogate-capability",
]);

/** Returns whether a note may have this field. The platform's fields and credentials must be key fields. */
export function mayBeNoted(name: string, { route }: Pick<LookupRequest, "route">): boolean {
  if (ofOneClient.has(name)) return false;
  if (route.keyHeaders.includes(name)) return true;
  return !name.startsWith("cf-") && route.credentials.entryFor(name) === undefined;
}

/** Returns when the response becomes stale by its lifetime, in epoch milliseconds. */
export function expiresAtMs({ stored }: Candidate, { lifetimeSeconds, ...terms }: Terms): number {
  return stored.metadata.respondedAtMs + (lifetimeSeconds - terms.initialAgeSeconds) * 1_000;
}

/** Returns whether a response is worth keeping warm: refreshable in time, shared by colos, no error. */
export function canBeKeptWarm(
  { stored }: Candidate,
  asked: LookupRequest,
  { terms, config }: { terms: Terms; config: Pick<Config, "limits"> },
): boolean {
  const { status, bodyBytes } = stored.metadata;
  return (
    asked.method === "GET" &&
    !asked.hasUnknownCookie &&
    reach(asked.route.tiers, "world") &&
    status < 400 &&
    bodyBytes !== null &&
    bodyBytes <= config.limits.sharedBodyBytes &&
    terms.lifetimeSeconds - terms.initialAgeSeconds >= lifetimeSecondsMin
  );
}

/** Returns the note of a hit; `undefined` if it would contain a client's data or be too large. */
export function noteOf(
  candidate: Candidate,
  asked: LookupRequest,
  terms: Terms,
): HotKeyNote | undefined {
  // The isolate's own request has no `request.cf`, so it could not have this key.
  if (asked.cf.length > 0) return undefined;
  const { selecting } = candidate.stored.metadata;
  const keyed = asked.route.keyHeaders.map((name) => [name, asked.forwarded.get(name)] as const);
  const fields = [...new Map([...selecting, ...keyed])]
    .flatMap(([name, value]): [string, string][] =>
      value === null || setByUs.has(name) ? [] : [[name, value]],
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (!fields.every(([name]) => mayBeNoted(name, asked))) return undefined;
  const { url, keyedCookies: cookie } = asked;
  return readNote({ url, fields, cookie, expiresAtMs: expiresAtMs(candidate, terms), count: 1 });
}

/** The part of an exchange that is needed to follow a note. */
interface HotKeyContext extends PlanContext {
  readonly site: PlanContext["site"] & {
    readonly siteHosts: readonly string[];
    readonly readUrl: ReadUrl;
  };
}

/**
 * Returns the isolate's own request for a note; `undefined` if the note must not be followed. The request
 * is planned like a client's and must match the note: no path below `/_cache/`, only hosts of the site, no
 * session. A writer to Redis thus gains no more than any client. Never throws.
 */
export function askedAgain(note: HotKeyNote, exchange: HotKeyContext): LookupRequest | undefined {
  const request = requestOf(note);
  const { siteHosts, readUrl } = exchange.site;
  if (request === undefined || siteHosts.length === 0) return undefined;
  const planned = plan(request, readUrl(request), exchange);
  if (planned.kind !== "look-up") return undefined;
  const { asked } = planned;
  const isAsNoted =
    asked.url === note.url &&
    asked.keyedCookies === note.cookie &&
    !asked.hasUnknownCookie &&
    reach(asked.route.tiers, "world") &&
    note.fields.every(([name]) => mayBeNoted(name, asked));
  return isAsNoted ? asRefresh(asked, []) : undefined;
}

function requestOf({ url, fields, cookie }: HotKeyNote): Request | undefined {
  try {
    const headers = new Headers(fields);
    if (cookie !== "") headers.set("cookie", cookie);
    return new Request(url, { headers });
  } catch {
    // An invalid URL or field value.
    return undefined;
  }
}

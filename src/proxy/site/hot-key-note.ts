// What is noted of a key that is asked for often: all that is needed to ask its origin again, and
// nothing else of any client. Notes come back from Redis, so they are checked like other input.
import type { ReadUrl } from "../request/url-reader.ts";
import * as z from "zod/mini";
import type { Config } from "../../config/config.ts";
import { reach } from "../../config/tier-names.ts";
import { fieldName, fieldValue } from "../stored/record-form.ts";
import { type Asked, asRefresh, plan, type Planning } from "../request/plan.ts";
import type { Terms } from "../stored/lifetime.ts";
import type { Candidate } from "../stored/stored-response.ts";

/** A shorter lifetime is over before the cron trigger comes again. */
const lifetimeSecondsMin = 60;

const urlCharactersMax = 2_048;
const fieldsMax = 16;
const valueCharactersMax = 1_024;
const countMax = 1_000_000;

const shortValue = fieldValue.check(z.maxLength(valueCharactersMax));

const noteForm = z.object({
  /** The keyed URL. */
  url: z.string().check(z.maxLength(urlCharactersMax)),
  /** What the route keys by, and what the stored response selects by, in the order of names. */
  fields: z.array(z.tuple([fieldName, shortValue])).check(z.maxLength(fieldsMax)),
  /** Those cookies alone that the route keys by, as one field value; empty for none. */
  cookie: shortValue,
  /** Epoch milliseconds; when the stored response becomes stale. */
  expiresAtMs: z.number(),
  count: z.int().check(z.minimum(1), z.maximum(countMax)),
});

/** A hot key and how often it was sampled. */
export type HotKeyNote = Readonly<z.output<typeof noteForm>>;

/** @returns `undefined` for what has another form, or is larger than a note may be. Never throws. */
export function readNote(value: unknown): HotKeyNote | undefined {
  const checked = z.safeParse(noteForm, value);
  return checked.success ? checked.data : undefined;
}

/** Who asked, or where from: of one client, and set by proxies whom an origin believes. */
const ofOneClient: ReadonlySet<string> = new Set(
  (
    "authorization proxy-authorization cookie via forwarded x-forwarded-for x-real-ip " +
    "true-client-ip x-client-ip x-cluster-client-ip cf-connecting-ip cf-connecting-ipv6 " +
    "cf-pseudo-ipv4"
  ).split(" "),
);

/** The Worker sets these itself, from the URL or always alike. */
const setByUs: ReadonlySet<string> = new Set([
  "cookie",
  "x-forwarded-proto",
  "x-forwarded-host",
  "surrogate-capability",
]);

/** The platform's own fields and credentials count only where the operator has named them. */
export function mayBeNoted(name: string, { route }: Pick<Asked, "route">): boolean {
  if (ofOneClient.has(name)) return false;
  if (route.keyHeaders.includes(name)) return true;
  return !name.startsWith("cf-") && route.credentials.entryFor(name) === undefined;
}

/** @returns when the response becomes stale by its lifetime, in epoch milliseconds */
export function expiresAtMs({ stored }: Candidate, { lifetimeSeconds, ...terms }: Terms): number {
  return stored.metadata.respondedAtMs + (lifetimeSeconds - terms.initialAgeSeconds) * 1_000;
}

/** Can it be refreshed in time, and reach other colos? An error is nothing to keep. */
export function canBeKeptWarm(
  { stored }: Candidate,
  asked: Asked,
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

/** What is noted of one hit. @returns `undefined` where a note would tell of one client, or be too large */
export function noteOf(candidate: Candidate, asked: Asked, terms: Terms): HotKeyNote | undefined {
  // A request of our own has no `request.cf`.
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

/** The part of an exchange that reads a note. */
interface AskingAgain extends Planning {
  readonly site: Planning["site"] & {
    readonly siteHosts: readonly string[];
    readonly readUrl: ReadUrl;
  };
}

/**
 * The request that a note stands for, as the isolate itself makes it. It goes through the same
 * plan as any client's and must come out as it was noted: nothing below `/_cache/`, no host but
 * the sites', no session. Whoever writes to Redis can thus ask for what any client could.
 *
 * @returns `undefined` for a note that must not be followed. Never throws.
 */
export function askedAgain(note: HotKeyNote, exchange: AskingAgain): Asked | undefined {
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
    // No URL, or a value that no field can have.
    return undefined;
  }
}

// Findings on the origins and the fields of their pages, and whether any origin can be used.
import { isoOf } from "../../../base/iso-date.ts";
import { isWithinMs } from "../../../base/elapsed.ts";
import { aboutRoute, type Finding } from "../../../protocol/finding.ts";
import { outwardTargetOf } from "../../../protocol/caches-below.ts";
import { remedyOfSilence } from "../../../rules/selecting.ts";
import type { SiteState } from "./site-state.ts";

/**
 * The time for which an origin counts as down after its last failure. With traffic, failed probes renew
 * that failure every few seconds.
 */
const downMs = 60_000;

/**
 * Returns whether only stored responses can be served, because each origin that a route uses is unusable or
 * was down within the last minute.
 */
export function isUnable(state: SiteState): boolean {
  const { originNames, usableOrigins } = state;
  return originNames.every((name) => !usableOrigins.has(name) || isDownNow(state, name));
}

function isDownNow(state: SiteState, name: string): boolean {
  const lastAtMs = state.originTroubles.get(name)?.lastAtMs;
  const isRecent = lastAtMs !== undefined && isWithinMs(downMs, lastAtMs, state.atMs);
  return state.originsShutOff.includes(name) && isRecent;
}

type OriginTrouble =
  SiteState["originTroubles"] extends ReadonlyMap<string, infer One> ? One : never;

/** One finding per origin that has failed, and has not answered since. */
export function originTroubles(state: SiteState): Finding[] {
  return [...state.originTroubles]
    .filter(([, { isOver }]) => !isOver)
    .map(([name, trouble]) => {
      const isShutOff = state.originsShutOff.includes(name);
      return isShutOff ? down(name, trouble, state) : failing(name, trouble);
    });
}

const checkIt = "Check that its server runs, and that no firewall stops requests from Tidemark.";
const speedItUp =
  "Check how busy its server is. If its pages need more time, raise originTimeout in the configuration.";

function down(name: string, trouble: OriginTrouble, state: SiteState): Finding {
  const probing = isDownNow(state, name)
    ? "Only background probes and bypassed requests contact it."
    : `Its last recorded failure was at ${isoOf(trouble.lastAtMs)}.`;
  return {
    code: "origin-down",
    level: "critical",
    about: aboutOf(name),
    what: `Origin ${JSON.stringify(name)} is shut off: cacheable requests without a stored response or a fallback origin get 503. ${probing}`,
    since: isoOf(trouble.sinceAtMs),
    cause: "Requests for several of its paths failed, and then a probe failed.",
    remedy: `${checkIt} A probe notices when the origin answers again.`,
    details: detailsOf(trouble),
  };
}

const asksForLog = "Read its server's log, or request the page from the origin with curl -v.";

const failures = {
  unreachable: {
    code: "origin-unreachable",
    did: "could not be reached",
    cause: "Its server is down, or the network between Tidemark and the server is interrupted.",
    remedy: checkIt,
  },
  "invalid-response": {
    code: "origin-invalid",
    did: "sent an invalid response",
    cause:
      "The response breaks HTTP, or has a transfer coding other than chunked. A status 520 of Cloudflare's network also means an empty response, or fields of more than 128 KiB.",
    remedy: asksForLog,
  },
  "fields-too-large": {
    code: "origin-invalid",
    did: "sent too large header fields",
    cause:
      "They have more than 128 KiB together, or more than 16 KiB for a handler that calls fetch on Node.",
    remedy: "Let the origin send fewer fields, or fewer tags.",
  },
  timeout: {
    code: "origin-slow",
    did: "did not answer in time",
    cause: "Its server is overloaded, or the page needs longer than originTimeout.",
    remedy: speedItUp,
  },
} as const satisfies Readonly<Record<OriginTrouble["kind"], object>>;

function failing(name: string, trouble: OriginTrouble): Finding {
  const { did, ...failure } = failures[trouble.kind];
  return {
    ...failure,
    level: "warning",
    about: aboutOf(name),
    what: `Origin ${JSON.stringify(name)} ${did}.`,
    since: isoOf(trouble.sinceAtMs),
    details: detailsOf(trouble),
  };
}

/** Returns one finding per origin that refused all recent anonymous requests, unless it is shut off. */
export function anonymousRefused(state: SiteState): Finding[] {
  return [...state.refusingAnonymous]
    .filter(([name]) => !state.originsShutOff.includes(name))
    .map(([name, sinceAtMs]) => ({
      code: "anonymous-refused",
      level: "info",
      about: aboutOf(name),
      what: `Origin ${JSON.stringify(name)} refused requests that Tidemark sent without any client's fields. If a client's request for a page fails, the waiting requests cannot share such a request. Tidemark then forwards each of them, about ten at a time per isolate.`,
      since: isoOf(sinceAtMs),
      cause:
        "The page fails for everybody, or the origin or its firewall needs a field that only a client sends.",
      remedy:
        "Request the page with User-Agent and Accept as its only fields. If that fails and a browser succeeds, name the field that the origin needs in key.headers, or let the firewall allow requests from Tidemark.",
    }));
}

const aboutOf = (name: string) => `origin ${JSON.stringify(name)}`;

const words = {
  unreachable: "without a connection",
  "invalid-response": "with an invalid response",
  "fields-too-large": "with too large fields",
  timeout: "without an answer in time",
} as const;

/** Returns sentences with the count of each kind of failure since the isolate started. */
function detailsOf({ counts, lastAtMs }: OriginTrouble): string {
  const parts = Object.entries(words)
    .map(([kind, text]) => ({ text, count: counts[kind as keyof typeof words] ?? 0 }))
    .filter(({ count }) => count > 0)
    .map(({ text, count }) => `${count} ${text}`);
  return `Failed requests since this isolate started: ${parts.join(", ")}. The last failure was at ${isoOf(lastAtMs)}.`;
}

const listed = (texts: readonly string[]) =>
  `[${texts.map((text) => JSON.stringify(text)).join(", ")}]`;

/** One finding per route that refused to share a response because of such a field. */
export function credentialField({ notes }: SiteState): Finding[] {
  return notes("credential-field").map(({ route, entries, sinceAtMs }) => {
    const whose = aboutRoute(route);
    const list = listed(entries);
    const isWhole = entries.every((entry) => !entry.includes("*"));
    const keyed = isWhole ? list : "[the field's name]";
    return {
      code: "credential-field",
      level: "info",
      about: whose,
      what: `Requests of ${whose} have a field that looks like a credential (${entries.join(", ")}). Tidemark forwards each of them, and does not store the response.`,
      since: isoOf(sinceAtMs),
      cause:
        "The origin says neither public nor s-maxage, and does not name the field in Vary. So the response may be for only one client. Cache-Status names the field.",
      remedy: `If the response does not depend on the field, write credentialFields: { except: ${list} }. If the response differs by the field, write key: { headers: ${keyed} }, or let the origin name the field in Vary. If the route needs few fields, list these in forward.`,
    };
  });
}

const pagesMax = 5;

/** One finding per route with pages that differed by a field without a matching `Vary`. */
export function variesSilently({ notes }: SiteState): Finding[] {
  return notes("varies-silently").map(({ route, entries, sinceAtMs }) => {
    const pairs = entries.map((entry) => entry.split(" ", 2) as [field: string, path: string]);
    const pages = [...new Set(pairs.map(([, path]) => path))].slice(0, pagesMax);
    return {
      code: "varies-silently",
      level: "warning",
      about: aboutRoute(route),
      what: `Pages of ${aboutRoute(route)} differ by a request field that Vary does not name. Clients may have got another language than they asked for. Media types are kept apart by classes of Accept.`,
      since: isoOf(sinceAtMs),
      cause:
        "A refresh, with Tidemark's own fields, or a client of another class of Accept, got another media type or language than an earlier client. Of two languages, Tidemark stores that of the refresh.",
      remedy: `${remedyOfSilence(pairs.map(([field]) => field))}. If Tidemark's own fields are wrong for these pages, set anonymous in the route.`,
      details: `Pages: ${pages.join(", ")}.`,
    };
  });
}

/** One finding per route with pages that changed under the same validator at a purge. */
export function validatorLies({ notes }: SiteState): Finding[] {
  return notes("validator-lies").map(({ route, entries, sinceAtMs }) => ({
    code: "validator-lies",
    level: "info",
    about: aboutRoute(route),
    what: `Pages of ${aboutRoute(route)} changed, and kept their ETag or Last-Modified. Browsers now get an ETag made of the body for them.`,
    since: isoOf(sinceAtMs),
    cause:
      "The validator is that of a build or a fixed date, or a weak ETag of a page with a small difference in each answer.",
    remedy: `Let the origin derive the ETag from the content, or send none. Or write validators: "content" in the route: then browsers get such an ETag from the first answer.`,
    details: pagesOf(entries),
  }));
}

/** One finding per route with stored pages whose visitors share a nonce. */
export function nonceShared({ notes }: SiteState): Finding[] {
  return notes("nonce-shared").map(({ route, entries, sinceAtMs }) => ({
    code: "nonce-shared",
    level: "warning",
    about: aboutRoute(route),
    what: `Pages of ${aboutRoute(route)} are stored with a nonce in Content-Security-Policy. All visitors get the same nonce, so an attacker who reads it can inject scripts.`,
    since: isoOf(sinceAtMs),
    cause: "The origin makes a nonce for each answer, and Tidemark stores the answer.",
    remedy:
      "Write use: [nonce()] in the route, with nonce of tidemark/nonce: each answer then has a nonce of its own. Or let the origin allow scripts by hashes ('sha256-…').",
    details: pagesOf(entries),
  }));
}

const pagesOf = (paths: readonly string[]) => `Pages: ${paths.slice(0, pagesMax).join(", ")}.`;

/** One finding per route whose responses have a No-Vary-Search that counts as absent. */
export function variationInvalid({ notes }: SiteState): Finding[] {
  return notes("no-vary-search-invalid").map(({ route, entries, sinceAtMs }) => ({
    code: "no-vary-search-invalid",
    level: "warning",
    about: aboutRoute(route),
    what: `Responses of ${aboutRoute(route)} have a No-Vary-Search without effect. Each value of each parameter has its own stored response.`,
    since: isoOf(sinceAtMs),
    cause: entries.join(" "),
    remedy: `Let the origin send No-Vary-Search: params=("utm_source") with the parameters that do not matter, or params, except=("id") with those that do. Browsers and Tidemark accept both.`,
  }));
}

/** One finding per route with answers whose media type contradicted the extension in their path. */
export function extensionMismatch({ notes }: SiteState): Finding[] {
  return notes("extension-mismatch").map(({ route, sinceAtMs }) => ({
    code: "extension-mismatch",
    level: "info",
    about: aboutRoute(route),
    what: `Answers of ${aboutRoute(route)} had a media type that contradicts the extension in their path, such as HTML at /a.css. Tidemark did not store them.`,
    since: isoOf(sinceAtMs),
    cause:
      "The origin answers unknown paths with a page, or with the page above them. An attacker may use that to let a cache share a client's page.",
    remedy:
      "Let the origin answer 404 for such paths, or send the right Content-Type. If pages have such names, write deceptionArmour: false in the route.",
  }));
}

/** One finding per route with answers that a cache has kept since before a purge. */
export function cacheUnpurged({ notes }: SiteState): Finding[] {
  return notes("cache-unpurged").map(({ route, entries, sinceAtMs }) => {
    const names = entries.filter((name) => name !== "");
    const targets = names.flatMap((name) => outwardTargetOf(name) ?? []).join("() and ");
    const how = targets === "" ? "some seconds after Tidemark" : `by the target ${targets}()`;
    return {
      code: "cache-unpurged",
      level: "warning",
      about: aboutRoute(route),
      what: `Answers of ${aboutRoute(route)} are not stored: a cache between Tidemark and the origin may have them from before a purge.`,
      since: isoOf(sinceAtMs),
      cause: `By Age, the answers are older than a purge that covers them, or than all purges that this isolate knows. ${named(names)}`,
      remedy: `Purge this cache ${how}, or turn it off for Tidemark. In a Worker, remove hono/cache and answers from \`caches\`. If it is always purged before Tidemark, or the origin sends a constant Age, write purge: { age: "ignore" } in the route.`,
    };
  });
}

const named = (names: readonly string[]) =>
  `The cache is ${names.join(" and ") || "not named by CF-Cache-Status, X-Cache, Via or a similar field"}.`;

/** One finding per route with answers that are older than a purge by `Date`, and newer by `Age`. */
export function ageTooLow({ notes }: SiteState): Finding[] {
  return notes("age-too-low").map(({ route, entries, sinceAtMs }) => ({
    code: "age-too-low",
    level: "warning",
    about: aboutRoute(route),
    what: `Answers of ${aboutRoute(route)} may be from before a purge, and Tidemark may store them: by Date they are older than the purge, by Age newer.`,
    since: isoOf(sinceAtMs),
    cause: `A cache sends an Age that is too low, as the local Cache API does, or the origin's clock is slow. ${named(entries.filter((name) => name !== ""))}`,
    remedy:
      "In a Worker, remove hono/cache and answers from `caches`: no purge of Tidemark reaches them. Otherwise let the cache send its Age, or set the origin's clock by NTP.",
  }));
}

/** One finding per route whose origin does not let checked requests in. */
export function gateRefused({ notes }: SiteState): Finding[] {
  return notes("gate-refused").map(({ route, entries, sinceAtMs }) => ({
    code: "gate-refused",
    level: "warning",
    about: aboutRoute(route),
    what: `The origin of ${aboutRoute(route)} refuses clients whose credential the rule ${entries.join(", ")} has checked. Its answers are not stored.`,
    since: isoOf(sinceAtMs),
    cause:
      "It answers 401 or 403, or redirects to a login: it does not know the constant fields of the rule.",
    remedy: "Let the origin accept the fields of forward, and compare the secret on both sides.",
  }));
}

/** One finding per route on which a phase of a part threw. */
export function partFailed({ notes }: SiteState): Finding[] {
  return notes("part-failed").map(({ route, entries, sinceAtMs }) => ({
    code: "part-failed",
    level: "warning",
    about: aboutRoute(route),
    what: `Parts of ${aboutRoute(route)} failed (${entries.join(", ")}). Tidemark decided for the safe side, so some answers are not stored, or wait for the origin.`,
    since: isoOf(sinceAtMs),
    cause: "A function of the part threw. The log has the error of the event part-failed.",
    remedy: `Fix the part, or remove it from use of ${aboutRoute(route)}.`,
  }));
}

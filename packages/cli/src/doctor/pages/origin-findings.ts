// Findings about the origin: its caching fields, cookies and Vary, and who can reach it.
import { silentlyVaryingBy } from "../../../../../src/http-rules.ts";
import { type DoctorFinding, localHost, quoted } from "../finding.ts";
import { cacheMembers } from "../../asking/cache-status.ts";
import { type Answer, mediaTypeOf } from "../../asking/fetch-page.ts";
import {
  aboutPages,
  findingOn,
  forbidsStoring,
  isCompressed,
  isForOneClient,
  isOfOneClient,
  isStored,
  originAnswers,
  type Page,
  pagesWithNames,
  setCookies,
} from "./page.ts";
import { remedyOfSilence } from "../../texts/findings.ts";

export function originFindings(pages: readonly Page[]): DoctorFinding[] {
  const good = pages.filter((page) => originAnswers(page).some(({ status }) => status === 200));
  return [
    forbidsCaching(good),
    withoutLifetime(good),
    cookiesOnPages(good),
    unknownCookies(pages),
    sharedSessions(pages),
    varyWide(good),
    variesSilently(good),
    plainForProxies(good),
    codingInTag(good),
    openOrigin(pages),
    behindTidemark(pages),
  ].flat();
}

/**
 * Matches a `detail` of Cache-Status whose cause is the origin: it forbids storing, or gives no
 * lifetime.
 */
const ofTheOrigin = /^(?:private|no-store|no-use)/;

function forbidsCaching(pages: readonly Page[]): DoctorFinding | [] {
  const isForbidden = (page: Page) =>
    !isStored(page) &&
    (page.direct.length > 0
      ? page.direct.every(forbidsStoring)
      : page.answers.every(({ headers }) =>
          ofTheOrigin.test(cacheMembers(headers).ours?.detail ?? ""),
        ));
  const [first] = pages;
  if (first === undefined || !pages.every(isForbidden)) return [];
  const cacheControl = originAnswers(first)[0]?.headers.get("cache-control");
  const names = originAnswers(first).flatMap(({ headers }) =>
    setCookies(headers).flatMap((one) => (isOfOneClient(one) ? [one.name] : [])),
  );
  const isSession = names.length > 0;
  const begun = isSession ? ` It also starts a session, with ${quoted(new Set(names))}.` : "";
  return {
    code: "origin-forbids-caching",
    level: "warning",
    about: aboutPages(pages),
    what: "None of the requested pages is cached.",
    cause: `The origin forbids it, or gives no lifetime: Cache-Control is ${cacheControl ? JSON.stringify(cacheControl.slice(0, 120)) : "absent"}.${begun}`,
    remedy: isSession
      ? "Let the origin start a session only at login or checkout: in PHP, session_start() also forbids caching."
      : "Let the origin send public or s-maxage with public pages. The option fresh of a route sets a lifetime if the origin sends none.",
  };
}

/** Finds pages that are already stale two seconds after they were stored. */
function withoutLifetime(pages: readonly Page[]): DoctorFinding | [] {
  const found = pages.filter(({ answers }) => {
    const [before, again] = answers.map(({ headers }) => cacheMembers(headers).ours);
    // A copy that answered the first request, and has expired since, had a lifetime.
    if (before === undefined || before.isHit || again === undefined) return false;
    return again.detail === "" && /;\s*fwd=stale\b/.test(again.text);
  });
  const [first] = found;
  if (first === undefined) return [];
  const cacheControl = originAnswers(first)[0]?.headers.get("cache-control");
  return {
    code: "no-lifetime",
    level: found.length === pages.length ? "warning" : "info",
    about: aboutPages(found),
    what: "The page is stored, but each request still goes to the origin.",
    cause: `The response is stale two seconds after it was stored: neither the route nor the origin gives a lifetime. Cache-Control is ${cacheControl ? JSON.stringify(cacheControl.slice(0, 120)) : "absent"}.`,
    remedy: "Set fresh in its route, such as 5m, or let the origin send s-maxage.",
  };
}

function cookiesOnPages(all: readonly Page[]): DoctorFinding | [] {
  const { pages, names } = pagesWithNames(all, (page) =>
    // Skip stored pages: their route removes the cookie.
    isStored(page)
      ? []
      : originAnswers(page)
          .filter((answer) => !isForOneClient(answer))
          .flatMap(({ headers }) => setCookies(headers).map(({ name }) => name)),
  );
  return findingOn(pages, {
    code: "cookie-on-page",
    level: "warning",
    what: "The page would be cacheable, but is not stored.",
    cause: `The response sets ${names.size === 1 ? "the cookie" : "cookies"} ${quoted(names)}.`,
    remedy:
      'Let the origin set no cookie on public pages. If the cookie is not needed there, set setCookie: "strip" in the route.',
  });
}

/** Finds pages that a client without cookies shares, and a client with the site's own cookies does not. */
function unknownCookies(all: readonly Page[]): DoctorFinding | [] {
  const { pages, names } = pagesWithNames(all, ({ withCookies }) => {
    const { detail = "" } = (withCookies && cacheMembers(withCookies.headers).ours) ?? {};
    return /^unknown-cookie: (.+)$/.exec(detail)?.[1]?.split(", ") ?? [];
  });
  return findingOn(pages, {
    code: "cookie-unknown",
    level: "warning",
    what: "Clients that have visited the site before get the page from the origin each time.",
    cause: `The site's pages set ${names.size === 1 ? "the cookie" : "the cookies"} ${quoted(names)}, which the configuration does not name.`,
    remedy: `If no page depends on ${names.size === 1 ? "it" : "them"}, write cookies: { harmless: [${quoted(names)}] } at the top level of the configuration. Never list a session cookie there: let the origin set it at login only.`,
  });
}

/**
 * Finds equal session cookies in several responses. No request sent a cookie, so each response should have
 * its own.
 */
function sharedSessions(all: readonly Page[]): DoctorFinding | [] {
  const { pages, names } = pagesWithNames(all, ({ answers, direct }) => [
    ...sharedNames(answers),
    ...sharedNames(direct),
  ]);
  const whose = pages.some(({ direct }) => sharedNames(direct).length > 0)
    ? "Direct requests to the origin show this too: a cache at the origin or in front of it stores the cookie."
    : "A cache has stored the response with its cookie.";
  return findingOn(pages, {
    code: "session-shared",
    level: "critical",
    what: "Two clients got the same session: one may see the other's data.",
    cause: `Two requests without cookies got the same value of ${quoted(names)}. ${whose}`,
    remedy: "Purge that cache now, and configure it to store no response with Set-Cookie.",
  });
}

function sharedNames(answers: readonly Answer[]): string[] {
  const [first, ...others] = answers;
  if (first === undefined) return [];
  const later = others.flatMap(({ headers }) => setCookies(headers));
  return setCookies(first.headers)
    .filter(isOfOneClient)
    .filter(({ name, value }) => later.some((one) => one.name === name && one.value === value))
    .map(({ name }) => name);
}

const wide = ["*", "cookie", "user-agent"];

function varyWide(all: readonly Page[]): DoctorFinding | [] {
  const { pages, names } = pagesWithNames(all, (page) =>
    originAnswers(page)
      .filter((answer) => !isForOneClient(answer))
      .flatMap(({ headers }) => (headers.get("vary") ?? "").toLowerCase().split(","))
      .map((name) => name.trim())
      .filter((name) => wide.includes(name)),
  );
  return findingOn(pages, {
    code: "vary-wide",
    level: names.has("*") || names.has("user-agent") ? "warning" : "info",
    what: names.has("*")
      ? "The page is never stored."
      : names.has("user-agent")
        ? "Nearly every client has a variant of its own, so there are few hits."
        : "Clients share the page only if they send the same cookies, or none.",
    cause: `Vary names ${quoted(names)}.`,
    remedy:
      "Let the origin vary only by fields that it uses, such as Accept-Language. List cookies that do not matter in cookies.harmless.",
  });
}

/** Finds pages whose media type or language depends on a field that `Vary` does not name. */
function variesSilently(all: readonly Page[]): DoctorFinding | [] {
  const types = new Set<string>();
  const usual = new Set<string>();
  const { pages, names } = pagesWithNames(all, ({ direct: [plain], asOther, asAgent }) =>
    [asOther, asAgent].flatMap((other) => {
      if (plain === undefined || other?.status !== plain.status) return [];
      const found = silentlyVaryingBy(plain.headers, other.headers);
      if (!found.includes("accept")) return found;
      for (const [set, answer] of [
        [usual, plain],
        [types, other],
      ] as const) {
        const type = mediaTypeOf(answer);
        if (type !== undefined) set.add(type);
      }
      return found;
    }),
  );
  const isAlso = types.size === 0 ? "" : ` By Accept, it is also ${[...types].join(" or ")}.`;
  return findingOn(pages, {
    code: "varies-silently",
    level: "warning",
    what: "Clients can get another media type or language than they asked for.",
    cause: `The origin's answer depends on ${quoted(names)}, which its Vary does not name.${isAlso}`,
    remedy: `${remedyOfSilence([...names], types.size > 0 ? [...new Set([...usual, ...types])] : [])}.`,
  });
}

function plainForProxies(pages: readonly Page[]): DoctorFinding | [] {
  const found = pages.filter(
    ({ direct, asProxy }) =>
      asProxy?.status === direct[0]?.status && asProxy && !isCompressed(asProxy.headers),
  );
  return findingOn(found, {
    code: "plain-for-proxies",
    level: "warning",
    what: "The origin sends the page uncompressed to Tidemark.",
    cause: "The origin does not compress answers to requests with Via, which Tidemark must send.",
    remedy: "In nginx, write beside gzip: gzip_proxied any;",
  });
}

function codingInTag(pages: readonly Page[]): DoctorFinding | [] {
  const found = pages.filter(({ validated }) => validated?.status === 200);
  return findingOn(found, {
    code: "coding-in-tag",
    level: "warning",
    what: "Each validation transfers the whole page.",
    cause:
      'The server adds the coding to the ETag, as in "1-gzip", and does not recognise such a tag.',
    remedy: "In Apache, write: DeflateAlterETag NoChange",
  });
}

/** Names that no public DNS has. */
const ownName = /\.(?:localhost|local|internal|test)$/;

function openOrigin(pages: readonly Page[]): DoctorFinding | [] {
  const [open] = pages.flatMap(({ direct }) => direct.filter(({ status }) => status < 400));
  if (open === undefined) return [];
  const { host, hostname } = new URL(open.url);
  if (localHost.test(hostname) || ownName.test(hostname)) return [];
  return {
    code: "origin-open",
    level: "info",
    what: "Anyone who knows the origin's address can bypass Tidemark, and send any X-Forwarded-For.",
    cause: `${host} answered this machine with ${open.status}.`,
    remedy:
      "Let the origin accept only requests from Cloudflare, by a Tunnel or by authenticated origin pulls.",
  };
}

function behindTidemark(pages: readonly Page[]): DoctorFinding | [] {
  const found = pages.filter(({ direct }) =>
    direct.some(({ headers }) => cacheMembers(headers).ours !== undefined),
  );
  return findingOn(found, {
    code: "origin-is-tidemark",
    level: "warning",
    what: "There is a second Tidemark behind the first, or the first sends requests to itself.",
    cause: "The origin's response to a direct request has a Cache-Status of Tidemark.",
    remedy:
      "Set ORIGIN_URL to the real origin server. If two Tidemarks are intended, give them different namespaces.",
  });
}

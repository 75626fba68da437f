// Findings on what an origin says of its pages: nothing may be stored, cookies, Vary; and who can reach it.
import { type DoctorFinding, quoted } from "../finding.ts";
import { cacheMembers } from "../../asking/cache-status.ts";
import { isOfOneClient, setCookies } from "./cookies.ts";
import type { Answer } from "./look.ts";
import {
  aboutPages,
  forbidsStoring,
  isForOneClient,
  isStored,
  originAnswers,
  type Page,
} from "./page.ts";

export function originFindings(pages: readonly Page[]): DoctorFinding[] {
  const good = pages.filter((page) => originAnswers(page).some(({ status }) => status === 200));
  return [
    ...forbidsCaching(good),
    ...withoutLifetime(good),
    ...cookiesOnPages(good),
    ...sharedSessions(pages),
    ...varyWide(good),
    ...openOrigin(pages),
    ...behindTidemark(pages),
  ];
}

/** Rules by which Tidemark did not store what the origin forbids, or gave no lifetime. */
const ofTheOrigin = /^(?:private|no-store|no-use)/;

function forbidsCaching(pages: readonly Page[]): DoctorFinding[] {
  const isForbidden = (page: Page) =>
    !isStored(page) &&
    (page.direct.length > 0
      ? page.direct.every(forbidsStoring)
      : page.answers.every(({ headers }) =>
          ofTheOrigin.test(cacheMembers(headers).ours?.detail ?? ""),
        ));
  const [first] = pages;
  if (first === undefined || !pages.every(isForbidden)) return [];
  const said = originAnswers(first)[0]?.headers.get("cache-control");
  const names = originAnswers(first).flatMap(({ headers }) =>
    setCookies(headers).flatMap((one) => (isOfOneClient(one) ? [one.name] : [])),
  );
  const isSession = names.length > 0;
  const begun = isSession ? ` It begins a session, too, with ${quoted(new Set(names))}.` : "";
  return [
    {
      code: "origin-forbids-caching",
      level: "warning",
      about: aboutPages(pages),
      what: "Nothing is cached of any page that was asked for.",
      cause: `The origin forbids it, or gives no lifetime: Cache-Control is ${said ? JSON.stringify(said.slice(0, 120)) : "absent"}.${begun}`,
      remedy: isSession
        ? "Let the origin begin a session only where somebody logs in or fills a cart: in PHP, session_start() forbids caching too."
        : "Let the origin say public or s-maxage on pages that everybody may see. A route's fresh gives a lifetime where the origin says none.",
    },
  ];
}

/** Stored a moment ago, and stale already: every request asks the origin. */
function withoutLifetime(pages: readonly Page[]): DoctorFinding[] {
  const found = pages.filter(({ answers }) => {
    const { ours } = cacheMembers(answers.at(-1)?.headers ?? new Headers());
    return ours !== undefined && ours.detail === "" && /;\s*fwd=stale\b/.test(ours.text);
  });
  const [first] = found;
  if (first === undefined) return [];
  const said = originAnswers(first)[0]?.headers.get("cache-control");
  return [
    {
      code: "no-lifetime",
      level: found.length === pages.length ? "warning" : "info",
      about: aboutPages(found),
      what: "The page is stored, and yet each request goes to the origin.",
      cause: `What was stored two seconds before is stale: neither the route nor the origin gives a lifetime. Cache-Control is ${said ? JSON.stringify(said.slice(0, 120)) : "absent"}.`,
      remedy: "Give its route fresh, such as 5m, or let the origin say s-maxage.",
    },
  ];
}

function cookiesOnPages(pages: readonly Page[]): DoctorFinding[] {
  const found = pages.flatMap((page) => {
    // A route may take the cookie off, and store the page.
    if (isStored(page)) return [];
    const names = originAnswers(page)
      .filter((answer) => !isForOneClient(answer))
      .flatMap(({ headers }) => setCookies(headers).map(({ name }) => name));
    return names.length === 0 ? [] : [{ page, names }];
  });
  if (found.length === 0) return [];
  const names = new Set(found.flatMap((one) => one.names));
  return [
    {
      code: "cookie-on-page",
      level: "warning",
      about: aboutPages(found.map(({ page }) => page)),
      what: "The page would be cacheable, and is not stored.",
      cause: `It sets ${names.size === 1 ? "the cookie" : "cookies"} ${quoted(names)}.`,
      remedy:
        'Let the origin set none on pages for everybody. If nobody needs it there, write setCookie: "strip" in the route.',
    },
  ];
}

/** Nobody has sent a cookie, so each answer was for another client. */
function sharedSessions(pages: readonly Page[]): DoctorFinding[] {
  const found = pages.flatMap((page) => {
    const names = [...sharedNames(page.answers), ...sharedNames(page.direct)];
    return names.length === 0
      ? []
      : [{ page, names, isOfOrigin: sharedNames(page.direct).length > 0 }];
  });
  if (found.length === 0) return [];
  const names = new Set(found.flatMap((one) => one.names));
  const whose = found.some(({ isOfOrigin }) => isOfOrigin)
    ? "The origin, asked twice, answers so itself: a cache in or before it has kept the cookie."
    : "A cache has kept the answer with its cookie.";
  return [
    {
      code: "session-shared",
      level: "critical",
      about: aboutPages(found.map(({ page }) => page)),
      what: "Two clients got the same session: one may see what belongs to the other.",
      cause: `Two requests without cookies got the same value of ${quoted(names)}. ${whose}`,
      remedy: "Purge that cache now, and let it store no answer that has Set-Cookie.",
    },
  ];
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

function varyWide(pages: readonly Page[]): DoctorFinding[] {
  const found = pages.flatMap((page) => {
    const names = originAnswers(page)
      .filter((answer) => !isForOneClient(answer))
      .flatMap(({ headers }) => (headers.get("vary") ?? "").toLowerCase().split(","))
      .map((name) => name.trim())
      .filter((name) => wide.includes(name));
    return names.length === 0 ? [] : [{ page, names }];
  });
  if (found.length === 0) return [];
  const names = new Set(found.flatMap((one) => one.names));
  return [
    {
      code: "vary-wide",
      level: names.has("*") || names.has("user-agent") ? "warning" : "info",
      about: aboutPages(found.map(({ page }) => page)),
      what: names.has("*")
        ? "The page is never stored."
        : names.has("user-agent")
          ? "Nearly every client has a variant of its own, so there are few hits."
          : "Clients share the page only if they send the same cookies, or none.",
      cause: `Vary names ${quoted(names)}.`,
      remedy:
        "Let the origin vary only by what it looks at, such as Accept-Language. Name cookies that do not matter under cookies.harmless.",
    },
  ];
}

const ownHosts =
  /^(?:localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[)|\.(?:localhost|local|internal|test)$/;

function openOrigin(pages: readonly Page[]): DoctorFinding[] {
  const [open] = pages.flatMap(({ direct }) => direct.filter(({ status }) => status < 400));
  if (open === undefined) return [];
  const { host, hostname } = new URL(open.url);
  if (ownHosts.test(hostname)) return [];
  return [
    {
      code: "origin-open",
      level: "info",
      what: "Whoever knows the origin's address can go past Tidemark, and write any X-Forwarded-For.",
      cause: `${host} answered this machine with ${open.status}.`,
      remedy:
        "Let the origin take requests of Cloudflare alone, by a Tunnel or by authenticated origin pulls.",
    },
  ];
}

function behindTidemark(pages: readonly Page[]): DoctorFinding[] {
  const found = pages.filter(({ direct }) =>
    direct.some(({ headers }) => cacheMembers(headers).ours !== undefined),
  );
  if (found.length === 0) return [];
  return [
    {
      code: "origin-is-tidemark",
      level: "warning",
      about: aboutPages(found),
      what: "A second Tidemark stands behind the first, or the first asks itself.",
      cause: "The origin, asked directly, answers with a Cache-Status of Tidemark's.",
      remedy:
        "Set ORIGIN_URL to the server behind. If two stand one behind the other on purpose, give them different namespaces.",
    },
  ];
}

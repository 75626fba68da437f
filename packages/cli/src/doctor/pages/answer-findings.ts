// Findings about wrong responses of the site: errors, loops, broken encodings, links to the origin,
// and pages that stay old after a purge.
import { type DoctorFinding, unreachable } from "../finding.ts";
import { cacheMembers, isOurs, proxyError } from "../../asking/cache-status.ts";
import type { Answer } from "../../asking/fetch-page.ts";
import { aboutPages, findingOn, type Page } from "./page.ts";
import { pathsLinkedAt, type PurgedPage } from "./read-pages.ts";
import type { CommandError } from "../../command-error.ts";

export function answerFindings(pages: readonly Page[]): DoctorFinding[] {
  return [
    looping(pages),
    failing(pages),
    redirectedToThemselves(pages),
    badlyEncoded(pages),
    withEsiTags(pages),
    notThroughTidemark(pages),
  ].flat();
}

function withAny(pages: readonly Page[], has: (answer: Answer) => boolean): Page[] {
  return pages.filter(({ answers }) => answers.some(has));
}

const isLoop = ({ status, headers }: Answer) =>
  status === 508 ||
  proxyError(headers) === "proxy_loop_detected" ||
  cacheMembers(headers).ours?.detail === "came-back";

function looping(pages: readonly Page[]): DoctorFinding | [] {
  const found = withAny(pages, isLoop);
  return findingOn(found, {
    code: "loop",
    level: "critical",
    what: "Requests come back to Tidemark, and end with 508.",
    cause:
      "ORIGIN_URL leads back to the Worker, or the origin requests the page from the site and forwards Via.",
    remedy:
      "Set ORIGIN_URL to the real origin server. If the origin sends requests to the site, let it remove Via.",
  });
}

const remedies: Readonly<Record<string, string>> = {
  destination_unavailable: "Check that the origin runs, and that its firewall allows Cloudflare.",
  http_response_header_section_size:
    "Let the origin send fewer header fields, such as fewer tags: at most 128 KiB.",
  http_response_timeout: "Check the load of the origin, or raise originTimeout.",
  proxy_internal_error:
    "Read the log with npx wrangler tail: it says why the Worker does not start.",
};

function failing(pages: readonly Page[]): DoctorFinding[] {
  const isFailing = (answer: Answer) => answer.status >= 500 && !isLoop(answer);
  return withAny(pages, isFailing).map((page): DoctorFinding => {
    const answer = page.answers.find(isFailing);
    const error = answer && proxyError(answer.headers);
    return {
      code: "page-fails",
      level: error === "proxy_internal_error" ? "critical" : "warning",
      about: aboutPages([page]),
      what: `Clients get ${answer?.status}.`,
      cause:
        error === undefined
          ? "The origin, or a server in front of the Worker, sends this status."
          : `Tidemark sends this status, with the error ${error}.`,
      remedy: remedies[error ?? ""] ?? "Check the log of the origin.",
    };
  });
}

function redirectedToThemselves(pages: readonly Page[]): DoctorFinding | [] {
  const isToItself = ({ status, headers, url }: Answer) => {
    const location = headers.get("location");
    if (status < 300 || status > 399 || location === null) return false;
    return withoutHash(URL.parse(location, url)) === withoutHash(new URL(url));
  };
  const found = withAny(pages, isToItself);
  return findingOn(found, {
    code: "redirect-to-itself",
    level: "critical",
    what: "Clients are redirected in a loop.",
    cause:
      "The page redirects to its own address. The origin assumes that the request is for http, or for another host.",
    remedy:
      "Let the origin trust X-Forwarded-Proto and X-Forwarded-Host, purge the page, and try again.",
  });
}

function withoutHash(url: URL | null): string | undefined {
  return url === null ? undefined : url.origin + url.pathname + url.search;
}

function badlyEncoded(pages: readonly Page[]): DoctorFinding | [] {
  const found = pages.filter(({ answers, direct }) =>
    [...answers, ...direct].some(({ isBadlyEncoded }) => isBadlyEncoded),
  );
  const [first] = found.flatMap(({ answers, direct }) =>
    [...answers, ...direct].filter(({ isBadlyEncoded }) => isBadlyEncoded),
  );
  if (first === undefined) return [];
  const isOfOrigin = found.some(({ direct }) => direct.some((one) => one.isBadlyEncoded));
  return {
    code: "encoding-broken",
    level: "critical",
    about: aboutPages(found),
    what: "Browsers cannot read the page.",
    cause: `Content-Encoding says ${JSON.stringify(first.headers.get("content-encoding"))}, but the body has another encoding${isOfOrigin ? ", already at the origin" : ""}.`,
    remedy:
      "Let the origin, or the server in front of the origin, encode the body or omit Content-Encoding. Then purge the page.",
  };
}

/** Detects ESI tags that nothing has replaced, so that browsers show nothing in their place. */
function withEsiTags(pages: readonly Page[]): DoctorFinding | [] {
  const isRaw = ({ status, headers, text }: Answer) =>
    status === 200 &&
    /^text\/html|\bxml\b/i.test(headers.get("content-type") ?? "") &&
    /<esi:|<!--esi\b/.test(text);
  return findingOn(withAny(pages, isRaw), {
    code: "esi-unprocessed",
    level: "critical",
    what: "Parts of the page are missing: clients get ESI tags, which browsers ignore.",
    cause:
      "The origin leaves parts of the page to a cache with ESI, as Magento does if it selects Varnish. The page's route has no esi, or the tags are invalid.",
    remedy:
      'Write use: [esi("html")] on the route, with esi() of tidemark/esi, and purge the page. Or let the origin send no ESI tags: in Magento, remove the ttl of its blocks.',
  });
}

function notThroughTidemark(pages: readonly Page[]): DoctorFinding | [] {
  const answeredPages = pages.filter(({ answers }) => answers.length > 0);
  const found = answeredPages.filter(
    ({ answers }) => !answers.some(({ headers }) => isOurs(headers)),
  );
  const isAll = found.length === answeredPages.length;
  return findingOn(found, {
    code: "not-through-tidemark",
    level: isAll ? "critical" : "warning",
    what: "Tidemark does not serve the page, so nothing is cached or purged.",
    cause:
      "The response has no Cache-Status of Tidemark. The Worker's routes do not cover the address, or a server in front of the Worker answers.",
    remedy:
      "Compare the routes in the wrangler file with the address, and look for a cache or a redirect in the zone.",
  });
}

/** @param origin the origin's scheme and host; `undefined` if unknown or equal to the site's */
export function linkFindings(
  pages: readonly Page[],
  origin: string | undefined,
): DoctorFinding | [] {
  if (origin === undefined) return [];
  const found = pages.filter(({ answers }) => answers.some((answer) => leadsTo(origin, answer)));
  return findingOn(found, {
    code: "links-past",
    level: "warning",
    what: "Visitors who follow these links or redirects reach the origin itself, past Tidemark's cache.",
    cause: `Responses of the site contain links or redirects to ${origin}.`,
    remedy:
      "Configure the site's address at the origin (in WordPress: Settings, General), or let the origin use X-Forwarded-Host. Then purge the pages.",
  });
}

function leadsTo(origin: string, answer: Answer): boolean {
  const location = answer.headers.get("location");
  if (location !== null && URL.parse(location, answer.url)?.origin === origin) return true;
  return pathsLinkedAt(origin, answer).length > 0;
}

export function purgeFindings(pages: readonly PurgedPage[]): DoctorFinding[] {
  return pages.flatMap(({ path, before, after }): DoctorFinding | [] => {
    const about = `page ${JSON.stringify(path)}`;
    if (after.kind === "failed" || after.status >= 500) {
      const why = after.kind === "failed" ? after.why : `The status was ${after.status}`;
      const what = "The page could not be fetched after the purge, so the purge was not checked.";
      return { ...unreachable(what, `${why}.`, "warning"), about };
    }
    const { ours } = cacheMembers(after.headers);
    // The test waits until the purge applies, so the `Date` of a new response is later than the purge.
    const date = after.headers.get("date");
    const isOld = date !== null && date === before.headers.get("date");
    if (!isOld) return [];
    const isOfOrigin = ours !== undefined && !ours.isHit;
    return {
      code: "purge-not-seen",
      level: isOfOrigin ? "warning" : "critical",
      about,
      what: "Clients still get the old response after a purge.",
      cause: isOfOrigin
        ? `Tidemark requested the page again, and got a response with a Date from before the purge: there is a cache in front of the origin.`
        : `The response has a Date from before the purge. A cache in front of Tidemark answered, or a cache in front of the origin returned the old page.`,
      remedy: isOfOrigin
        ? "Turn that cache off for Tidemark, or configure an outward target for it. If it sends no Age, purge it before you purge Tidemark."
        : "Check for Workers Cache, cache rules of the zone or a CDN in front of the site, and turn them off for the site.",
    };
  });
}

export function purgeRefused({ fault }: CommandError): DoctorFinding {
  const what = "The site rejected the purge, so doctor could not test it.";
  const { why: cause, hint: remedy } = fault;
  return { code: "purge-refused", level: "critical", what, cause, remedy };
}

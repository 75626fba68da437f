// What is worth knowing of an origin, in sentences. Each says what was seen, and what follows.
import { formatSeconds } from "../origin/format-seconds.ts";
import { judge } from "../origin/judge-page.ts";
import type { OriginSight } from "../origin/look-at-origin.ts";
import { isUntold, type PageSight } from "../origin/look-at-page.ts";
import { listed } from "./draft.ts";

export interface Finding {
  /** For programs. */
  readonly code: string;
  readonly text: string;
}

type Find = (sight: OriginSight) => readonly Finding[];

export function findingsOf(sight: OriginSight): Finding[] {
  return finds.flatMap((find) => find(sight));
}

/** One finding for all pages of which something is true. */
function ofPages(
  code: string,
  isSo: (page: PageSight) => boolean,
  textOf: (paths: string, pages: readonly PageSight[]) => string,
): Find {
  return ({ pages }) => {
    const found = pages.filter(isSo);
    if (found.length === 0) return [];
    return [{ code, text: textOf(listed(found.map(({ path }) => path)), found) }];
  };
}

const slowMs = 2_000;
const namesOf = (lists: readonly (readonly string[])[]) => [...new Set(lists.flat())].join(", ");
const isShareable = (page: PageSight) => ["open", "origin", "validated"].includes(judge(page).kind);

function aboutAgain(pages: readonly PageSight[]): string {
  const again = namesOf(pages.map(({ cookiesAgain }) => cookiesAgain));
  return again === ""
    ? "A request that brings them gets none."
    : `Set again for who brings them: ${again}.`;
}

const finds: readonly Find[] = [
  ({ platform }) =>
    platform === "unknown"
      ? []
      : [
          {
            code: "platform",
            text: `It looks like ${platform}. The routes take that into account.`,
          },
        ],
  ({ origin }) =>
    origin.startsWith("http:")
      ? [
          {
            code: "clear-text",
            text: "The origin is asked over http. On the way to it, anybody can read and change pages.",
          },
        ]
      : [],
  ofPages(
    "cookies",
    ({ cookies }) => cookies.length > 0,
    (paths, pages) =>
      `Cookies are set (${namesOf(pages.map(({ cookies }) => cookies))}) by ${paths}. ${aboutAgain(pages)} Such an answer is for one client, and is never stored. If the cookie says nothing of its owner, take it out at the origin, or name it in cookies.harmless.`,
  ),
  ofPages(
    "personal",
    ({ differsBy }) => differsBy.includes("cookie"),
    (paths) => `A cookie that came along changed ${paths}. So this passes by.`,
  ),
  ofPages(
    "token",
    ({ change }) => change === "token",
    (paths) =>
      `A token in a form or a script is new at each answer of ${paths}. If the page were shared, all visitors would get the token of one. So this passes by.`,
  ),
  ofPages(
    "same-token",
    ({ change, hasToken, kind }) => change === "same" && hasToken && kind === "page",
    (paths) =>
      `Something in ${paths} has the name of a token, and was the same twice. If it expires, let it live longer than the page is stored.`,
  ),
  ofPages(
    "changing",
    ({ change }) => change === "numbers" || change === "content",
    (paths, pages) => {
      const unseen = pages.flatMap(({ change, path }) => (change === "content" ? [path] : []));
      const more =
        unseen.length === 0
          ? ""
          : ` Nothing that was seen explains the changes of ${listed(unseen)}.`;
      return `Two plain requests brought different answers for ${paths}. There is a lifetime only where the origin gives one.${more}`;
    },
  ),
  ofPages(
    "credentials",
    ({ credentials }) => credentials.length > 0,
    (paths, pages) =>
      `The origin takes a credential in ${namesOf(pages.map(({ credentials }) => credentials))} at ${paths}. A response to such a request is for one client, unless the origin says public or s-maxage, or names the field in Vary. To change that, see credentialFields and key.headers.`,
  ),
  ofPages(
    "untold-language",
    (page) => isUntold(page, "language"),
    (paths) =>
      `Accept-Language changes ${paths}, and Vary does not say so. The route keys that field. Better: let the origin send Vary: Accept-Language, or give each language its address.`,
  ),
  ofPages(
    "untold-user-agent",
    (page) => isUntold(page, "user-agent"),
    (paths) =>
      `User-Agent changes ${paths}, and Vary does not say so. The route passes by: a telephone's page would be shown to all.`,
  ),
  ofPages(
    "untold-address",
    (page) => isUntold(page, "address"),
    (paths) =>
      `The client's address or country changes ${paths}, and Vary does not say so. The route passes by: one visitor's page would be shown to all.`,
  ),
  ofPages(
    "vary-wide",
    ({ vary }) => vary.some((name) => ["cookie", "user-agent", "*"].includes(name)),
    (paths, pages) =>
      `Vary names ${namesOf(pages.map(({ vary }) => vary))} at ${paths}. Each value is a variant of its own, so there are few hits. What varies by * is never stored.`,
  ),
  ofPages(
    "tracking",
    ({ differsByTracking }) => differsByTracking,
    (paths) =>
      `The parameter utm_source changes ${paths}. The cache takes such parameters out before it asks, so all get the page without them.`,
  ),
  ofPages(
    "validated",
    (page) => judge(page).kind === "validated",
    (paths, [first]) =>
      `There is no time for unasked use at ${paths} (${first?.storing.kind === "validated" ? first.storing.saidBy : ""}). The origin is asked at each use.`,
  ),
  ofPages(
    "no-304",
    (page) => page.validation === "ignored" && isShareable(page),
    (paths) =>
      `The validator does not help at ${paths}: a request with it gets the whole body. A 304 would spare that.`,
  ),
  ofPages(
    "head",
    ({ headStatus }) => headStatus !== undefined,
    (paths, [first]) =>
      `HEAD gets another status (${first?.headStatus ?? ""}) than GET at ${paths}.`,
  ),
  ofPages(
    "caches",
    ({ caches }) => caches.length > 0,
    (paths, [first]) =>
      `A cache stands before ${paths} already (${first?.caches.join("; ") ?? ""}). After a purge it can still answer Tidemark with what is old: turn it off, or purge it first.`,
  ),
  ofPages(
    "slow",
    ({ tookMs }) => tookMs > slowMs,
    (paths, pages) =>
      `The first byte took up to ${formatSeconds(Math.max(...pages.map(({ tookMs }) => tookMs)) / 1_000)} at ${paths}.`,
  ),
  ({ pages }) => {
    const stored = pages.filter((page) => isShareable(page) && page.kind === "page");
    if (stored.length === 0 || stored.some(({ hasTags }) => hasTags)) return [];
    return [
      {
        code: "no-tags",
        text: "No page has tags (Cache-Tag, Surrogate-Key). Without them a purge names URLs, prefixes, or the tags that a route gives.",
      },
    ];
  },
  ({ isShutByRobots }) =>
    isShutByRobots
      ? [
          {
            code: "robots",
            text: "robots.txt forbids all that the front page links to, so nothing of it was seen. Name what counts with --page.",
          },
        ]
      : [],
  ({ missing }) =>
    missing !== undefined && missing.status === 200
      ? [
          {
            code: "no-404",
            text: "A path that does not exist is answered with 200. Each random path becomes a page of its own in the cache.",
          },
        ]
      : [],
  ofPages(
    "own-address",
    ({ namesItsHost }) => namesItsHost,
    (paths) =>
      `There are links with the origin's whole address at ${paths}. Where the site has another address than the origin, they lead past the cache: tell the origin the site's address.`,
  ),
  ({ missing }) =>
    missing?.status === 404 && missing.storing.kind === "validated"
      ? [
          {
            code: "404-unstored",
            text: `A 404 says ${missing.storing.saidBy}. So each random path reaches the origin, whatever negative says.`,
          },
        ]
      : [],
  ({ missing }) =>
    missing?.status === 404 && missing.storing.kind === "refused"
      ? [
          {
            code: "404-unstored",
            text: `A 404 is kept from the cache (${missing.storing.rule}). So each random path reaches the origin.`,
          },
        ]
      : [],
  ({ failures }) =>
    failures.map(({ path, why }) => ({ code: "failed", text: `${path} was not seen. ${why}.` })),
];

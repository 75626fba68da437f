// The report of init about an origin: its pages, findings, and the next commands.
import { formatSeconds, judge, type Judgement } from "../origin/judge-page.ts";
import type { OriginSight } from "../origin/look-at-origin.ts";
import { isUntold, type PageSight } from "../origin/look-at-page.ts";
import { listed } from "./draft-routes.ts";
import { tableOf } from "../terminal.ts";
import { notPublished, packageFiles } from "../version.ts";
import type { SiteStores } from "./site-choices.ts";

interface Finding {
  /** Identifies the finding for programs. */
  readonly code: string;
  readonly text: string;
}

type Find = (sight: OriginSight) => Finding | readonly Finding[];

export function findingsOf(sight: OriginSight): Finding[] {
  return finds.flatMap((find) => find(sight));
}

/** Creates one finding for all pages that match. */
function ofPages(
  code: string,
  isSo: (page: PageSight) => boolean,
  textOf: (paths: string, pages: readonly PageSight[]) => string,
): Find {
  return ({ pages }) => {
    const found = pages.filter(isSo);
    if (found.length === 0) return [];
    return { code, text: textOf(listed(found.map(({ path }) => path)), found) };
  };
}

const namesOf = (lists: readonly (readonly string[])[]) => [...new Set(lists.flat())].join(", ");
const isShareable = (page: PageSight) => ["open", "origin", "validated"].includes(judge(page).kind);

/** N of a new site. */
const lagSeconds = 10;

const keptByBrowsers = (isOf: (page: PageSight) => boolean): Find =>
  ofPages(
    "browsers-keep",
    (page) => isOf(page) && isShareable(page) && page.browserSeconds > lagSeconds,
    (paths, pages) => {
      const longest = Math.max(...pages.map(({ browserSeconds }) => browserSeconds));
      return `Browsers may show ${paths} for up to ${formatSeconds(longest)}, and no purge reaches them. If that is too long, set browser in the route.`;
    },
  );

function aboutAgain(pages: readonly PageSight[]): string {
  const again = namesOf(pages.map(({ cookiesAgain }) => cookiesAgain));
  if (again === "" && pages.some(({ uncompared }) => uncompared !== undefined)) return "";
  return again === ""
    ? " Requests that send these cookies get no new ones."
    : ` The origin sets these again for requests that already send them: ${again}.`;
}

/** Shows the first difference of one page. */
function differenceIn(pages: readonly PageSight[]): string {
  const page = pages.find(({ changedText }) => changedText !== undefined);
  if (page?.changedText === undefined) return "";
  const [first, second] = page.changedText.map((text) => JSON.stringify(text));
  return `In ${page.path}, ${first} became ${second}. `;
}

const finds: readonly Find[] = [
  ({ platform }) =>
    platform === "unknown"
      ? []
      : {
          code: "platform",
          text: `The site looks like ${platform}. The routes take that into account.`,
        },
  ({ origin }) =>
    origin.startsWith("http:")
      ? {
          code: "clear-text",
          text: "Requests to the origin use http. Anyone on the network path can read and change pages.",
        }
      : [],
  ofPages(
    "cookies",
    ({ cookies }) => cookies.length > 0,
    (paths, pages) =>
      `${paths} set cookies: ${namesOf(pages.map(({ cookies }) => cookies))}.${aboutAgain(pages)} Such a response is for one client, and is never stored. If the cookie does not identify its owner, remove it at the origin, or list it in cookies.harmless.`,
  ),
  ofPages(
    "personal",
    ({ differsBy }) => differsBy.includes("cookie"),
    (paths) => `A cookie in the request changed ${paths}. So the route bypasses the cache.`,
  ),
  ofPages(
    "token",
    ({ change }) => change === "token",
    (paths) =>
      `Each response of ${paths} has a new token in a form or a script. If the page were shared, all visitors would get the same token. So the route bypasses the cache.`,
  ),
  ofPages(
    "same-token",
    ({ change, hasToken, kind }) => change === "same" && hasToken && kind === "page",
    (paths) =>
      `A field in ${paths} is named like a token, and had the same value twice. If it expires, its lifetime must exceed that of the stored page.`,
  ),
  ofPages(
    "changing",
    ({ change }) => change === "numbers" || change === "content",
    (paths, pages) => {
      const unseen = pages.flatMap(({ change, path }) => (change === "content" ? [path] : []));
      const more =
        unseen.length === 0
          ? ""
          : ` The reason for the changes of ${listed(unseen)} is unknown, and they may concern the visitor.`;
      return `Two identical requests got different responses from ${paths}. ${differenceIn(pages)}The route uses only the origin's lifetime. If only a time or a counter differs, set fresh in the route.${more}`;
    },
  ),
  ofPages(
    "credentials",
    ({ credentials }) => credentials.length > 0,
    (paths, pages) =>
      `The origin accepts a credential in ${namesOf(pages.map(({ credentials }) => credentials))} at ${paths}. A response to such a request is for one client, unless the origin says public or s-maxage, or names the field in Vary. To change that, see credentialFields and key.headers.`,
  ),
  ofPages(
    "untold-language",
    (page) => isUntold(page, "language"),
    (paths) =>
      `Accept-Language changes ${paths}, and Vary does not say so. The route adds that field to the cache key, so each spelling has its own copy. Better: list the languages in key.language instead, or give each language its own URLs.`,
  ),
  ofPages(
    "untold-accept",
    (page) => isUntold(page, "accept") && page.otherTypes.length === 0,
    (paths) =>
      `Accept changes ${paths}, and Vary does not say so. The route adds that field to the cache key, so each spelling has its own copy. Better: list the media types in key.accept instead.`,
  ),
  ofPages(
    "untold-types",
    (page) => isUntold(page, "accept") && page.otherTypes.length > 0,
    (paths, pages) =>
      `Clients that ask for ${namesOf(pages.map(({ otherTypes }) => otherTypes))} get it from ${paths}, and Vary does not say so. The key of their route keeps them apart: by the types in key.accept, or by each spelling of Accept if a page of the route has an unknown type.`,
  ),
  ofPages(
    "untold-user-agent",
    (page) => isUntold(page, "user-agent"),
    (paths) =>
      `User-Agent changes ${paths}, and Vary does not say so. The route bypasses the cache, so that nobody gets the page for another device.`,
  ),
  ofPages(
    "untold-address",
    (page) => isUntold(page, "address"),
    (paths) =>
      `The client's address or country changes ${paths}, and Vary does not say so. The route bypasses the cache, so that nobody gets another visitor's page.`,
  ),
  ofPages(
    "vary-wide",
    ({ vary }) => vary.some((name) => ["cookie", "user-agent", "*"].includes(name)),
    (paths, pages) =>
      `Vary names ${namesOf(pages.map(({ vary }) => vary))} at ${paths}. Each value is a separate variant, so there are few hits. Responses that vary by * are never stored.`,
  ),
  ofPages(
    "validated",
    (page) => judge(page).kind === "validated",
    (paths, [first]) =>
      `The origin allows no use of ${paths} without validation (${first?.storing.kind === "validated" ? first.storing.statedBy : ""}). So Tidemark validates each use.`,
  ),
  keptByBrowsers((page) => page.kind !== "asset"),
  keptByBrowsers((page) => page.kind === "asset"),
  ({ pages }) => {
    const stored = pages.filter((page) => isShareable(page) && page.kind === "page");
    if (stored.length === 0 || stored.some(({ hasTags }) => hasTags)) return [];
    const [field] = stored.flatMap(({ otherTagFields }) => otherTagFields);
    if (field !== undefined) {
      return {
        code: "other-tags",
        text: `Pages seem to have tags in ${field}. To purge by them, add tagFields: [${JSON.stringify(field)}]. If the application sends purges to Varnish, add varnish() to parts instead: it reads such fields, too.`,
      };
    }
    return {
      code: "no-tags",
      text: "No page has tags (Cache-Tag, Surrogate-Key). Without them, you can purge by URL, by prefix, or by tags that a route sets.",
    };
  },
  ({ isShutByRobots }) =>
    isShutByRobots
      ? {
          code: "robots",
          text: "robots.txt disallows all pages that the front page links to, so init skipped them. Name important pages with --page.",
        }
      : [],
  ({ missing }) =>
    missing !== undefined && missing.status === 200
      ? {
          code: "no-404",
          text: "The origin answers a path that does not exist with 200. Each random path becomes another page in the cache.",
        }
      : [],
  ({ missing }) =>
    missing?.status === 404 && missing.storing.kind === "validated"
      ? {
          code: "404-unstored",
          text: `A 404 has ${missing.storing.statedBy}, so each random path reaches the origin, even if negative is set.`,
        }
      : [],
  ({ missing }) =>
    missing?.status === 404 && missing.storing.kind === "refused"
      ? {
          code: "404-unstored",
          text: `A 404 is not stored (${missing.storing.rule}). So each random path reaches the origin.`,
        }
      : [],
  ({ failures }) =>
    failures.map(({ path, why }) => ({
      code: "failed",
      text: `${path} could not be fetched. ${why}.`,
    })),
  ({ pages }) =>
    pages.flatMap(({ path, uncompared }) =>
      uncompared === undefined
        ? []
        : { code: "failed", text: `${path} could not be compared in full. ${uncompared}.` },
    ),
];

const pathColumns = 44;

export function pageLines({ pages, missing }: OriginSight): string[] {
  const rows = [...pages, ...(missing ? [missing] : [])].map((page) => {
    const judgement = judge(page);
    return [cut(page.path), String(page.status), page.kind, verdictOf(judgement), judgement.why];
  });
  return tableOf([["page", "status", "kind", "shared", "why"], ...rows], new Set([1]));
}

function verdictOf(judgement: Judgement): string {
  const texts = {
    origin: "",
    open: "yes",
    validated: "if validated",
    private: "no",
    uncertain: "in doubt",
    other: "-",
  } as const;
  return judgement.kind === "origin"
    ? `for ${formatSeconds(judgement.seconds)}`
    : texts[judgement.kind];
}

function cut(path: string): string {
  return path.length > pathColumns ? `${path.slice(0, pathColumns - 1)}…` : path;
}

export function findingLines(findings: readonly Finding[]): string[] {
  return findings.length === 0 ? [] : ["", ...findings.map(({ text }) => `- ${text}`)];
}

/** Returns the command that changes to a folder. */
export function cdTo(folder: string): string {
  const quoted = `'${folder.replaceAll("'", String.raw`'\''`)}'`;
  return `cd ${/^[\w./][\w./-]*$/.test(folder) ? folder : quoted}`;
}

/**
 * @param folder as the user wrote it; `undefined` for the current folder
 * @param hasOwnPackage whether the folder already had a package.json, which lacks the template's
 *   scripts and packages
 */
export function nextCommands(
  folder: string | undefined,
  hasOwnPackage: boolean,
  stores: SiteStores,
): string[] {
  return [
    ...(folder === undefined ? [] : [cdTo(folder)]),
    `npm install ${packageFiles.library} ${packageFiles.command}   ${notPublished}`,
    ...(hasOwnPackage ? ["npm install --save-dev typescript vitest wrangler"] : []),
    hasOwnPackage ? "npx tsc && npx vitest run" : "npm run check && npm test",
    "npx tidemark start",
    "npx wrangler login",
    "umask 077",
    "cat > secrets.json <<END",
    "{",
    ...(stores === "upstash" ? upstashSecrets : []),
    '  "PURGE_SECRET": "whsec_$(openssl rand -base64 24)",',
    '  "ADMIN_TOKEN": "$(openssl rand -hex 24)"',
    "}",
    "END",
    `${hasOwnPackage ? "npx wrangler deploy" : "npm run deploy --"} --secrets-file secrets.json   # first deployment: code and secrets`,
    "npx wrangler secret bulk secrets.json           # later: only secrets",
    "npx tidemark doctor",
  ];
}

const upstashSecrets = [
  '  "UPSTASH_REDIS_REST_URL": "https://….upstash.io",',
  '  "UPSTASH_REDIS_REST_TOKEN": "…",',
];

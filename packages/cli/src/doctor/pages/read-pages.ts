// Fetches pages from the site and from its origin.
import { debugField } from "../../../../../src/protocol/debug-fields.ts";
import { failure } from "../../command-error.ts";
import type { World } from "../../world.ts";
import type { SiteClient } from "../../site/site-client.ts";
import { isOurs } from "../../asking/cache-status.ts";
import { type Answer, type AskFailure, fetchPage, mediaTypeOf } from "../../asking/fetch-page.ts";
import { referencesOf } from "../../origin/links.ts";
import {
  apiPattern,
  isAssetPath,
  mayHaveEffects,
  privatePattern,
  withoutQuery,
} from "../../origin/page-kind.ts";
import { isCompressed, type Page, setCookies } from "./page.ts";

export interface ReadOptions {
  /** Scheme and host; `undefined` to check only the origin. */
  readonly site: string | undefined;
  /** Returns a token for `Tidemark-Debug`; `undefined` if the site is not verified. */
  readonly debugToken: (() => Promise<string>) | undefined;
  /** Scheme and host; `undefined` to check only the site. */
  readonly origin: string | undefined;
  /** Whether the origin has the site's name, so that only the Worker can reach it. */
  readonly isOriginOfSite: boolean;
  /** `undefined` to check the front page, and up to four pages that it links to. */
  readonly paths: readonly string[] | undefined;
}

interface PageReadings {
  readonly pages: readonly Page[];
  /** Sentences about pages that could not be fetched: of the site, or of the origin without a site. */
  readonly failures: readonly string[];
  readonly notLookedAt: readonly string[];
}

/** The field that every proxy sends (RFC 9110 §7.6.3). */
const proxyFields = { via: "1.1 tidemark" };
const otherFields = { accept: "application/json", "accept-language": "de" };
const agentFields = { accept: "text/markdown" };

/** Long enough for `ttl` to fall by at least one second. */
const pauseMs = 2_100;

export async function readPages(options: ReadOptions, world: World): Promise<PageReadings> {
  const { site, origin, debugToken } = options;
  const failed: { readonly path: string; readonly isOfSite: boolean; readonly why: string }[] = [];
  const forwarded = site === undefined ? {} : forwardedFields(site);
  /** Notes the first failure of a plain request, one without `fields`. */
  const ask = async (base: string | undefined, path: string, fields?: Record<string, string>) => {
    if (base === undefined) return undefined;
    const isOfSite = base === site;
    const headers = { ...(isOfSite ? {} : forwarded), ...fields };
    const answer = await fetchPage(base + path, { headers }, world);
    if (answer.kind === "answered") return answer;
    const isKnown = failed.some((one) => one.path === path && one.isOfSite === isOfSite);
    if (fields === undefined && !isKnown) failed.push({ path, isOfSite, why: answer.why });
    return undefined;
  };
  const ofSite = (path: string, fields?: Record<string, string>) => ask(site, path, fields);
  const ofOrigin = (path: string, fields?: Record<string, string>) => ask(origin, path, fields);
  const askFirst = site === undefined ? ofOrigin : ofSite;
  const first = new Map<string, Answer | undefined>();
  for (const path of options.paths ?? ["/"]) first.set(path, await askFirst(path));
  const root = first.get("/");
  if (options.paths === undefined && root !== undefined) {
    for (const path of pathsLinkedFrom(root, origin)) first.set(path, await askFirst(path));
  }
  const cookie = cookieField(known([...first.values()]));
  if (site !== undefined) await world.sleep(pauseMs);
  const pages: Page[] = [];
  for (const [path, before] of first) {
    const again = await ofSite(path);
    const answers = site === undefined ? [] : known([before, again]);
    // Send the token only if Tidemark has answered at this path, because another server must not
    // get the token.
    const isExplained = answers.some(({ headers }) => isOurs(headers));
    const direct = known([
      site === undefined ? before : await ofOrigin(path),
      await ofOrigin(path),
    ]);
    const [plain] = direct;
    const tag = plain && tagWithCoding(plain.headers);
    const isPacked = plain !== undefined && isCompressed(plain.headers);
    const page: Page = {
      path,
      answers,
      debugged:
        debugToken !== undefined && isExplained
          ? await ofSite(path, { [debugField]: await debugToken() })
          : undefined,
      withCookies: cookie === undefined ? undefined : await ofSite(path, { cookie }),
      direct,
      asProxy: isPacked ? await ofOrigin(path, proxyFields) : undefined,
      validated: tag === undefined ? undefined : await ofOrigin(path, { "if-none-match": tag }),
      asOther: await ofOrigin(path, otherFields),
      asAgent: mediaTypeOf(plain) === "text/html" ? await ofOrigin(path, agentFields) : undefined,
    };
    if (answers.length + direct.length > 0) pages.push(page);
  }
  const sentences = failed.map(({ path, isOfSite, why }) => ({
    isCounted: isOfSite || site === undefined,
    text: `The page ${path} of the ${isOfSite ? "site" : "origin"}: ${why}.`,
  }));
  const failures = sentences.flatMap(({ isCounted, text }) => (isCounted ? [text] : []));
  return { pages, failures, notLookedAt: sentences.map(({ text }) => text) };
}

const known = (answers: readonly (Answer | undefined)[]) =>
  answers.filter((answer) => answer !== undefined);

/** Returns the field that a browser sends after these responses; `undefined` if they set no cookie. */
function cookieField(answers: readonly Answer[]): string | undefined {
  const cookies = answers.flatMap(({ headers }) => setCookies(headers));
  const pairs = new Map(cookies.map(({ name, value }) => [name, `${name}=${value}`]));
  return pairs.size === 0 ? undefined : [...pairs.values()].join("; ");
}

/** Returns the fields in which Tidemark sends the site's address to an origin. */
function forwardedFields(site: string): Record<string, string> {
  const { host, protocol } = new URL(site);
  return { "x-forwarded-host": host, "x-forwarded-proto": protocol.slice(0, -1) };
}

/** Returns the ETag if a server has added a coding to it, such as `"1-gzip"`. */
function tagWithCoding(headers: Headers): string | undefined {
  const tag = headers.get("etag") ?? "";
  return /-(?:gzip|br)"$/.test(tag) ? tag : undefined;
}

/** The responses before and after the purge. */
export interface PurgedPage {
  readonly path: string;
  readonly before: Answer;
  readonly after: Answer | AskFailure;
}

/** The longest plausible time until a purge applies. Purges usually apply within a minute. */
const waitSecondsMax = 600;

/**
 * Purges the pages by URL, waits as long as the site says, and fetches them again.
 *
 * @throws CommandError if the site rejects the purge, or states an implausible time
 */
export async function purgePages(
  pages: readonly Page[],
  client: SiteClient,
  world: World,
): Promise<PurgedPage[]> {
  const { origin } = client.site;
  const urls = pages.map(({ path }) => origin + path);
  const { visibleWithinSeconds } = await client.json("purge", {
    method: "POST",
    body: { urls, reason: "tidemark doctor tests purges" },
    headers: { "webhook-id": crypto.randomUUID() },
  });
  if (visibleWithinSeconds > waitSecondsMax) {
    const what = `${origin} says that the purge applies in ${visibleWithinSeconds} s.`;
    const why = `The command waits at most ${waitSecondsMax} s.`;
    throw failure({ what, why, hint: "Set purge.maxLagSeconds to a lower value." });
  }
  await world.sleep(visibleWithinSeconds * 1_000);
  const purged: PurgedPage[] = [];
  for (const { path, answers } of pages) {
    const before = answers.at(-1);
    const after = await fetchPage(origin + path, {}, world);
    if (before !== undefined) purged.push({ path, before, after });
  }
  return purged;
}

/**
 * Returns the paths of an origin that an HTML page links to. Relative links belong to the page's
 * own origin.
 */
export function pathsLinkedAt(origin: string, { url, text, headers }: Answer): string[] {
  const contentType = headers.get("content-type") ?? "";
  if (!contentType.startsWith("text/html")) return [];
  const page = { origin, path: url, text, contentType, linkField: null };
  return referencesOf(page).flatMap(({ path, as }) => (as === "link" ? [path] : []));
}

const pathCountMax = 4;

/**
 * Returns at most four paths of other pages of the site, without queries.
 *
 * @param origin the origin, if known, because pages may link to it instead of the site
 */
export function pathsLinkedFrom(answer: Answer, origin: string | undefined): string[] {
  const here = new URL(answer.url);
  const hosts = [here.origin, ...(origin === undefined ? [] : [origin])];
  const paths = hosts.flatMap((host) => pathsLinkedAt(host, answer));
  const isPage = (path: string) =>
    path === withoutQuery(path) &&
    path !== here.pathname &&
    !mayHaveEffects(path) &&
    privatePattern(path) === undefined &&
    !isAssetPath(path) &&
    apiPattern(path) === undefined;
  return [...new Set(paths.filter(isPage))].slice(0, pathCountMax);
}

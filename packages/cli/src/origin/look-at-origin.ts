// Examines an origin: finds some of its pages, and requests each of them in several ways.
import { referencesOf, type Reference } from "./links.ts";
import { lookAtPage, type PageSight } from "./look-at-page.ts";
import type { Answer, AskFailure } from "../asking/fetch-page.ts";
import type { OriginClient } from "./origin-client.ts";
import {
  apiPattern,
  privatePattern,
  isAssetPath,
  mayHaveEffects,
  segmentsOf,
  withoutQuery,
} from "./page-kind.ts";
import { type Platform, platformOf } from "./platform.ts";

/** The results of examining an origin. */
export interface OriginSight {
  readonly origin: string;
  readonly platform: Platform;
  readonly pages: readonly PageSight[];
  /** Pages without a response. */
  readonly failures: readonly { readonly path: string; readonly why: string }[];
  /** Patterns of private paths, from links, sitemaps and robots.txt. Not all of them were requested. */
  readonly privatePatterns: readonly string[];
  /** Patterns of APIs, from the same sources. */
  readonly apiPatterns: readonly string[];
  /** Whether no page was chosen, and robots.txt disallows a page that the front page links to. */
  readonly isShutByRobots: boolean;
  /** The response for a path that does not exist. */
  readonly missing: PageSight | undefined;
}

type OriginLook = { readonly kind: "seen"; readonly sight: OriginSight } | LookRefusal;

/** The reason why the origin cannot be examined. */
export type LookRefusal =
  | { readonly kind: "failed"; readonly failure: AskFailure }
  | { readonly kind: "elsewhere"; readonly to: string }
  | { readonly kind: "refused"; readonly status: number };

interface LookOptions {
  /** Paths that are always examined. */
  readonly paths: readonly string[];
  /** The limit for examined pages. */
  readonly pageCountMax: number;
  /** Called before each page. */
  readonly onPage: (path: string) => void;
  readonly nowAtMs: () => number;
}

const trialPath = "/tidemark-looks-for-a-page-that-is-not-there";
const atOnce = 2;
/** The limit for paths from each of three sources: a page, sitemaps and robots.txt. */
const pathCountMax = 2_000;
/**
 * The limit of patterns, to keep the configuration readable. The rule for unknown cookies still protects all
 * other private paths.
 */
const patternCountMax = 100;
const nothingSaid: Robots = { disallowed: [], allowed: [], sitemaps: [] };

export async function lookAtOrigin(
  client: OriginClient,
  options: LookOptions,
): Promise<OriginLook> {
  options.onPage("/");
  const home = await client.ask("/");
  if (home.kind === "failed") return { kind: "failed", failure: home };
  const to = webAddress(home.headers.get("location") ?? "", client.origin);
  const leaves = home.status >= 300 && home.status < 400 && to !== null;
  if (leaves && to.origin !== client.origin) return { kind: "elsewhere", to: to.origin };

  const robotsAnswer = await client.ask("/robots.txt");
  const robots =
    robotsAnswer.kind === "answered" && robotsAnswer.status === 200
      ? readRobots(robotsAnswer.text)
      : nothingSaid;
  const start = leaves ? to.pathname + to.search : "/";
  const first = start === "/" ? home : await client.ask(start);
  const references = first.kind === "answered" ? referencesIn(first, start, client.origin) : [];
  const listed = (await listedIn(robots, client)).slice(0, pathCountMax);
  // Normalize the paths, because robots.txt may contain any text.
  const forbidden = robots.disallowed.slice(0, pathCountMax).flatMap((rule) => {
    const read = webAddress(rule, client.origin);
    return read?.origin === client.origin ? [read.pathname] : [];
  });
  const found = [...references.map(({ path }) => path), ...listed, ...forbidden];

  const own = ["/", ...(start === "/" ? [] : [start]), ...options.paths, "/robots.txt", trialPath];
  const chosen = choosePages(
    {
      references: references.filter(({ path }) => mayAsk(path, robots)),
      listed: listed.filter((path) => mayAsk(path, robots)),
    },
    { known: new Set(own), count: Math.max(0, options.pageCountMax - new Set(own).size) },
  );
  const { pages, failures, answers } = await lookAtAll([...new Set([...own, ...chosen])], {
    client,
    options,
  });
  const isShut = (status: number) => status === 401 || status === 403 || status >= 500;
  const statuses = pages.filter(({ path }) => path !== "/robots.txt").map(({ status }) => status);
  if (isShut(home.status) && statuses.every(isShut)) {
    return { kind: "refused", status: home.status };
  }
  const sight: OriginSight = {
    origin: client.origin,
    platform: platformOf([home, ...answers]),
    pages: pages.filter(({ path }) => path !== trialPath),
    failures,
    privatePatterns: patternsOf(found, privatePattern),
    apiPatterns: patternsOf(found, apiPattern),
    isShutByRobots: chosen.length === 0 && references.some(({ path }) => !mayAsk(path, robots)),
    missing: pages.find(({ path }) => path === trialPath),
  };
  return { kind: "seen", sight };
}

function webAddress(written: string, base: string): URL | null {
  const read = URL.parse(written, base);
  return read !== null && /^https?:$/.test(read.protocol) ? read : null;
}

function referencesIn(answer: Answer, path: string, origin: string) {
  const { headers, text } = answer;
  const contentType = headers.get("content-type") ?? "";
  const linkField = headers.get("link");
  return referencesOf({ origin, path, text, contentType, linkField }).slice(0, pathCountMax);
}

/**
 * Returns the path of the origin's first sitemap, and the paths of the pages in it. For an index, returns the
 * paths of the index, of its first sitemap and of that sitemap's pages.
 */
async function listedIn({ sitemaps }: Robots, client: OriginClient): Promise<string[]> {
  const own = (url: string) => {
    const read = URL.parse(url, client.origin);
    return read?.origin === client.origin ? [read.pathname + read.search] : [];
  };
  const paths: string[] = [];
  let [next] = [...sitemaps, "/sitemap.xml"].flatMap(own);
  for (let depth = 0; depth < 2 && next !== undefined; depth += 1) {
    paths.push(next);
    const reply = await client.ask(next);
    if (reply.kind !== "answered" || reply.status !== 200) return depth === 0 ? [] : paths;
    const named = sitemapAddresses(reply.text).flatMap(own);
    const isIndex = reply.text.includes("<sitemapindex");
    if (!isIndex) return [...paths, ...named];
    [next] = named;
  }
  return paths;
}

async function lookAtAll(
  paths: readonly string[],
  { client, options }: { client: OriginClient; options: LookOptions },
) {
  const seen = new Map<string, PageSight>();
  const answers: Answer[] = [];
  const failures: { path: string; why: string }[] = [];
  const left = [...paths];
  const turn = async () => {
    for (let path = left.shift(); path !== undefined; path = left.shift()) {
      options.onPage(path);
      const plain = await client.ask(path);
      if (plain.kind === "failed") {
        failures.push({ path, why: plain.why });
        continue;
      }
      answers.push(plain);
      seen.set(path, await lookAtPage(path, plain, { client, nowAtMs: options.nowAtMs }));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, turn));
  return { pages: paths.flatMap((path) => seen.get(path) ?? []), answers, failures };
}

/** Returns route patterns for paths and rules of robots.txt. Ignores a final `*` or `$`. */
function patternsOf(
  paths: readonly string[],
  patternOf: (path: string) => string | undefined,
): string[] {
  const patterns = paths.flatMap((path) => patternOf(path.replace(/[*$]+$/, "")) ?? []);
  return [...new Set(patterns)].slice(0, patternCountMax);
}

interface PageCandidates {
  readonly references: readonly Reference[];
  /** Paths from a sitemap. */
  readonly listed: readonly string[];
}

/** The limit for each kind. Ordinary pages fill the rest. */
const most = { private: 3, feed: 2, api: 4, asset: 6 } as const;

/** Returns the paths to examine next, in the order of the requests. */
export function choosePages(
  { references, listed }: PageCandidates,
  { known, count }: { readonly known: ReadonlySet<string>; readonly count: number },
): string[] {
  const all = [...references, ...listed.map((path): Reference => ({ path, as: "link" }))].filter(
    ({ path }) => !known.has(path) && !mayHaveEffects(path),
  );
  const paths = [...new Map(all.map((one) => [one.path, one])).values()];
  const sortOf = ({ path, as }: Reference) => {
    if (privatePattern(path) !== undefined) return "private";
    if (as === "feed" || /\/feed\/?$/.test(path)) return "feed";
    if (as === "asset" || isAssetPath(path)) return "asset";
    if (apiPattern(path) !== undefined) return "api";
    return isPlain(path) ? "page" : "query";
  };
  const of = (sort: string) => paths.filter((one) => sortOf(one) === sort).map(({ path }) => path);
  const some = [
    ...byTurns(of("private")).slice(0, most.private),
    ...of("feed").slice(0, most.feed),
    ...byTurns(of("api")).slice(0, most.api),
    ...byTurns(of("asset")).slice(0, most.asset),
  ].slice(0, Math.ceil((count * 2) / 3));
  return [...some, ...byTurns(of("page"))].slice(0, count);
}

/** Returns whether a path has no query, or only one that selects a page of a list. */
function isPlain(path: string): boolean {
  return withoutQuery(path) === path || /\?(?:page|p|offset|cursor|after)=[^&]*$/.test(path);
}

/** Interleaves the paths by their first segment. */
function byTurns(paths: readonly string[]): string[] {
  const groups = Map.groupBy(paths, (path) => segmentsOf(path)[0] ?? "");
  const longest = Math.max(0, ...[...groups.values()].map(({ length }) => length));
  const turns = Array.from({ length: longest }, (_, at) => at);
  return turns.flatMap((at) => [...groups.values()].flatMap((group) => group[at] ?? []));
}

/** The rules for the user agent `*`, and the sitemaps. */
interface Robots {
  /** Path prefixes, with `*` for any text and `$` for the end. */
  readonly disallowed: readonly string[];
  readonly allowed: readonly string[];
  readonly sitemaps: readonly string[];
}

export function readRobots(text: string): Robots {
  const disallowed: string[] = [];
  const allowed: string[] = [];
  const sitemaps: string[] = [];
  let isForUs = false;
  let wasAgent = false;
  for (const line of text.split(/\r?\n/)) {
    const [, name = "", value = ""] = /^\s*([\w-]+)\s*:\s*([^#]*)/.exec(line) ?? [];
    const trimmed = value.trim();
    const isAgent = name.toLowerCase() === "user-agent";
    if (isAgent) isForUs = trimmed === "*" || (wasAgent && isForUs);
    if (name !== "") wasAgent = isAgent;
    if (/^disallow$/i.test(name) && isForUs && trimmed !== "") disallowed.push(trimmed);
    if (/^allow$/i.test(name) && isForUs && trimmed !== "") allowed.push(trimmed);
    if (/^sitemap$/i.test(name)) sitemaps.push(trimmed);
  }
  return { disallowed, allowed, sitemaps };
}

/**
 * Returns whether the rules allow a request for a path. The longest matching rule decides (RFC 9309
 * §2.2.2).
 */
export function mayAsk(path: string, { disallowed, allowed }: Robots): boolean {
  return longestFit(path, disallowed) <= longestFit(path, allowed);
}

function longestFit(path: string, rules: readonly string[]): number {
  let longest = 0;
  for (const rule of rules) {
    if (rule.length > longest && fits(path, rule)) longest = rule.length;
  }
  return longest;
}

function fits(path: string, rule: string): boolean {
  const isWhole = rule.endsWith("$");
  const [first = "", ...parts] = (isWhole ? rule.slice(0, -1) : rule).split("*");
  const last = isWhole ? parts.pop() : undefined;
  if (!path.startsWith(first)) return false;
  if (isWhole && last === undefined) return path === first;
  // The first match of each part leaves the most text for the next, so each rule takes linear time.
  let at = first.length;
  for (const part of parts) {
    const found = path.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return last === undefined || (path.length - last.length >= at && path.endsWith(last));
}

/** Returns the URLs in a sitemap, or in an index of sitemaps. */
export function sitemapAddresses(text: string): string[] {
  return [...text.matchAll(/<loc>\s*(?:<!\[CDATA\[\s*)?([^<\]\s]+)/gi)].map(([, url = ""]) =>
    url.replaceAll("&amp;", "&"),
  );
}

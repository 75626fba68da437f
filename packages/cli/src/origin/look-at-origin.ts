// Examines an origin: finds some of its pages, and requests each of them in several ways.
import { choosePages } from "./choose-pages.ts";
import { referencesOf } from "./links.ts";
import { lookAtPage, type PageSight } from "./look-at-page.ts";
import type { Answer, AskFailure, OriginClient } from "./origin-client.ts";
import { apiPattern, privatePattern } from "./page-kind.ts";
import { type Platform, platformOf } from "./platform.ts";
import { mayAsk, readRobots, type Robots, sitemapAddresses } from "./robots.ts";

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
  readonly requestCount: number;
}

export type OriginLook = { readonly kind: "seen"; readonly sight: OriginSight } | LookRefusal;

/** The reason why the origin cannot be examined. */
export type LookRefusal =
  | { readonly kind: "failed"; readonly failure: AskFailure }
  | { readonly kind: "elsewhere"; readonly to: string }
  | { readonly kind: "refused"; readonly status: number };

export interface LookOptions {
  /** Paths that are always examined. */
  readonly paths: readonly string[];
  /** The limit for examined pages. */
  readonly pageCountMax: number;
  /** Called before each page. */
  readonly onPage: (path: string) => void;
  readonly nowAtMs: () => number;
}

export const trialPath = "/tidemark-looks-for-a-page-that-is-not-there";
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
  if (home.kind === "failure") return { kind: "failed", failure: home };
  const to = webAddress(home.headers.get("location") ?? "", client.origin);
  const leaves = home.status >= 300 && home.status < 400 && to !== null;
  if (leaves && to.origin !== client.origin) return { kind: "elsewhere", to: to.origin };

  const robotsAnswer = await client.ask("/robots.txt");
  const robots =
    robotsAnswer.kind === "answer" && robotsAnswer.status === 200
      ? readRobots(robotsAnswer.text)
      : nothingSaid;
  const start = leaves ? to.pathname + to.search : "/";
  const first = start === "/" ? home : await client.ask(start);
  const references = first.kind === "answer" ? referencesIn(first, start, client.origin) : [];
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
    requestCount: client.askedCount,
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
    if (reply.kind !== "answer" || reply.status !== 200) return depth === 0 ? [] : paths;
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
      if (plain.kind === "failure") {
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

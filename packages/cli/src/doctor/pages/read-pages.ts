// Fetches pages from the site and from its origin.
import { debugField } from "../../../../../src/protocol/debug-fields.ts";
import { failure } from "../../command-error.ts";
import type { World } from "../../world.ts";
import type { SiteClient } from "../../site/site-client.ts";
import { isCompressed, proxyFields, tagWithCoding } from "../../asking/behind-proxy.ts";
import { isOurs } from "../../asking/cache-status.ts";
import { setCookies } from "./cookies.ts";
import { pathsLinkedFrom } from "./links.ts";
import { type Answer, look, type PageAnswer, type LookWorld } from "./look.ts";
import type { Page } from "./page.ts";

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

export interface PageReadings {
  readonly pages: readonly Page[];
  /** Sentences about pages that could not be fetched: of the site, or of the origin without a site. */
  readonly failures: readonly string[];
  readonly notLookedAt: readonly string[];
}

const otherFields = { accept: "application/json", "accept-language": "de" };

/** Long enough for `ttl` to fall by at least one second. */
const pauseMs = 2_100;

export async function readPages(
  options: ReadOptions,
  world: LookWorld & Pick<World, "sleep">,
): Promise<PageReadings> {
  const { site, origin, debugToken } = options;
  const base = site ?? origin;
  if (base === undefined) return { pages: [], failures: [], notLookedAt: [] };
  const headers = site === undefined ? {} : forwardedFields(site);
  const ofSite = (path: string, fields = {}) =>
    site === undefined ? undefined : look(site + path, fields, world);
  const ofOrigin = (path: string, fields = {}) =>
    origin === undefined ? undefined : look(origin + path, { ...headers, ...fields }, world);
  const first = new Map<string, PageAnswer>();
  const askFirst = async (path: string) => {
    const answer = await (ofSite(path) ?? ofOrigin(path));
    if (answer !== undefined) first.set(path, answer);
  };
  for (const path of options.paths ?? ["/"]) await askFirst(path);
  const root = first.get("/");
  if (options.paths === undefined && root?.kind === "answered") {
    for (const path of pathsLinkedFrom(root, origin)) await askFirst(path);
  }
  const cookie = cookieField([...first.values()].filter(isAnswer));
  if (site !== undefined) await world.sleep(pauseMs);
  const read: PageRead[] = [];
  for (const [path, before] of first) {
    const again = await ofSite(path);
    // Send the token only if Tidemark has answered at this path, because another server must not
    // get the token.
    const isExplained = debugToken !== undefined && [before, again].some(isTidemarks);
    const debugged = isExplained
      ? await ofSite(path, { [debugField]: await debugToken() })
      : undefined;
    const withCookies = cookie === undefined ? undefined : await ofSite(path, { cookie });
    const direct =
      site === undefined
        ? [before, await ofOrigin(path)]
        : [await ofOrigin(path), await ofOrigin(path)];
    const plain = direct.find(isAnswer);
    const tag = plain && tagWithCoding(plain.headers);
    const asProxy =
      plain && isCompressed(plain.headers) ? await ofOrigin(path, proxyFields) : undefined;
    const validated =
      tag === undefined ? undefined : await ofOrigin(path, { "if-none-match": tag });
    const asOther = await ofOrigin(path, otherFields);
    read.push({
      path,
      answers: site === undefined ? [] : [before, again],
      debugged,
      withCookies,
      direct,
      asProxy,
      validated,
      asOther,
    });
  }
  const failures = read.flatMap((one) =>
    site === undefined ? failed(one, "direct") : failed(one, "answers"),
  );
  const notLookedAt = read.flatMap((one) => [...failed(one, "answers"), ...failed(one, "direct")]);
  return { pages: read.flatMap(pageOf), failures, notLookedAt };
}

/** Returns the field that a browser sends after these responses; `undefined` if they set no cookie. */
function cookieField(answers: readonly Answer[]): string | undefined {
  const cookies = answers.flatMap(({ headers }) => setCookies(headers));
  const pairs = new Map(cookies.map(({ name, value }) => [name, `${name}=${value}`]));
  return pairs.size === 0 ? undefined : [...pairs.values()].join("; ");
}

interface PageRead {
  readonly path: string;
  readonly answers: readonly (PageAnswer | undefined)[];
  readonly debugged: PageAnswer | undefined;
  readonly withCookies: PageAnswer | undefined;
  readonly direct: readonly (PageAnswer | undefined)[];
  readonly asProxy: PageAnswer | undefined;
  readonly validated: PageAnswer | undefined;
  readonly asOther: PageAnswer | undefined;
}

/** Returns the fields in which Tidemark sends the site's address to an origin. */
function forwardedFields(site: string): Record<string, string> {
  const { host, protocol } = new URL(site);
  return { "x-forwarded-host": host, "x-forwarded-proto": protocol.slice(0, -1) };
}

function pageOf(read: PageRead): Page[] {
  const page = {
    path: read.path,
    answers: read.answers.filter(isAnswer),
    debugged: answerIn(read.debugged),
    withCookies: answerIn(read.withCookies),
    direct: read.direct.filter(isAnswer),
    asProxy: answerIn(read.asProxy),
    validated: answerIn(read.validated),
    asOther: answerIn(read.asOther),
  };
  return page.answers.length + page.direct.length === 0 ? [] : [page];
}

const isAnswer = (answer: PageAnswer | undefined): answer is Answer => answer?.kind === "answered";

const answerIn = (read: PageAnswer | undefined) => (isAnswer(read) ? read : undefined);

const isTidemarks = (answer: PageAnswer | undefined) => isAnswer(answer) && isOurs(answer.headers);

function failed(read: PageRead, of: "answers" | "direct"): string[] {
  const first = read[of].find((answer) => answer?.kind === "failed");
  const whose = of === "answers" ? "site" : "origin";
  return first?.kind === "failed" ? [`The page ${read.path} of the ${whose}: ${first.why}.`] : [];
}

/** The responses before and after the purge. */
export interface PurgedPage {
  readonly path: string;
  readonly before: Answer;
  readonly after: Answer;
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
  world: LookWorld & Pick<World, "sleep">,
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
    const after = await look(origin + path, {}, world);
    if (before !== undefined && after.kind === "answered") {
      purged.push({ path, before, after });
    }
  }
  return purged;
}

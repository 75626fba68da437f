// Findings about other caches: in front of Tidemark, between it and the origin, and of browsers.
import * as v from "valibot";
import { explainField } from "../../../../../src/protocol/debug-fields.ts";
import { explainedAges } from "../../../../../src/protocol/explain-answer.ts";
import { browserSecondsOf } from "../../../../../src/http-rules.ts";
import { formatSeconds } from "../../origin/judge-page.ts";
import type { DoctorFinding } from "../finding.ts";
import { cloudflareField, cacheMembers, isOurs, cacheMarks } from "../../asking/cache-status.ts";
import type { Answer } from "../../asking/fetch-page.ts";
import { aboutPages, findingOn, isStored, type Page } from "./page.ts";

export function cacheFindings(pages: readonly Page[]): DoctorFinding[] {
  return [inFront(pages), below(pages), inBrowsers(pages)].flat();
}

/** Evidence of another cache, in the responses for a page. */
interface Sign {
  readonly page: Page;
  readonly text: string;
  /** True if the evidence does not show that the cache sent an old response. */
  readonly isHarmless: boolean;
}

/** Returns the first sign of an old response; otherwise the first sign. */
function worstOf(signs: readonly Sign[]): Sign | undefined {
  return signs.find(({ isHarmless }) => !isHarmless) ?? signs[0];
}

function inFront(pages: readonly Page[]): DoctorFinding | [] {
  const signs = pages.flatMap((page): Sign[] => {
    const [sign] = [...membersAfter(page), ...undebugged(page), ...frozen(page)];
    return sign === undefined ? [] : [sign];
  });
  const first = worstOf(signs);
  if (first === undefined) return [];
  return {
    code: "cache-in-front",
    level: first.isHarmless ? "info" : "critical",
    about: aboutPages(signs.map(({ page }) => page)),
    what: first.isHarmless
      ? "There is a cache between Tidemark and the clients. Only outward purges reach it."
      : "A cache between Tidemark and the clients answers requests. Only outward purges reach it.",
    cause: first.text,
    remedy:
      "Turn that cache off for this site: Workers Cache, cache rules of the zone, or a CDN. Otherwise configure an outward target for it, and set cacheInFront.",
  };
}

function membersAfter(page: Page): Sign[] {
  const after = page.answers.flatMap(({ headers }) => cacheMembers(headers).after);
  const member = after.find(({ isHit }) => isHit) ?? after[0];
  if (member === undefined) return [];
  const text = `Cache-Status has a member after Tidemark's: ${member.text.slice(0, 80)}`;
  return [{ page, text: `${text}.`, isHarmless: !member.isHit }];
}

/**
 * Detects a response without an explanation. With a valid token, Tidemark explains each request
 * that it receives, so another cache has sent the response.
 */
function undebugged(page: Page): Sign[] {
  const { debugged } = page;
  if (debugged === undefined || debugged.headers.has(explainField)) return [];
  // Another finding reports pages that Tidemark never answers.
  if (!page.answers.some(({ headers }) => isOurs(headers))) return [];
  const text =
    "A request with Tidemark-Debug got no explanation, so it did not reach Tidemark, although the response came from Tidemark.";
  return [{ page, text, isHarmless: false }];
}

/** Detects a `ttl` that does not fall from one request to the next. */
function frozen(page: Page): Sign[] {
  const [first, ...others] = page.answers;
  if (first === undefined) return [];
  const { ours } = cacheMembers(first.headers);
  if (ours === undefined || !ours.isHit || !/;\s*ttl=-?\d/.test(ours.text)) return [];
  const isFrozen = (later: Answer) =>
    later.askedAtMs - first.askedAtMs >= frozenMsMin &&
    later.headers.get("date") === first.headers.get("date") &&
    cacheMembers(later.headers).ours?.text === ours.text;
  if (!others.some(isFrozen)) return [];
  const text = `Two responses, two seconds apart, have the same Cache-Status of Tidemark: ${ours.text}.`;
  return [{ page, text, isHarmless: false }];
}

const frozenMsMin = 2_000;

function below(pages: readonly Page[]): DoctorFinding | [] {
  const signs = pages.flatMap((page): Sign[] => {
    const found = [...marksOfOrigin(page), ...membersBefore(page), ...oldOnArrival(page)];
    const sign = worstOf(found);
    return sign === undefined ? [] : [sign];
  });
  const first = worstOf(signs);
  if (first === undefined) return [];
  return {
    code: "cache-below",
    level: first.isHarmless ? "info" : "warning",
    about: aboutPages(signs.map(({ page }) => page)),
    what: first.isHarmless
      ? "Cloudflare's cache stores the origin's pages. Tidemark's requests bypass it."
      : "A cache between Tidemark and the origin answers requests. After a purge, Tidemark may get the old page from it, and stores it if it has no Age.",
    cause: first.text,
    remedy: first.isHarmless
      ? "Nothing, unless other clients of the origin need new pages at once."
      : "Turn that cache off for Tidemark, or configure an outward target for it. If it sends no Age, purge it before you purge Tidemark, and set purge.settleSeconds to the time that its purge takes.",
  };
}

function marksOfOrigin(page: Page): Sign[] {
  const marks = page.direct.flatMap(({ headers }) => cacheMarks(headers));
  const isOfCloudflare = marks.some(({ field }) => field === cloudflareField);
  // Cloudflare's cache also sends Age.
  const others = marks.filter(
    ({ field }) => field !== cloudflareField && !(isOfCloudflare && field === "age"),
  );
  const [mark] = [...others, ...marks];
  if (mark === undefined) return [];
  const text = `A direct request to the origin was answered with ${mark.text}.`;
  return [{ page, text, isHarmless: others.length === 0 }];
}

function membersBefore(page: Page): Sign[] {
  const before = page.answers.flatMap(({ headers }) => {
    const { ours, before: members } = cacheMembers(headers);
    return ours === undefined ? [] : members;
  });
  const member = before.find(({ isHit }) => isHit);
  if (member === undefined) return [];
  const text = `Cache-Status has a hit before Tidemark's: ${member.text.slice(0, 80)}.`;
  return [{ page, text, isHarmless: false }];
}

/** Allows for the time in transit and for different clocks. */
const arrivalSecondsMax = 2;

function oldOnArrival(page: Page): Sign[] {
  const { tiers = [], last } = lookOf(page.debugged) ?? {};
  const ages = [...tiers.map(({ copy }) => copy?.ageOnArrivalSeconds), last?.ageOnArrivalSeconds];
  const ageSeconds = Math.max(...ages.map((age) => age ?? 0));
  if (ageSeconds <= arrivalSecondsMax) return [];
  const text = `The stored response was ${ageSeconds} s old when it arrived, or the origin's clock is wrong.`;
  return [{ page, text, isHarmless: false }];
}

/** N by default, for a site that does not explain its answers. */
const usualLagSeconds = 10;

/** Names stored pages that browsers may show for longer than N. */
function inBrowsers(pages: readonly Page[]): DoctorFinding | [] {
  const found = pages.filter((page) => browserSeconds(page) > 0);
  const longest = Math.max(0, ...found.map(browserSeconds));
  const time = longest === Infinity ? "for ever" : `for ${formatSeconds(longest)}`;
  const stated = found[0]?.answers.at(-1)?.headers.get("cache-control");
  return findingOn(found, {
    code: "browsers-keep",
    level: "info",
    what: `Browsers may show the page ${time}, also after a purge.`,
    cause: `Cache-Control is ${stated ? JSON.stringify(stated.slice(0, 120)) : "absent"}.`,
    remedy:
      'If that is too long, set browser: "0s" in the route. Each repeat view is then a request, mostly answered with 304.',
  });
}

/** Returns 0 up to N. */
function browserSeconds(page: Page): number {
  const [answer] = page.answers.slice(-1);
  if (answer === undefined || !isStored(page)) return 0;
  const { tiers } = lookOf(page.debugged) ?? {};
  const seconds = browserSecondsOf(answer, answer.askedAtMs);
  if (tiers === undefined) return seconds > usualLagSeconds ? seconds : 0;
  return Math.max(0, ...tiers.map(({ copy }) => copy?.browsersSeconds ?? 0));
}

function lookOf(answer: Answer | undefined) {
  const text = answer?.headers.get(explainField);
  if (!text) return undefined;
  try {
    return v.parse(explainedAges, JSON.parse(text)).look;
  } catch {
    return undefined;
  }
}

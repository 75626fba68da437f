// Findings on other caches: one in front of Tidemark, whose hits no purge reaches, or one below it.
import { explainField } from "../../../../../src/protocol/debug-fields.ts";
import { explanation, type LookRead } from "../../../../../src/protocol/explanation.ts";
import type { DoctorFinding } from "../finding.ts";
import { cloudflareField } from "../../asking/cache-fields.ts";
import { cacheMembers, isOurs } from "../../asking/cache-status.ts";
import { cacheMarks } from "./cache-marks.ts";
import type { Answer } from "./look.ts";
import { aboutPages, type Page } from "./page.ts";

export function cacheFindings(pages: readonly Page[]): DoctorFinding[] {
  return [...inFront(pages), ...below(pages)];
}

/** A page, and by what a cache beside Tidemark is known. */
interface Sign {
  readonly page: Page;
  readonly text: string;
  /** Nothing old has been seen of it. */
  readonly isHarmless: boolean;
}

/** The first that has shown something old; else the first of all. */
function worstOf(signs: readonly Sign[]): Sign | undefined {
  return signs.find(({ isHarmless }) => !isHarmless) ?? signs[0];
}

function inFront(pages: readonly Page[]): DoctorFinding[] {
  const signs = pages.flatMap((page): Sign[] => {
    const [sign] = [...membersAfter(page), ...undebugged(page), ...frozen(page)];
    return sign === undefined ? [] : [sign];
  });
  const first = worstOf(signs);
  if (first === undefined) return [];
  return [
    {
      code: "cache-in-front",
      level: first.isHarmless ? "info" : "critical",
      about: aboutPages(signs.map(({ page }) => page)),
      what: first.isHarmless
        ? "A cache stands between Tidemark and the clients. What it keeps, no purge of Tidemark's reaches."
        : "A cache between Tidemark and the clients answers. No purge of Tidemark's reaches what it keeps.",
      cause: first.text,
      remedy:
        "Turn it off for this site: Workers Cache, cache rules of the zone, or a CDN before it. Else purge it too, and set cacheInFront.",
    },
  ];
}

function membersAfter(page: Page): Sign[] {
  const after = page.answers.flatMap(({ headers }) => cacheMembers(headers).after);
  const member = after.find(({ isHit }) => isHit) ?? after[0];
  if (member === undefined) return [];
  const text = `Cache-Status has a member behind Tidemark's: ${member.text.slice(0, 80)}`;
  return [{ page, text: `${text}.`, isHarmless: !member.isHit }];
}

/** With a token that is taken, Tidemark explains each request that reaches it. */
function undebugged(page: Page): Sign[] {
  const { debugged } = page;
  if (debugged === undefined || debugged.headers.has(explainField)) return [];
  // A Worker that does not stand there is another finding.
  if (!page.answers.some(({ headers }) => isOurs(headers))) return [];
  const text =
    "A request with Tidemark-Debug got no explanation, so it did not reach Tidemark, though the answer is one of Tidemark's.";
  return [{ page, text, isHarmless: false }];
}

/** From one second to the next, what remains of a lifetime falls. */
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
  const text = `Two answers, two seconds apart, have the same Cache-Status of Tidemark's: ${ours.text}.`;
  return [{ page, text, isHarmless: false }];
}

const frozenMsMin = 2_000;

function below(pages: readonly Page[]): DoctorFinding[] {
  const signs = pages.flatMap((page): Sign[] => {
    const found = [...marksOfOrigin(page), ...membersBefore(page), ...oldOnArrival(page)];
    const sign = worstOf(found);
    return sign === undefined ? [] : [sign];
  });
  const first = worstOf(signs);
  if (first === undefined) return [];
  return [
    {
      code: "cache-below",
      level: first.isHarmless ? "info" : "warning",
      about: aboutPages(signs.map(({ page }) => page)),
      what: first.isHarmless
        ? "Cloudflare's cache keeps the origin's pages. Requests of Tidemark's pass it by."
        : "A cache between Tidemark and the origin answers. After a purge, Tidemark may fetch the old page from it.",
      cause: first.text,
      remedy: first.isHarmless
        ? "Nothing, unless others than Tidemark should get new pages at once."
        : "Turn it off for Tidemark, or purge it before Tidemark. purge.settleSeconds covers the time that its purge takes.",
    },
  ];
}

function marksOfOrigin(page: Page): Sign[] {
  const marks = page.direct.flatMap(({ headers }) => cacheMarks(headers));
  const isOfCloudflare = marks.some(({ field }) => field === cloudflareField);
  // Its cache sends Age, too.
  const others = marks.filter(
    ({ field }) => field !== cloudflareField && !(isOfCloudflare && field === "age"),
  );
  const [mark] = [...others, ...marks];
  if (mark === undefined) return [];
  const text = `The origin, asked directly, answered with ${mark.text}.`;
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

/** More than it takes on the way, and more than clocks differ by. */
const arrivalSecondsMax = 2;

function oldOnArrival(page: Page): Sign[] {
  const { tiers = [], last } = lookOf(page.debugged) ?? {};
  const ages = [...tiers.map(({ copy }) => copy?.ageOnArrivalSeconds), last?.ageOnArrivalSeconds];
  const ageSeconds = Math.max(...ages.map((age) => age ?? 0));
  if (ageSeconds <= arrivalSecondsMax) return [];
  const text = `What Tidemark has stored was ${ageSeconds} s old when it came; or the origin's clock is wrong.`;
  return [{ page, text, isHarmless: false }];
}

function lookOf(answer: Answer | undefined): LookRead | undefined {
  const text = answer?.headers.get(explainField);
  if (!text) return undefined;
  try {
    return explanation.safeParse(JSON.parse(text)).data?.look;
  } catch {
    return undefined;
  }
}

// Derives the fields of a route from its examined pages. In doubt, the route sets no lifetime or bypasses the cache.
import { type Judgement, judge } from "../origin/judge-page.ts";
import { fieldOfTrait, isUntold, type PageSight } from "../origin/look-at-page.ts";
import { type DraftRoute, listed } from "./draft.ts";

export interface JudgedPage {
  readonly sight: PageSight;
  readonly judgement: Judgement;
}

export function judged(sight: PageSight): JudgedPage {
  return { sight, judgement: judge(sight) };
}

/**
 * Returns whether each response has a new token, or cookies change the page. Ignores `Vary`. Other
 * pages of the same route may do the same.
 */
export function isUnguarded({ sight: { change, differsBy } }: JudgedPage): boolean {
  return change === "token" || differsBy.includes("cookie");
}

/** Lifetimes for pages that can be shared. */
export interface Lifetimes {
  readonly fresh: string;
  /** `undefined` keeps the origin's field. */
  readonly browser?: string;
  readonly staleWhileRevalidate?: string;
  readonly staleIfError: string;
}

export type ContentFields = Pick<DraftRoute, "comments" | "fields" | "samples">;

/** @param pages the examined pages of the route */
export function contentFields(pages: readonly JudgedPage[], lifetimes: Lifetimes): ContentFields {
  const comments = reasons(pages);
  const of = (...kinds: Judgement["kind"][]) =>
    pages.filter(({ judgement }) => kinds.includes(judgement.kind));
  const content = pages.filter(({ judgement }) => judgement.kind !== "other");
  const isForFew = pages.some(
    ({ sight }) => isUntold(sight, "user-agent") || isUntold(sight, "address"),
  );
  if (isForFew || (content.length > 0 && of("private").length === content.length)) {
    return { comments, fields: ["bypass: true"], samples: [] };
  }
  const untold = (["accept", "language"] as const).filter((trait) =>
    pages.some(({ sight }) => isUntold(sight, trait)),
  );
  const names = untold.map((trait) => JSON.stringify(fieldOfTrait[trait]));
  const key = names.length === 0 ? [] : [`key: { headers: [${names.join(", ")}] }`];
  const doubtful = of("private", "uncertain");
  if (content.length === 0 || doubtful.length > 0) {
    const why =
      "So the route sets no lifetime: responses are used only as long as the origin allows.";
    return { comments: [...comments, why], fields: key, samples: [] };
  }
  return {
    comments: of("validated").length > 0 ? [...comments, ...aboutValidated] : comments,
    fields: [...writtenLifetimes(lifetimes), ...key],
    samples: of("open", "origin").map(({ sight }) => sight.path),
  };
}

const aboutValidated = [
  'The origin requires validation at each use. If it sends purges, mode: "override" lets `fresh` take precedence.',
];

function writtenLifetimes(lifetimes: Lifetimes): string[] {
  return Object.entries(lifetimes).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
}

/** Returns one line for each reason, with its pages. */
export function reasons(pages: readonly JudgedPage[]): string[] {
  const byWhy = new Map<string, string[]>();
  for (const { sight, judgement } of pages) {
    byWhy.set(judgement.why, [...(byWhy.get(judgement.why) ?? []), sight.path]);
  }
  return [...byWhy].map(([why, paths]) => `Seen: ${listed(paths)}: ${why}.`);
}

// The third part of doctor: checks pages, through the site and directly at the origin.
import { CommandError } from "../../command-error.ts";
import type { SiteClient } from "../../site/site-client.ts";
import type { World } from "../../world.ts";
import { type Examination, unreachable } from "../finding.ts";
import { answerFindings, linkFindings, purgeFindings, purgeRefused } from "./answer-findings.ts";
import { cacheFindings } from "./cache-findings.ts";
import type { Page } from "./page.ts";
import { originFindings } from "./origin-findings.ts";
import { type ReadOptions, type PurgedPage, purgePages, readPages } from "./read-pages.ts";

/** @param purger purges the pages for a test; `undefined` purges nothing */
export async function examinePages(
  options: ReadOptions,
  purger: SiteClient | undefined,
  world: World,
): Promise<Examination> {
  const { pages, failures, notLookedAt } = await readPages(options, world);
  const ofSite = pages.filter(({ answers }) => answers.length > 0);
  const ofOrigin = pages.filter(({ direct }) => direct.length > 0);
  const purged = await purgedIfAsked(ofSite, purger, world);
  const paths = (some: readonly { readonly path: string }[]) =>
    some.map(({ path }) => path).join(" ");
  const asked = options.site ?? options.origin;
  const isGone = (options.site === undefined ? ofOrigin : ofSite).length === 0;
  const [what, level] = isGone
    ? ([`No page of ${asked} could be fetched.`, "critical"] as const)
    : ([`A page of ${asked} could not be fetched.`, "warning"] as const);
  return {
    findings: [
      failures.slice(0, isGone ? 1 : undefined).map((why) => unreachable(what, why, level)),
      answerFindings(pages),
      options.site === undefined ? [] : linkFindings(pages, options.origin),
      cacheFindings(pages),
      purged instanceof CommandError ? purgeRefused(purged) : purgeFindings(purged),
      originFindings(pages),
    ].flat(),
    lookedAt: [
      ...(ofSite.length === 0 ? [] : [`pages of ${options.site}: ${paths(ofSite)}`]),
      ...(ofOrigin.length === 0
        ? []
        : [`pages of the origin ${options.origin}: ${paths(ofOrigin)}`]),
      ...(Array.isArray(purged) && purged.length > 0
        ? [`a purge of these pages: ${paths(purged)}`]
        : []),
    ],
    notLookedAt: [...notLookedAt, ...withoutContent(pages), ...unseen(options, purger)],
  };
}

/** Returns the error instead of throwing it, so that the other findings are still reported. */
async function purgedIfAsked(
  pages: readonly Page[],
  purger: SiteClient | undefined,
  world: World,
): Promise<PurgedPage[] | CommandError> {
  if (purger === undefined || pages.length === 0) return [];
  try {
    return await purgePages(pages, purger, world);
  } catch (cause) {
    if (cause instanceof CommandError && cause.code !== "interrupted") return cause;
    throw cause;
  }
}

/**
 * Lists pages that answered with a redirect or a 4xx, because these answers show nothing about the page
 * itself.
 */
function withoutContent(pages: readonly Page[]): string[] {
  return pages.flatMap(({ path, answers, direct }) => {
    const [first] = [...answers, ...direct];
    const status = first?.status ?? 200;
    if (status < 300 || status >= 500) return [];
    return [`The content of ${path}: the status was ${status}. Name other pages with --page.`];
  });
}

function unseen(
  { site, origin, debugToken, isOriginOfSite }: ReadOptions,
  purger: SiteClient | undefined,
): string[] {
  if (site === undefined) return [];
  return [
    ...(isOriginOfSite
      ? [
          "The origin itself: it has the same name as the site, so this machine would reach Tidemark.",
        ]
      : origin === undefined
        ? ["The origin itself: pass its address with --origin, if it differs from the site's."]
        : []),
    ...(debugToken === undefined
      ? ["Whether each request reaches Tidemark: Tidemark explains only requests with the token."]
      : []),
    ...(purger === undefined
      ? ["Whether purges reach clients: pass --purge to test that with these pages."]
      : []),
  ];
}

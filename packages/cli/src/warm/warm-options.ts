// Validates the options of `tidemark warm` before anything is read or requested.
import { InvalidArgumentError } from "commander";
import { usageError } from "../command-error.ts";
import type { Field } from "../session.ts";
import { siteAddress } from "../site/address.ts";
import type { Page } from "./page-list.ts";

/** The options as commander parses them. */
export interface WarmOptions {
  readonly sitemap?: readonly string[];
  readonly list?: readonly string[];
  readonly log?: readonly string[];
  readonly hottest?: number | true;
  readonly afterPurge?: string;
  readonly data?: string;
  readonly csv?: true;
  readonly since?: number;
  readonly top?: number;
  readonly alsoHost?: readonly string[];
  readonly header?: readonly Field[];
  readonly variant?: readonly Field[];
  readonly via?: readonly string[];
  readonly within?: true;
  readonly limit?: number;
  readonly rate?: number;
  readonly concurrency?: number;
  readonly state?: string;
  readonly fresh?: true;
  readonly dryRun?: true;
}

/** The sources of pages. */
export interface SourceOptions {
  /** Pages from the command line. */
  readonly words: readonly string[];
  readonly sitemap?: readonly string[] | undefined;
  readonly list?: readonly string[] | undefined;
  readonly log?: readonly string[] | undefined;
  readonly hotCount?: number | undefined;
  readonly afterPurge?: string | undefined;
  readonly csv?: true | undefined;
  readonly sinceAtMs?: number | undefined;
  readonly top?: number | undefined;
}

export const concurrencyUsual = 4;
export const concurrencyMaxMax = 64;
const hotCountUsual = 100;
/** The limit of `GET /_cache/hot`. */
export const hotCountMax = 1_000;
/** The limit of `POST /_cache/warm`. */
export const limitMax = 100;

/** @throws CommandError if no source is specified, or options conflict */
export function sourcesOf(options: WarmOptions, words: readonly string[]): SourceOptions {
  const { sitemap, list, log, hottest, afterPurge, csv, since, top } = options;
  const isHot = hottest !== undefined || afterPurge !== undefined;
  const isNone = words.length === 0 && [sitemap, list, log].every((one) => one === undefined);
  if (isNone && !isHot) {
    throw refused(
      "No source is specified.",
      "Pass --sitemap, --list, --log, --hottest, --after-purge, or pages.",
    );
  }
  if ([...(list ?? []), ...(log ?? [])].filter((name) => name === "-").length > 1) {
    throw refused("stdin is used twice.", "Write - once.");
  }
  for (const { given, needs, option } of [
    { given: top, needs: log, option: "--top needs --log" },
    { given: since, needs: sitemap, option: "--since needs --sitemap" },
    { given: csv, needs: list, option: "--csv needs --list" },
  ]) {
    if (given !== undefined && needs === undefined) throw refused(`${option}.`, "Omit it.");
  }
  const hotCount = typeof hottest === "number" ? hottest : hotCountUsual;
  return {
    words,
    sitemap,
    list,
    log,
    afterPurge,
    csv,
    top,
    sinceAtMs: since,
    hotCount: isHot ? hotCount : undefined,
  };
}

/**
 * @throws CommandError for options that conflict with `--data` or `--within`, or that need one of
 *   these
 */
export function checkManner(options: WarmOptions, words: readonly string[]): void {
  const { data, within, limit, list } = options;
  const isWithin = within === true || data !== undefined;
  const ofPages = [
    "sitemap",
    "log",
    "hottest",
    "afterPurge",
    "alsoHost",
    "variant",
    "header",
  ] as const;
  const ofRequests = ["via", "rate", "concurrency"] as const;
  if (data !== undefined) {
    const other = ofPages.find((name) => options[name] !== undefined);
    if (other !== undefined || words.length > 0) {
      throw refused("--data takes keys, but pages are also specified.", "Run the command twice.");
    }
    if (list === undefined) throw refused("--data has no keys.", "Pass them with --list FILE.");
  }
  const vain = isWithin ? ofRequests.find((name) => options[name] !== undefined) : undefined;
  if (vain !== undefined) {
    const why = `--${vain} is for requests through the site, but here the Worker sends the requests itself.`;
    throw refused(why, `Omit --${vain} or --within.`);
  }
  if (limit !== undefined && !isWithin) throw refused("--limit needs --within.", "Omit it.");
}

/** @throws CommandError for an invalid address. Only an address of this machine may use http */
export function viaAddresses(options: WarmOptions): string[] {
  return (options.via ?? []).map(
    (site) => siteAddress({ site, operatorPath: undefined, from: "--via" }).origin,
  );
}

/** Yields each page once with each variant. Fields that a source gives for a page take precedence. */
export function* variantsOf(
  pages: Iterable<Page>,
  { header = [], variant = [] }: WarmOptions,
): Generator<Page> {
  const common = Object.fromEntries(header);
  const variants =
    variant.length === 0 ? [{}] : variant.map((field) => Object.fromEntries([field]));
  for (const { path, headers } of pages) {
    for (const one of variants) {
      const fields = { ...common, ...one, ...headers };
      yield Object.keys(fields).length === 0 ? { path } : { path, headers: fields };
    }
  }
}

function refused(why: string, hint: string) {
  return usageError({ what: "The options are invalid.", why, hint });
}

/** Parses a repeatable host, and normalizes it as in URLs. */
export function hostOf(text: string, before: readonly string[] | undefined): string[] {
  const url = URL.parse(`https://${text}`);
  if (url !== null && url.href === `https://${url.host}/`) return [...(before ?? []), url.host];
  throw new InvalidArgumentError("Write only a host, such as example.com.");
}

export function rateOf(text: string): number {
  const value = /^\d{1,6}(?:\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (value > 0) return value;
  throw new InvalidArgumentError("Write requests per second, such as 20 or 0.5.");
}

export function dateOf(text: string): number {
  const atMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(atMs)) return atMs;
  throw new InvalidArgumentError("Write a date, such as 2026-11-01 or 2026-11-01T06:00:00Z.");
}

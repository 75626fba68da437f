// Creates the trace: requests with their times and colos, and edits in between. The same settings
// create the same trace in every process.
import { Draws } from "../../testing/draws.ts";
import { zipfRanks } from "../load/zipf.ts";

export interface TraceSettings {
  readonly requestCount: number;
  readonly pageCount: number;
  readonly durationMs: number;
  readonly seed: number;
  /** The factor by which lifetimes are longer and the replay is slower; 1 by default. */
  readonly stretch?: number;
}

export interface Page {
  readonly path: string;
  /** The query in the site's order of parameters, with its "?"; empty if there is none. */
  readonly query: string;
  readonly tag: string;
  readonly lifetimeSeconds: number;
  readonly bodyBytes: number;
}

export interface Visit {
  readonly kind: "visit";
  readonly atMs: number;
  readonly colo: number;
  readonly page: number;
  /** The path and query, as this client writes them. */
  readonly target: string;
}

/** A change of pages at the origin, followed by a purge of these pages by URL or tag. */
export interface Edit {
  readonly kind: "edit";
  readonly atMs: number;
  /** The colo that receives the purge. */
  readonly colo: number;
  readonly pages: readonly number[];
  readonly by:
    | { readonly kind: "url"; readonly page: Page }
    | { readonly kind: "tag"; readonly tag: string };
}

type TraceEvent = Visit | Edit;

export interface Trace {
  readonly pages: readonly Page[];
  /** The events, sorted by time. */
  readonly events: readonly TraceEvent[];
}

export const originMs = 40;
/** The prefix of paths that are not in the trace. */
export const warmUpPath = "/warm-up/";
export const coloCount = 3;
export const zipfExponent = 0.95;
export const editCount = 200;
export const trackingShare = 0.2;
export const queryShare = 0.4;
const reorderedShare = 0.3;
/** The speed of the replay relative to real life. Lifetimes are whole seconds of the replay. */
export const scale = 30;
export const lifetimeShares = [
  { lifetimeSeconds: 2, share: 0.3 },
  { lifetimeSeconds: 10, share: 0.3 },
  { lifetimeSeconds: 30, share: 0.2 },
  { lifetimeSeconds: 120, share: 0.2 },
] as const;
const tagCount = 100;
const trackers = [
  (draws: Draws) => `utm_source=s${Math.floor(draws.between(0, 8))}&utm_medium=mail`,
  (draws: Draws) => `utm_campaign=c${Math.floor(draws.between(0, 40))}`,
  (draws: Draws) => `gclid=${Math.floor(draws.between(0, 1e9)).toString(36)}`,
];

export function traceOf(settings: TraceSettings): Trace {
  const { requestCount, pageCount, durationMs, seed, stretch = 1 } = settings;
  const draws = new Draws(seed);
  const pages = pagesOf(draws.fork(), { pageCount, stretch });
  const ranks = zipfRanks(pageCount, zipfExponent);
  const [visiting, editing] = [draws.fork(), draws.fork()];
  const visits = Array.from({ length: requestCount }, (): TraceEvent => {
    const page = ranks(visiting);
    const target = targetOf(pageAt(pages, page), visiting);
    const colo = Math.floor(visiting.between(0, coloCount));
    return { kind: "visit", atMs: visiting.between(0, durationMs), colo, page, target };
  });
  const edits = Array.from({ length: editCount }, (_, at): TraceEvent => {
    const chosen = ranks(editing);
    const page = pageAt(pages, chosen);
    const isByTag = at % 2 === 0;
    const tag = `t${Math.floor(editing.between(0, tagCount))}`;
    return {
      kind: "edit",
      atMs: editing.between(0, durationMs),
      colo: Math.floor(editing.between(0, coloCount)),
      pages: isByTag
        ? pages.flatMap((each, number) => (each.tag === tag ? [number] : []))
        : [chosen],
      by: isByTag ? { kind: "tag", tag } : { kind: "url", page },
    };
  });
  const events = [...visits, ...edits].sort((a, b) => a.atMs - b.atMs);
  return { pages, events };
}

export function pageAt(pages: readonly Page[], number: number): Page {
  const page = pages[number];
  if (page === undefined) throw new Error(`There is no page ${number}.`);
  return page;
}

/** Returns a lifetime in whole seconds, for `max-age`. */
function stretchedSeconds(lifetimeSeconds: number, stretch: number): number {
  return Math.max(1, Math.round(lifetimeSeconds * stretch));
}

function pagesOf(
  draws: Draws,
  { pageCount, stretch }: Required<Pick<TraceSettings, "pageCount" | "stretch">>,
): Page[] {
  return Array.from({ length: pageCount }, (_, number) => ({
    path: `/pages/${number}`,
    query: queryOf(number, draws),
    tag: `t${Math.floor(draws.between(0, tagCount))}`,
    lifetimeSeconds: stretchedSeconds(lifetimeOf(draws.between(0, 1)), stretch),
    // The length is from 2 to 64 KiB, uniformly distributed on a logarithmic scale.
    bodyBytes: Math.round(2_048 * 2 ** draws.between(0, 5)),
  }));
}

const queryOf = (number: number, draws: Draws): string =>
  draws.isLucky(queryShare) ? `?section=s${number % 7}&sort=new` : "";

function lifetimeOf(drawn: number): number {
  let upTo = 0;
  for (const { lifetimeSeconds, share } of lifetimeShares) {
    upTo += share;
    if (drawn < upTo) return lifetimeSeconds;
  }
  return lifetimeShares[0].lifetimeSeconds;
}

/** Returns a target without its tracking parameters, which are its last ones. */
export const withoutTracking = (target: string): string =>
  target.replace(/[?&](?:utm_source|utm_campaign|gclid)=.*$/, "");

function targetOf({ path, query }: Page, draws: Draws): string {
  const isReordered = query !== "" && draws.isLucky(reorderedShare);
  const parameters = query.slice(1).split("&");
  const written = isReordered ? `?${parameters.toReversed().join("&")}` : query;
  const plain = path + written;
  if (!draws.isLucky(trackingShare)) return plain;
  const tracking = draws.oneOf(trackers)(draws);
  return `${plain}${written === "" ? "?" : "&"}${tracking}`;
}

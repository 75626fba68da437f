// The bounds of the exhaustive searches. Each scope allows the steps of a few rules, because all
// steps at once have too many states. N is 3 ticks, and A is 1.

type Settings = Readonly<Record<string, number>>;

export interface Scope {
  readonly name: string;
  /** The additions to two isolates that read the journal, and one response. */
  readonly adds: string;
  readonly settings: Settings;
  /** More settings for a search by hand. */
  readonly large: Settings;
}

const base: Settings = {
  usual_lag: 3,
  quick_lag: 3,
  allowance: 1,
  isolates: 2,
  colos: 2,
  kept: 6,
  held: 6,
  lined: 6,
  first_entries: 1,
  purges: 1,
  records: 1,
  reads: 1,
  warm: 1,
};

/** Losses, and read-backs at N/2. */
const losses: Settings = {
  losses: 1,
  read_back: 1,
  read_back_again: 1,
  instant: 1,
  recurring: 1,
  confirms: 1,
  one_purger: 1,
  one_loader: 1,
  prompt: 1,
};

/** A journal and views of two entries, with purges of other pages. */
const trimming: Settings = { isolates: 1, kept: 2, held: 2, entries: 4, elsewhere: 2, prompt: 1 };

export const scopes: readonly Scope[] = [
  {
    name: "replicas",
    adds: "replicas that lag by A, soft purges",
    settings: { replica_lag: 1, entries: 3, soft: 1 },
    large: { soft: 0, slow: 1 },
  },
  {
    name: "one colo",
    adds: "clocks that differ by A",
    settings: { colos: 1, clock_error: 1, entries: 2 },
    large: { records: 2 },
  },
  {
    name: "two colos",
    adds: "clocks that differ by N",
    settings: { lead: 3, entries: 2 },
    large: { usual_lag: 4, lead: 4, entries: 3, purges: 2 },
  },
  {
    name: "copies",
    adds: "copies of views, clocks that differ by A",
    settings: { colos: 1, clock_error: 1, entries: 2, copies: 1, prompt: 1 },
    large: { usual_lag: 4 },
  },
  {
    name: "cold",
    adds: "an empty journal, isolates without views",
    settings: { first_entries: 0, entries: 3, warm: 0 },
    large: { restarts: 1 },
  },
  {
    name: "late",
    adds: "two reads at once, replicas",
    settings: { isolates: 1, reads: 2, replica_lag: 1, entries: 3, purges: 2 },
    large: { slow: 1 },
  },
  {
    name: "losses",
    adds: "a fail-over, or an emptied journal",
    settings: { ...losses, entries: 4 },
    large: { one_loader: 0, confirms: 0 },
  },
  {
    name: "trimming",
    adds: "trimming, the book, a fail-over; one isolate",
    settings: { ...losses, ...trimming, books: 1, recurring: 0 },
    large: { entries: 5 },
  },
  {
    name: "dropped lineages",
    adds: "trimming, the book, lineages that are dropped for room, a fail-over; one isolate",
    settings: { ...losses, ...trimming, books: 1, recurring: 0, lined: 2 },
    large: { entries: 5 },
  },
  {
    name: "lost books",
    adds: "trimming, the book or the lineages, which are lost; one isolate",
    settings: { ...trimming, books: 1, harms: 1 },
    large: { entries: 5 },
  },
  {
    name: "late books",
    adds: "trimming, the book, two reads at once; one isolate",
    settings: { ...trimming, books: 1, reads: 2 },
    large: { entries: 5, purges: 2 },
  },
  {
    name: "epochs",
    adds: "trimming, epochs, a fail-over, two reads at once; one isolate",
    settings: { ...losses, ...trimming, books: 2, reads: 2, recurring: 0 },
    large: { entries: 5 },
  },
  {
    name: "tiers",
    adds: "validators, an origin that lies, bodies beside metadata; three responses, one isolate",
    settings: { isolates: 1, entries: 2, records: 3, validations: 1, shared: 1 },
    large: { entries: 3, purges: 2 },
  },
  {
    name: "trimmed validators",
    adds: "validators, trimming; two responses, one isolate",
    settings: { ...trimming, records: 2, validations: 1 },
    large: { prompt: 0 },
  },
  {
    name: "caches",
    adds: "a cache before the origin, clocks that differ by A",
    settings: { cached: 2, colos: 1, clock_error: 1, entries: 2, prompt: 1 },
    large: { entries: 3, soft: 1 },
  },
  {
    name: "trimmed caches",
    adds: "a cache before the origin, trimming; one isolate",
    settings: { ...trimming, cached: 2 },
    large: { entries: 5, purges: 2 },
  },
  {
    name: "steps",
    adds: "a clock that is set back by N; one isolate",
    settings: { isolates: 1, entries: 2, turns: 1, turn: 3 },
    large: { isolates: 2, prompt: 1 },
  },
  {
    name: "repeats",
    adds: "webhooks that are sent again",
    settings: { entries: 2, repeats: 1, prompt: 1 },
    large: { ...losses, entries: 3 },
  },
  {
    name: "restarts",
    adds: "isolates that are replaced",
    settings: { entries: 2, restarts: 1, prompt: 1 },
    large: { ...losses, entries: 3 },
  },
];

/** Returns the settings of a search, as the verifier reads them. */
export function settingsOf({ settings, large }: Scope, isLarge = false): string {
  const all = { ...base, ...settings, ...(isLarge ? large : {}) };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

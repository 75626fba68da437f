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
  allowance: 1,
  isolates: 2,
  kept: 6,
  held: 6,
  lined: 6,
  first_entries: 1,
  purges: 1,
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
  prompt: 1,
};

/** A journal and views of two entries, with purges of other pages. */
const trimming: Settings = { isolates: 1, kept: 2, held: 2, entries: 4, elsewhere: 2, prompt: 1 };

export const scopes: readonly Scope[] = [
  {
    name: "replicas",
    adds: "replicas that lag by A",
    settings: { replica_lag: 1, entries: 3 },
    large: { slow: 1 },
  },
  {
    name: "cold",
    adds: "an empty journal, isolates without views",
    settings: { first_entries: 0, entries: 3, warm: 0 },
    large: { purges: 2 },
  },
  {
    name: "losses",
    adds: "a fail-over, or an emptied journal",
    settings: { ...losses, entries: 4 },
    large: { confirms: 0 },
  },
  {
    name: "trimming",
    adds: "trimming, a fail-over; one isolate",
    settings: { ...losses, ...trimming, recurring: 0 },
    large: { entries: 5 },
  },
  {
    name: "dropped lineages",
    adds: "trimming, lineages that are dropped for room, a fail-over; one isolate",
    settings: { ...losses, ...trimming, recurring: 0, lined: 2 },
    large: { entries: 5 },
  },
  {
    name: "lost lineages",
    adds: "trimming, lineages that are lost; one isolate",
    settings: { ...trimming, harms: 1 },
    large: { entries: 5 },
  },
  {
    name: "repeats",
    adds: "webhooks that are sent again",
    settings: { entries: 2, repeats: 1, prompt: 1 },
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

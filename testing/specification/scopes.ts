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
  purges: 1,
};

/** Losses, and read-backs at N/2. */
const losses: Settings = {
  entries: 5,
  losses: 1,
  read_back: 1,
  read_back_again: 1,
  recurring: 1,
  one_purger: 1,
};

/** A journal and views of two entries, with purges of other pages. */
const trimming: Settings = { isolates: 1, kept: 2, held: 2, elsewhere: 2, recurring: 0 };

export const scopes: readonly Scope[] = [
  {
    name: "losses",
    adds: "a fail-over, or an emptied journal",
    settings: losses,
    large: { purges: 2 },
  },
  {
    name: "trimming",
    adds: "trimming, a fail-over; one isolate",
    settings: { ...losses, ...trimming },
    large: { losses: 2 },
  },
  {
    name: "dropped lineages",
    adds: "trimming, lineages that are dropped for room, a fail-over; one isolate",
    settings: { ...losses, ...trimming, lined: 2 },
    large: { losses: 2 },
  },
  {
    name: "repeats",
    adds: "webhooks that are sent again",
    settings: { entries: 3, purges: 2, repeats: 1 },
    large: { ...losses, entries: 3, purges: 1 },
  },
];

/** Returns the settings of a search, as the verifier reads them. */
export function settingsOf({ settings, large }: Scope, isLarge = false): string {
  const all = { ...base, ...settings, ...(isLarge ? large : {}) };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

// What the routes below `/_cache/` take and tell, as types: the routes answer by them, and the command reads
// by them. It holds no code, so that it costs a Worker nothing.
import type { Finding } from "./health/finding.ts";

/** Any refusal. */
export interface ToldError {
  readonly error: {
    readonly code: string;
    readonly what: string;
    readonly why: string;
    readonly mend: string;
  };
}

/** `POST purge`. */
export interface PurgeOrder {
  readonly tags?: readonly string[];
  readonly urls?: readonly string[];
  readonly prefixes?: readonly string[];
  readonly hosts?: readonly string[];
  readonly routes?: readonly string[];
  readonly everything?: true;
  readonly reason?: string;
  readonly mode?: "hard" | "soft";
  readonly dryRun?: boolean;
}

/** How an order was read. */
export interface OrderTold {
  readonly targets: Readonly<Record<string, number | boolean>>;
  readonly readAs?: readonly { readonly sent: string; readonly as: readonly string[] | string }[];
  readonly notes?: readonly string[];
}

/** `POST purge`, accepted. */
export interface PurgeTold extends OrderTold {
  readonly position: string;
  readonly visibleWithinSeconds: number;
}

interface Covered {
  readonly examined: number;
  readonly covered: number;
}

/** `POST purge` with `dryRun`. */
export interface DryRunTold extends OrderTold {
  readonly dryRun: true;
  readonly isolate: Covered;
  readonly data?: Covered;
  readonly shared:
    | string
    | (Covered & { readonly isWhole: boolean; readonly whyNotWhole?: string });
  /** With the admin token alone. */
  readonly urls?: readonly string[];
  readonly limits: string;
}

/** `GET proof`: the site knows the ADMIN_TOKEN with which the challenge was signed. */
export interface ProofTold {
  readonly proof: string;
  /** The site's clock. */
  readonly atSeconds: number;
}

/** A request as a client would make it, without what is of one client. */
export interface PageToWarm {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * `POST warm`: a list that is brought into the tiers from within, some of it at each call. The caller
 * sends the same list again with the `next` of the answer as `cursor`, until `next` is `null`.
 */
export interface WarmOrder {
  /** A text is a URL, or a path of the host that is asked. */
  readonly pages?: readonly (string | PageToWarm)[];
  /** By namespace: keys that its `load` brings. They come after the pages. */
  readonly data?: Readonly<Record<string, readonly (string | number)[]>>;
  /** How many of all have been done; 0 unless set. */
  readonly cursor?: number;
  /** How many pages this call does, 1 to 100. Unless set, 8, or as many as the free plan's 50 subrequests do. */
  readonly limit?: number;
}

/**
 * `already`: fresh in a tier. `warmed`: brought from the origin, or from the source of data, and stored.
 * `not-stored`: the origin answered, and a rule forbids storing it. `passed-by`: its route or its request is
 * never stored. `failed`: no answer that can be used, or the shared tier did not take it.
 */
export type WarmResult = "already" | "warmed" | "not-stored" | "passed-by" | "failed";

/** What became of one page or key. */
export interface Warmed {
  /** As it was sent. */
  readonly page?: string;
  readonly namespace?: string;
  readonly key?: string | number;
  readonly result: WarmResult;
  /** Of the origin's answer, if one came. */
  readonly status?: number;
  /** Why it was not stored, not asked for, or failed; of what is warmed: which tier did not take it. */
  readonly why?: string;
}

/** `POST warm`. */
export interface WarmTold {
  readonly done: readonly Warmed[];
  readonly next: number | null;
  readonly total: number;
}

/** A key that was asked for often within some minutes. */
export interface HotPage extends PageToWarm {
  /** How often it was sampled: about one hit in sixteen. */
  readonly count: number;
  /** `null` for a time that no calendar has. */
  readonly expiresAt: string | null;
}

/** `GET hot?count=100&coveredBy=<position>`: the hottest first. */
export interface HotTold {
  readonly pages: readonly HotPage[];
  /** With `coveredBy`: how many hot keys were looked at. */
  readonly examined?: number;
  /** With `coveredBy`: by then every isolate obeys that purge; until then some may answer as before. */
  readonly holdsInSeconds?: number;
}

/** `GET journal`. */
export interface JournalTold {
  readonly entries: readonly EntryTold[];
  readonly next: string | null;
}

/** One entry of the journal, in the order of acceptance. */
export interface EntryTold {
  readonly position: string;
  /** `null` for a time that no calendar has. */
  readonly at: string | null;
  readonly by: string;
  readonly id: string;
  readonly mode: string;
  readonly reason: string;
  readonly lost?: string;
  readonly bypass?: boolean | readonly string[];
  readonly tags?: readonly string[];
  readonly urls?: readonly string[];
  readonly prefixes?: readonly string[];
  readonly hosts?: readonly string[];
  readonly routes?: readonly string[];
  readonly groups?: readonly string[];
  readonly everything?: boolean;
}

/** `POST switch`. */
export interface SwitchOrder {
  readonly bypass: boolean | readonly string[];
  readonly reason?: string;
}

/** `GET switch`, `POST switch`. */
export interface SwitchTold {
  readonly bypass: boolean | readonly string[];
  readonly position: string | null;
  readonly since: string | null;
  readonly here?: boolean | readonly string[];
  readonly variable: boolean | readonly string[];
  readonly visibleWithinSeconds?: number;
  readonly journal?: { readonly why: string; readonly mend: string } | string;
  readonly key?: string;
  readonly unknownRoutes?: readonly string[];
}

/** `GET health` with the token. */
export interface HealthTold {
  readonly status: "ok" | "degraded" | "unable";
  readonly summary: string;
  readonly scope: string;
  readonly at: string;
  readonly version: string;
  readonly colo: string;
  readonly findings: readonly Finding[];
  readonly notLookedAt: readonly string[];
}

/** Of `GET stats`, what the command reads. */
export interface StatsTold {
  readonly version: string;
  readonly colo: string;
  readonly atMs: number;
  readonly faults: readonly {
    readonly what: string;
    readonly why: string;
    readonly mend: string;
  }[];
  /** In their order. `routes` are their counts, by name. */
  readonly configuredRoutes: readonly RouteTold[];
  readonly [more: string]: unknown;
}

/** What stats tell of a route. */
export interface RouteTold {
  readonly name: string;
  readonly match: readonly string[];
  readonly bypass: boolean;
  readonly origin: string;
  readonly originTimeoutSeconds: number;
}

/** `GET metrics?format=json`: the counts of all isolates. */
export interface MetricsTold {
  /** `null` for a time that no calendar has. */
  readonly startedAt: string | null;
  readonly at: string | null;
  readonly counters: readonly Sample[];
  readonly gauges: readonly Sample[];
  /** The upper bounds of all histograms' buckets; each has one count more, for what is above. */
  readonly boundsSeconds: readonly number[];
  readonly histograms: readonly Distribution[];
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Distribution {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly counts: readonly number[];
  readonly sum: number;
}

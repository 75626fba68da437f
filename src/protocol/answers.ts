// Schemas for the answers of the operator's routes below `/_cache/`. The CLI validates answers with
// these schemas, and the Worker imports only their types. Unlisted members are valid, because a
// site may be newer than the CLI.
import * as z from "zod/mini";
import { levels } from "./finding.ts";
import type { Immutable } from "./operator-orders.ts";
import { failedOutcomes, outwardResets } from "./outward.ts";

const text = z.string();
const texts = z.array(text);
/** A time in ISO 8601; `null` if unknown or not representable. */
const instant = z.nullable(text);
const labels = z.record(text, text);
/** A duration. The limit of a day exceeds any N, and is short enough for a timer. */
const seconds = z.number().check(z.gte(0), z.lte(86_400));
/** `true`: all routes. `false`: no route. An array: the routes with these names. */
const bypass = z.union([z.boolean(), texts]);
const fault = { what: text, why: text, hint: text };

/** The answer to every rejected request. */
export const errorAnswer = z.object({ error: z.object({ code: text, ...fault }) });

/** How a purge order was interpreted. */
const reading = {
  targets: z.record(text, z.union([z.number(), z.boolean()])),
  readAs: z.optional(z.array(z.object({ sent: text, as: z.union([text, texts]) }))),
  notes: z.optional(texts),
};

const covered = z.object({ examined: z.number(), covered: z.number() });
const sample = z.object({ name: text, labels, value: z.number() });

const journalEntry = z.object({
  position: text,
  at: instant,
  by: text,
  id: text,
  mode: text,
  reason: text,
  lost: z.optional(text),
  bypass: z.optional(bypass),
  tags: z.optional(texts),
  urls: z.optional(texts),
  prefixes: z.optional(texts),
  hosts: z.optional(texts),
  routes: z.optional(texts),
  groups: z.optional(texts),
  everything: z.optional(z.boolean()),
});

const status = z.enum(["ok", "degraded", "unable"]);

const finding = z.object({
  code: text,
  level: z.enum(levels),
  about: z.optional(text),
  what: text,
  since: instant,
  cause: text,
  remedy: text,
  details: z.optional(text),
});

const configuredRoute = z.object({ name: text, bypass: z.boolean() });

const health = z.object({
  status,
  summary: text,
  scope: text,
  at: instant,
  version: text,
  colo: text,
  findings: z.array(finding),
  notLookedAt: texts,
});

/**
 * `already`: a tier has a fresh record. `warmed`: fetched from the origin or the data source, and
 * stored. `not-stored`: fetched, but a rule forbids storing. `passed-by`: the request bypasses the
 * cache. `failed`: no usable answer arrived, or the shared tier was unavailable.
 */
const warmResult = z.enum(["already", "warmed", "not-stored", "passed-by", "failed"]);

/** The result for one page or key of a warm order. */
const warmed = z.object({
  /** The page as sent. */
  page: z.optional(text),
  namespace: z.optional(text),
  key: z.optional(z.union([text, z.number()])),
  result: warmResult,
  /** The status of the origin's response, if there was one. */
  status: z.optional(z.number()),
  /** The reason for the result. For `warmed`: the tier that did not store the response or value. */
  why: z.optional(text),
});

/** The state of a target of outward purges. If the journal is unavailable, only `journal` says why. */
const outwardTarget = z.object({
  target: text,
  journal: z.optional(z.object({ why: text, hint: text })),
  cursor: z.optional(z.nullable(text)),
  /** The number of purges that wait, up to 128. */
  waiting: z.optional(z.number()),
  lagSeconds: z.optional(z.number()),
  /** Why the next delivery purges everything. */
  reset: z.optional(z.nullable(z.enum(outwardResets))),
  failing: z.optional(
    z.nullable(
      z.object({
        outcome: z.enum(failedOutcomes),
        status: z.number(),
        times: z.number(),
        since: instant,
        nextTry: instant,
      }),
    ),
  ),
  lastDelivery: z.optional(instant),
});

/** Answers by the name of their route. Some routes have several answers. */
export const answers = {
  /** `GET proof`: proves that the site has the ADMIN_TOKEN that signed the challenge. */
  proof: z.object({
    proof: text,
    /** The site's clock. */
    atSeconds: z.number(),
  }),
  /**
   * `POST purge`: accepted. `visibleBy` is the end of `visibleWithinSeconds`. The last two members are
   * the value of `Tidemark-Position`, and a cookie with it.
   */
  purge: z.object({
    ...reading,
    position: text,
    visibleWithinSeconds: seconds,
    visibleBy: text,
    reach: z.optional(z.literal("process")),
    sealedPosition: z.optional(text),
    setCookie: z.optional(text),
  }),
  /** `POST purge` with `dryRun`. */
  dryRun: z.object({
    ...reading,
    dryRun: z.literal(true),
    isolate: covered,
    data: z.optional(covered),
    shared: z.union([
      text,
      z.extend(covered, { isWhole: z.boolean(), whyNotWhole: z.optional(text) }),
    ]),
    /** Present only for an operator with the admin token. */
    urls: z.optional(texts),
    limits: text,
  }),
  /** `GET switch`, `POST switch`. */
  switch: z.object({
    bypass,
    position: z.nullable(text),
    since: instant,
    here: z.optional(bypass),
    variable: bypass,
    visibleWithinSeconds: z.optional(seconds),
    journal: z.optional(z.union([text, z.object({ why: text, hint: text })])),
    key: z.optional(text),
    unknownRoutes: z.optional(texts),
  }),
  /** `GET outward`, `POST outward`. */
  outward: z.object({
    targets: z.array(outwardTarget),
    dueAfterSeconds: seconds,
    /** The end of a delivery, or `done` for `skip`. Absent for `GET`. */
    result: z.optional(z.enum(["idle", "busy", "later", "failed", "done"])),
  }),
  /** `GET probe`: one read of each page of the purge probe. */
  probe: z.object({
    colo: text,
    /** A. */
    allowanceSeconds: seconds,
    /** The order for `POST purge` that names all of the pages. */
    purge: z.object({ tags: z.optional(texts), urls: z.optional(texts) }),
    pages: z.array(
      z.object({
        page: text,
        /** `unknown`: no answer, or an answer that is marked as unverified. */
        result: z.enum(["stored", "fetched", "unknown"]),
        /** When the stored response was requested from the origin. */
        versionAtMs: z.nullable(z.number()),
        /** N of the page's route. */
        withinSeconds: seconds,
      }),
    ),
  }),
  /** `GET journal`: entries in the order of acceptance. */
  journal: z.object({ entries: z.array(journalEntry), next: z.nullable(text) }),
  /** `GET health` with a token. */
  health,
  /** `GET health`. Without a token, the answer has only the status. */
  healthOrStatus: z.union([health, z.strictObject({ status })]),
  /** `GET metrics?format=json`: metrics of all isolates. */
  metrics: z.object({
    startedAt: instant,
    at: instant,
    counters: z.array(sample),
    gauges: z.array(sample),
    /** Upper bounds of the buckets of all histograms. One more count is for larger values. */
    boundsSeconds: z.array(z.number()),
    histograms: z.array(
      z.object({ name: text, labels, counts: z.array(z.number()), sum: z.number() }),
    ),
  }),
  /** `GET stats`. */
  stats: z.looseObject({
    version: text,
    colo: text,
    atMs: z.number(),
    faults: z.array(z.object(fault)),
    /** Routes in the order of the configuration. The member `routes` has their counts by name. */
    configuredRoutes: z.array(configuredRoute),
    configuredHooks: z.array(text),
    /** The time of one call to the journal; a text without a journal. */
    journal: z.optional(z.union([text, z.looseObject({ roundTripMs: z.optional(z.number()) })])),
  }),
  /** `GET explain`. */
  explain: z.looseObject({ request: z.looseObject({}), verdict: z.looseObject({}) }),
  /** `POST warm`. */
  warm: z.object({ done: z.array(warmed), next: z.nullable(z.number()), total: z.number() }),
} as const;

export type AnswerName = keyof typeof answers;
export type OperatorAnswer<Name extends AnswerName> = Immutable<z.output<(typeof answers)[Name]>>;

export type ErrorAnswer = Immutable<z.output<typeof errorAnswer>>;
export type JournalEntry = Immutable<z.output<typeof journalEntry>>;
export type ConfiguredRoute = Immutable<z.output<typeof configuredRoute>>;
export type WarmResult = z.output<typeof warmResult>;
export type WarmAnswer = Immutable<z.output<typeof warmed>>;

// Schemas for the answers of the operator's routes below `/_cache/`. The CLI validates answers with
// these schemas, and the Worker imports only their types. Unlisted members are valid, because a
// site may be newer than the CLI.
import * as v from "valibot";
import { finite, record } from "../base/schemas.ts";
import { explanation, values } from "./explain-answer.ts";
import { levels } from "./finding.ts";
import type { Immutable } from "./operator-orders.ts";
import { failedOutcomes, outwardResets } from "./outward-states.ts";

const text = v.string();
const texts = v.array(text);
/** A time in ISO 8601; `null` if unknown or not representable. */
const instant = v.nullable(text);
const labels = record(text, text);
/** A duration. The limit of a day exceeds any N, and is short enough for a timer. */
const seconds = v.pipe(finite(), v.minValue(0), v.maxValue(86_400));
/** `true`: all routes. `false`: no route. An array: the routes with these names. */
const bypass = v.union([v.boolean(), texts]);
const fault = { what: text, why: text, hint: text };

/** The answer to every rejected request. */
export const errorAnswer = v.object({ error: v.object({ code: text, ...fault }) });

/** How a purge order was interpreted. */
const reading = {
  /** How many names of each kind the purge has, and whether it names `everything`. */
  targets: record(text, v.union([finite(), v.boolean()])),
  /** The sender's and Tidemark's spelling of each URL, prefix or host that Tidemark spells otherwise. */
  readAs: v.optional(v.array(v.object({ sent: text, as: v.union([text, texts]) }))),
  /** Warnings, such as that a star in a tag is not a pattern. `Not purged:` begins a note on an invalid name. */
  notes: v.optional(texts),
};

const covered = v.object({ examined: finite(), covered: finite() });
const sample = v.object({ name: text, labels, value: finite() });

const journalEntry = v.object({
  position: text,
  at: instant,
  by: text,
  id: text,
  mode: text,
  reason: text,
  /** Present in the mark of a loss. */
  lost: v.optional(text),
  /** Present in a change of the switch. */
  bypass: v.optional(bypass),
  tags: v.optional(texts),
  urls: v.optional(texts),
  prefixes: v.optional(texts),
  hosts: v.optional(texts),
  routes: v.optional(texts),
  groups: v.optional(texts),
  releases: v.optional(texts),
  everything: v.optional(v.boolean()),
});

const status = v.picklist(["ok", "degraded", "unable"]);

const finding = v.object({
  code: text,
  level: v.picklist(levels),
  case: v.optional(text),
  about: v.optional(text),
  since: instant,
  values: v.optional(values),
});

const configuredRoute = v.object({ name: text, bypass: v.boolean() });

/** `hitRate` is from 0 to 1; `null` without a request that was looked up. */
const rate = { requests: finite(), hits: finite(), hitRate: v.nullable(finite()) };
const ratesByName = v.array(v.object({ name: text, ...rate }));

const health = v.object({
  status,
  at: instant,
  version: text,
  colo: text,
  findings: v.array(finding),
  notLookedAt: texts,
  /** The rates of all isolates since a time. Absent if their counts cannot be read. The name `*` stands for all others. */
  hitRates: v.optional(
    v.object({
      since: instant,
      all: v.object(rate),
      routes: ratesByName,
      /** By the first segment of the path. */
      prefixes: ratesByName,
      namespaces: ratesByName,
    }),
  ),
});

/**
 * `already`: a tier has a fresh record. `warmed`: fetched from the origin or the data source, and
 * stored. `not-stored`: fetched, but a rule forbids storing. `passed-by`: the request bypasses the
 * cache. `failed`: no usable answer arrived, or the shared tier was unavailable.
 */
const warmResult = v.picklist(["already", "warmed", "not-stored", "passed-by", "failed"]);

/** The result for one page or key of a warm order. */
const warmed = v.object({
  /** The page as sent. */
  page: v.optional(text),
  namespace: v.optional(text),
  key: v.optional(v.union([text, finite()])),
  result: warmResult,
  /** The status of the origin's response, if there was one. */
  status: v.optional(finite()),
  /** The reason for the result. For `warmed`: the tier that did not store the response or value. */
  why: v.optional(text),
});

/** The state of a target of outward purges. If the journal is unavailable, only `journal` says why. */
const outwardTarget = v.object({
  target: text,
  journal: v.optional(v.object({ why: text, hint: text })),
  cursor: v.optional(v.nullable(text)),
  /** The number of purges that wait, up to 128. */
  waiting: v.optional(finite()),
  lagSeconds: v.optional(finite()),
  /** Why the next delivery purges everything. */
  reset: v.optional(v.nullable(v.picklist(outwardResets))),
  failing: v.optional(
    v.nullable(
      v.object({
        outcome: v.picklist(failedOutcomes),
        status: finite(),
        times: finite(),
        since: instant,
        nextTry: instant,
      }),
    ),
  ),
  lastDelivery: v.optional(instant),
});

/** Answers by the name of their route. Some routes have several answers. */
export const answers = {
  /** `GET proof`: proves that the site has the ADMIN_TOKEN that signed the challenge. */
  proof: v.object({
    proof: text,
    /** The site's clock. */
    atSeconds: finite(),
  }),
  /** `POST purge`: accepted. */
  purge: v.object({
    ...reading,
    /** The place of the purge in the journal. */
    position: text,
    /** The longest N of all routes. */
    visibleWithinSeconds: seconds,
    /** The end of `visibleWithinSeconds`, by the answering isolate's clock. */
    visibleBy: text,
    /** Present if the purge reaches only this process of Node: docs/own-server.md#stores. */
    reach: v.optional(v.literal("process")),
    /** The number of pages of `refresh` that the site fetches again: docs/warming.md#after-a-purge. */
    refreshing: v.optional(finite()),
    /** The position for readers, in the request field `Tidemark-Position`: docs/purging.md#read-your-purge. */
    sealedPosition: v.optional(text),
    /** A cookie with the sealed position. */
    setCookie: v.optional(text),
  }),
  /** `POST purge` with `dryRun`. */
  dryRun: v.object({
    ...reading,
    dryRun: v.literal(true),
    /** The responses in the memory of the answering isolate. */
    isolate: covered,
    /** The values of data there. */
    data: v.optional(covered),
    /** The pages in Redis. `isWhole` is `false` if Redis was examined in part. */
    shared: v.union([
      text,
      v.object({ ...covered.entries, isWhole: v.boolean(), whyNotWhole: v.optional(text) }),
    ]),
    /** Up to twenty covered URLs. Present only for an operator with the admin token. */
    urls: v.optional(texts),
    limits: text,
  }),
  /** `GET switch`, `POST switch`. */
  switch: v.object({
    /** The newest value: `true`, `false` or a list of routes. */
    bypass,
    /** Its place in the journal. */
    position: v.nullable(text),
    since: instant,
    /** The value that the answering isolate follows now. */
    here: v.optional(bypass),
    /** The value of the variable `BYPASS`. */
    variable: bypass,
    visibleWithinSeconds: v.optional(seconds),
    journal: v.optional(v.union([text, v.object({ why: text, hint: text })])),
    key: v.optional(text),
    /** Names in `bypass` that are not routes of this deployment. */
    unknownRoutes: v.optional(texts),
  }),
  /** `GET outward`, `POST outward`. */
  outward: v.object({
    targets: v.array(outwardTarget),
    dueAfterSeconds: seconds,
    /** The end of a delivery, or `done` for `skip`. Absent for `GET`. */
    result: v.optional(v.picklist(["idle", "busy", "later", "failed", "done"])),
  }),
  /** `GET journal`: entries in the order of acceptance. */
  journal: v.object({ entries: v.array(journalEntry), next: v.nullable(text) }),
  /** `GET health` with a token. */
  health,
  /** `GET health`. Without a token, the answer has only the status. */
  healthOrStatus: v.union([health, v.strictObject({ status })]),
  /** `GET metrics?format=json`: metrics of all isolates. */
  metrics: v.object({
    startedAt: instant,
    at: instant,
    counters: v.array(sample),
    gauges: v.array(sample),
    /** Upper bounds of the buckets of all histograms. One more count is for larger values. */
    boundsSeconds: v.array(finite()),
    histograms: v.array(v.object({ name: text, labels, counts: v.array(finite()), sum: finite() })),
  }),
  /** `GET stats`. */
  stats: v.looseObject({
    version: text,
    colo: text,
    atMs: finite(),
    faults: v.array(v.object(fault)),
    /** Routes in the order of the configuration. The member `routes` has their counts by name. */
    configuredRoutes: v.array(configuredRoute),
    /** The names of `hooks()`. */
    configuredHooks: v.optional(v.array(text)),
    /** The time of one call to the journal; a text without a journal. */
    journal: v.optional(v.union([text, v.looseObject({ roundTripMs: v.optional(finite()) })])),
  }),
  /** `GET explain`. */
  explain: explanation,
  /** `POST warm`. */
  warm: v.object({ done: v.array(warmed), next: v.nullable(finite()), total: finite() }),
} as const;

export type AnswerName = keyof typeof answers;
export type OperatorAnswer<Name extends AnswerName> = Immutable<
  v.InferOutput<(typeof answers)[Name]>
>;

export type ErrorAnswer = Immutable<v.InferOutput<typeof errorAnswer>>;
export type JournalEntry = Immutable<v.InferOutput<typeof journalEntry>>;
export type ConfiguredRoute = Immutable<v.InferOutput<typeof configuredRoute>>;
export type WarmResult = v.InferOutput<typeof warmResult>;
export type WarmAnswer = Immutable<v.InferOutput<typeof warmed>>;

// What an answer of a site must hold, so that the command can read it. What else it holds is let through: a site
// may be newer than the command.
import * as z from "zod/mini";
import type { ToldError } from "../../../../src/admin/protocol.ts";

const text = z.string();
const texts = z.array(text);
const bypass = z.union([z.boolean(), texts]);
const labels = z.record(text, text);
/** A day is longer than any bound of a site, and short enough for a timer. */
const seconds = z.number().check(z.gte(0), z.lte(86_400));
const sample = z.looseObject({ name: text, labels, value: z.number() });
const covered = z.looseObject({ examined: z.number(), covered: z.number() });

const purge = z.looseObject({
  position: text,
  visibleWithinSeconds: seconds,
  readAs: z.optional(z.array(z.looseObject({ sent: text, as: z.union([text, texts]) }))),
  notes: z.optional(texts),
});

const dryRun = z.looseObject({
  dryRun: z.literal(true),
  isolate: covered,
  data: z.optional(covered),
  shared: z.union([text, covered]),
  urls: z.optional(texts),
  limits: text,
});

const switched = z.looseObject({
  bypass,
  position: z.nullable(text),
  since: z.nullable(text),
  here: z.optional(bypass),
  variable: bypass,
  visibleWithinSeconds: z.optional(seconds),
  journal: z.optional(z.union([text, z.looseObject({ why: text, mend: text })])),
  key: z.optional(text),
  unknownRoutes: z.optional(texts),
});

const entry = z.looseObject({
  position: text,
  at: z.nullable(text),
  by: text,
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
});

const finding = z.looseObject({
  code: text,
  level: z.enum(["info", "warning", "critical"]),
  about: z.optional(text),
  what: text,
  since: z.nullable(text),
  cause: text,
  remedy: text,
  told: z.optional(text),
});

const toldError = z.looseObject({
  error: z.looseObject({ code: text, what: text, why: text, mend: text }),
});

const status = z.enum(["ok", "degraded", "unable"]);

const health = z.looseObject({
  status,
  summary: text,
  scope: text,
  at: z.nullable(text),
  version: text,
  colo: text,
  findings: z.array(finding),
  notLookedAt: texts,
});

const metrics = z.looseObject({
  startedAt: z.nullable(text),
  at: z.nullable(text),
  counters: z.array(sample),
  boundsSeconds: z.array(z.number()),
  histograms: z.array(z.looseObject({ name: text, labels, counts: z.array(z.number()) })),
});

const stats = z.looseObject({
  faults: z.array(z.looseObject({ what: text, why: text, mend: text })),
  configuredRoutes: z.array(
    z.looseObject({
      name: text,
      match: texts,
      bypass: z.boolean(),
      originTimeoutSeconds: z.number(),
    }),
  ),
});

const warmed = z.looseObject({
  page: z.optional(text),
  namespace: z.optional(text),
  key: z.optional(z.union([text, z.number()])),
  result: z.enum(["already", "warmed", "not-stored", "passed-by", "failed"]),
  status: z.optional(z.number()),
  why: z.optional(text),
});

const hotPage = z.looseObject({
  url: text,
  headers: z.optional(z.record(text, text)),
  count: z.number(),
});

const shapes = {
  proof: z.looseObject({ proof: text, atSeconds: z.number() }),
  purge,
  dryRun,
  switch: switched,
  journal: z.looseObject({ entries: z.array(entry), next: z.nullable(text) }),
  health,
  // To those who may not see its findings, a site tells its status alone.
  healthOrStatus: z.union([health, z.strictObject({ status })]),
  metrics,
  stats,
  explain: z.looseObject({ request: z.looseObject({}), verdict: z.looseObject({}) }),
  warm: z.looseObject({
    done: z.array(warmed),
    next: z.nullable(z.number()),
    total: z.number(),
  }),
  hot: z.looseObject({
    pages: z.array(hotPage),
    examined: z.optional(z.number()),
    holdsInSeconds: z.optional(seconds),
  }),
} as const;

export type ShapeName = keyof typeof shapes;

/** Of a route that answers in one form. */
export function shapeOf(route: string): ShapeName | undefined {
  return Object.keys(shapes).find((name): name is ShapeName => name === route);
}

/** @returns the path of the first member that is missing or of another type; `undefined` where all is well */
export function misshapenAt(value: unknown, shape: ShapeName): string | undefined {
  const { error } = shapes[shape].safeParse(value);
  return error?.issues[0]?.path.join(".");
}

/** Is it a refusal in the site's own sentences? */
export function isToldError(value: unknown): value is ToldError {
  return toldError.safeParse(value).success;
}

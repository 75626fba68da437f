// The schema of a configuration, with its error messages.
import * as z from "zod/mini";
import {
  added,
  anonymous,
  between,
  bytes,
  cookiePatterns,
  credentialFields,
  fieldNames,
  fields,
  type FormsOf,
  lagSeconds,
  patterns,
  secondsToADay,
  settleSeconds,
  text,
  yesOrNo,
} from "./forms.ts";
import { routeInput } from "./route-options.ts";
import { readPattern } from "./route-pattern.ts";
import { reach, tierNames, tierScopes } from "./tier-names.ts";
import { metricsInput } from "./metrics-schema.ts";
import { namespaceForm } from "../protocol/variables/bindings.ts";
import { originUrlFault } from "../protocol/variables/origin-url.ts";
import { mayTrust, trustFault } from "./trust-proxy.ts";
import type {
  WrittenConfig,
  WrittenCookies,
  WrittenLimits,
  WrittenLogs,
  WrittenPurge,
  WrittenStrip,
  WrittenStripping,
  WrittenTimeouts,
} from "./written.ts";
import { type DashboardPart, isDashboardPart } from "../operate/dashboard/port/dashboard-part.ts";
import { isProbePart, type ProbePart } from "../operate/probe/port/probe-part.ts";
import { isOutwardTarget, type OutwardTarget } from "../outward/port/outward-target.ts";
import {
  isPurgeDialect,
  isWebhookSender,
  type PurgeDialect,
  type WebhookSender,
} from "../hooks/port/hook.ts";

/** The size of a store, at least 4 MiB. */
const storeBytes = (bytesMax: number) =>
  z
    .int("must be a whole number of bytes, such as 268_435_456")
    .check(...between(4_194_304, bytesMax));

const purgeInput = fields("purge", {
  maxLagSeconds: lagSeconds,
  clockAllowanceSeconds: lagSeconds,
  readReplicas: yesOrNo,
  settleSeconds,
} satisfies FormsOf<WrittenPurge>);

/** Default N of the purge protocol. */
export const defaultMaxLagSeconds = 10;

/** Returns A, the allowance for clock errors within a colo and for replica lag. */
export function allowanceSecondsOf(purge: WrittenPurge): number {
  return purge.clockAllowanceSeconds ?? (purge.readReplicas === true ? 3 : 1);
}

const origin = z.union(
  [
    z.strictObject({
      url: z.string().check(
        z.refine((url) => originUrlFault(url) === undefined, {
          error: ({ input }) =>
            `is not an origin: it ${originUrlFault(String(input))}; write only scheme and host`,
        }),
      ),
      rewriteLocations: z.optional(yesOrNo),
    }),
    z.strictObject({ binding: text("BUCKET") }),
  ],
  {
    error:
      'is not an origin: write { url: "https://www.example.com" } without a path, or { binding: "NAME" }',
  },
);

/** Returns the form of an object of values whose names are also in variables. */
function byVariable<Value extends z.ZodMiniType>(value: Value, form: string) {
  const name = z
    .string()
    .check(
      z.regex(
        /^[a-z][a-z0-9-]{0,31}$/,
        "is not a valid name: write a small letter, then up to 31 small letters, digits or -",
      ),
    );
  return z.record(name, value, {
    error: (issue) =>
      issue.code === "invalid_key" ? issue.issues.map(({ message }) => message).join("; ") : form,
  });
}

/** All fields of a configuration, with their error messages. Fills in no defaults. */
export const configInput = fields("the configuration", {
  namespace: z
    .string("must be a string")
    .check(z.regex(namespaceForm, "must be 1 to 64 letters, digits, dots, dashes or _")),
  operatorPath: z
    .string("must be a path")
    .check(
      z.regex(/^\/[a-z0-9_-]{1,64}$/, "must be a slash and 1 to 64 small letters, digits, - or _"),
    ),
  origins: z.record(
    z.string(),
    origin,
    'must be an object of origins, such as { bucket: { url: "https://bucket.example" } }',
  ),
  rewriteLocations: yesOrNo,
  originTimeout: z.union(
    [
      secondsToADay,
      fields("originTimeout", {
        firstByte: secondsToADay,
        betweenBytes: secondsToADay,
      } satisfies FormsOf<WrittenTimeouts>),
    ],
    {
      error:
        'must be from "1s" to "1d", or { firstByte: "30s", betweenBytes: "30s" } in that range',
    },
  ),
  key: fields("key", {
    query: fields("query", { strip: added(patterns) } satisfies FormsOf<WrittenStrip>),
  } satisfies FormsOf<WrittenStripping>),
  cookies: fields("cookies", { harmless: added(cookiePatterns) } satisfies FormsOf<WrittenCookies>),
  credentialFields,
  anonymous,
  tagFields: fieldNames,
  heuristics: yesOrNo,
  honourRequestDirectives: yesOrNo,
  cacheInFront: yesOrNo,
  trustProxy: z.custom<WrittenConfig["trustProxy"]>(mayTrust, {
    error: ({ input }) => trustFault(input),
  }),
  hotKeys: z.int("must be a whole number of keys").check(...between(0, 1_000)),
  logs: fields("logs", {
    sample: z.number("must be a share, such as 0.01").check(...between(0, 1)),
    paths: yesOrNo,
  } satisfies FormsOf<WrittenLogs>),
  limits: fields("limits", {
    bufferBytes: bytes(12),
    // Upstash accepts requests up to 10 MB, and base64 adds a third.
    sharedBodyBytes: bytes(7),
    // With bodies in transit, uploads, the journal and notes, an isolate then needs 122 of 128 MB.
    memoryBytes: bytes(40, "40 MiB, with which an isolate stays below 128 MB"),
    databaseBytes: storeBytes(Number.MAX_SAFE_INTEGER),
    // A Durable Object stores at most 10 GB.
    objectBytes: storeBytes(10_000_000_000),
    variants: z.int("must be a whole number, such as 100").check(...between(1, 500)),
  } satisfies FormsOf<WrittenLimits>),
  routes: z.array(routeInput, "must be a list of routes"),
  purge: purgeInput,
  metrics: metricsInput,
  hooks: byVariable(
    z.custom<WebhookSender>(isWebhookSender, "is not a sender: write hmacSender({ … })"),
    "must be an object of senders, such as { shop: hmacSender({ … }) }",
  ),
  outward: byVariable(
    z.custom<OutwardTarget>(isOutwardTarget, "is not a target: write cloudflareZone({ … })"),
    "must be an object of targets, such as { edge: cloudflareZone({ … }) }",
  ),
  dashboard: z.custom<DashboardPart>(isDashboardPart, "is not a dashboard: write dashboard()"),
  probe: z.custom<ProbePart>(isProbePart, "is not a probe: write purgeProbe()"),
  varnish: z.custom<PurgeDialect>(isPurgeDialect, "is not a dialect: write varnishDialect({ … })"),
} satisfies FormsOf<WrittenConfig>).check(
  z.superRefine(({ origins = {}, purge = {}, routes = [], hooks = {}, varnish }, context) => {
    const say = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: "custom", path, message });
    if (varnish !== undefined && Object.hasOwn(hooks, "varnish")) {
      say(["hooks", "varnish"], "is the name of the dialect in varnish; choose another name");
    }
    if (Object.hasOwn(origins, "default")) {
      say(
        ["origins", "default"],
        "is the reserved name of ORIGIN_URL and the binding ORIGIN; choose another name",
      );
    }
    const allowanceSeconds = allowanceSecondsOf(purge);
    const checkLag = (path: PropertyKey[], lag: number | undefined) => {
      if (lag === undefined || lag > 2.5 * allowanceSeconds) return;
      const left = `is too short for a clock allowance of ${allowanceSeconds} s`;
      say(path, `${lag} s ${left}: write more than ${2.5 * allowanceSeconds}`);
    };
    checkLag(["purge", "maxLagSeconds"], purge.maxLagSeconds ?? defaultMaxLagSeconds);
    const everythingAt = routes.findIndex(
      ({ match, methods, when }) => !methods && !when && [match].flat().includes("*"),
    );
    const seen = new Set<string>();
    for (const [index, route] of routes.entries()) {
      const { name, origin: named = "default" } = route;
      const sayOf = (field: string, message: string) => say(["routes", index, field], message);
      checkLag(["routes", index, "purge", "maxLagSeconds"], route.purge?.maxLagSeconds);
      if (everythingAt >= 0 && index > everythingAt) {
        sayOf(
          "match",
          'is never reached: an earlier route matches "*"; move that route to the end',
        );
      }
      if (seen.has(name)) sayOf("name", "is used twice; give each route a unique name");
      seen.add(name);
      const isKnown = named === "default" || Object.hasOwn(origins, named);
      if (!isKnown) sayOf("origin", `"${named}" is not in origins; add it there`);
      checkAlone(route, sayOf);
    }
  }),
);

/** Checks the fields of one route against each other. */
function checkAlone(
  route: z.output<typeof routeInput>,
  say: (field: string, message: string) => void,
): void {
  const { admission, tiers = tierNames } = route;
  const unknown = unknownParameters(route).join(", ");
  if (unknown !== "") say("tags", `uses parameters that a pattern in match lacks: ${unknown}`);
  if (route.collapse === "global" && !reach(tiers, "world")) {
    say("collapse", '"global" needs the shared tier; add "shared" to tiers');
  }
  if (route.when !== undefined && route.bypass !== true) {
    say("when", "needs bypass: true");
  }
  if (route.mode === "override" && route.fresh === undefined) {
    say("mode", '"override" needs a lifetime; add fresh');
  }
  if (admission !== undefined && !reach(tiers, "world")) {
    say("admission", 'needs the shared tier; add "shared" to tiers, or omit admission');
  } else if (admission === "second-ask" && tiers.every((tier) => tierScopes[tier] === "world")) {
    say("admission", 'needs a local tier that counts requests; add "memory" or "edge" to tiers');
  }
  if (route.queryMethod !== undefined && route.methods?.includes("QUERY") === false) {
    say("queryMethod", 'needs the method; add "QUERY" to methods');
  }
  if (route.queryMethod !== undefined && route.ranges === "slices") {
    say(
      "queryMethod",
      'cannot have slices; give QUERY a route of its own, with methods: ["QUERY"]',
    );
  }
  if (route.immutable === true && route.browser === undefined) {
    say("immutable", "needs a lifetime for browsers; add browser");
  }
}

/** Input of the schema: `WrittenConfig` with any strings for durations. */
export type ConfigInput = z.input<typeof configInput>;

/**
 * Returns the parameters that a route's `tags` function uses and that at least one pattern of the
 * route lacks. For a request that matches such a pattern, the parameter would be undefined.
 */
function unknownParameters({ match, tags }: z.output<typeof routeInput>): string[] {
  if (typeof tags !== "function") return [];
  const parameters = new Set<string>();
  const recording = new Proxy<Record<string, string>>(
    {},
    { get: (_, name) => (parameters.add(String(name)), "x") },
  );
  try {
    tags(recording);
  } catch {
    // Ignore errors of the function itself, which are handled when a response is tagged.
  }
  const known = [match].flat().map((written) => readPattern(written).parameters);
  return [...parameters].filter((name) => known.some((names) => !names.includes(name)));
}

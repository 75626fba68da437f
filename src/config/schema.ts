// The form of a configuration: which fields there are, and what to say of a wrong one.
import * as z from "zod/mini";
import {
  addedPatterns,
  between,
  bytes,
  credentialFields,
  fieldNames,
  fields,
  type FormsOf,
  lagSeconds,
  noLonger,
  notBuiltYet,
  secondsToADay,
  settleSeconds,
  text,
  yesOrNo,
} from "./forms.ts";
import { routeInput, unknownParameters } from "./route-schema.ts";
import { reach, tierNames, tierScopes } from "./tier-names.ts";
import { metricsInput } from "./metrics-schema.ts";
import { namespaceForm } from "../protocol/variables/namespace.ts";
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
import { isWebhookSender, type WebhookSender } from "../webhooks/port/hook.ts";

const purgeInput = fields("purge", {
  maxLagSeconds: lagSeconds,
  clockAllowanceSeconds: lagSeconds,
  readReplicas: yesOrNo,
  settleSeconds,
  retention: noLonger("the journal keeps its newest 8,192 entries, whatever their age"),
} satisfies FormsOf<WrittenPurge, "retention">);

/** N of the purge protocol, where the configuration says nothing. */
export const defaultMaxLagSeconds = 10;

/** A: how far clocks of one colo may be apart, and how old a replica's answer may be. */
export function allowanceSecondsOf(purge: WrittenPurge): number {
  return purge.clockAllowanceSeconds ?? (purge.readReplicas === true ? 3 : 1);
}

const origin = z.union(
  [
    z.strictObject({
      url: z.string().check(
        z.refine((url) => originUrlFault(url) === undefined, {
          error: ({ input }) =>
            `is no origin: it ${originUrlFault(String(input))}; write scheme and host alone`,
        }),
      ),
      rewriteLocations: z.optional(yesOrNo),
    }),
    z.strictObject({ binding: text("BUCKET") }),
  ],
  {
    error:
      'is no origin: write { url: "https://www.example.com" } without a path, or { binding: "NAME" }',
  },
);

/** All that an operator may write, and what is said of a mistake; nothing is filled in. */
export const configInput = fields("the configuration", {
  namespace: z
    .string("must be a text")
    .check(z.regex(namespaceForm, "is 1 to 64 letters, digits, dots, dashes or _")),
  operatorPath: z
    .string("must be a path")
    .check(
      z.regex(/^\/[a-z0-9_-]{1,64}$/, "is a slash and one name of small letters, digits, - or _"),
    ),
  origins: z.record(z.string(), origin, "must be origins by name"),
  rewriteLocations: yesOrNo,
  originTimeout: z.union(
    [
      secondsToADay,
      fields("originTimeout", {
        firstByte: secondsToADay,
        betweenBytes: secondsToADay,
      } satisfies FormsOf<WrittenTimeouts>),
    ],
    { error: 'is not from "1s" to "1d", nor { firstByte: "30s", betweenBytes: "30s" } of such' },
  ),
  key: fields("key", {
    query: fields("query", { strip: addedPatterns } satisfies FormsOf<WrittenStrip>),
  } satisfies FormsOf<WrittenStripping>),
  cookies: fields("cookies", { harmless: addedPatterns } satisfies FormsOf<WrittenCookies>),
  credentialFields,
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
    bufferBytes: bytes(32),
    // Upstash takes requests of up to 10 MB, and base64 adds a third.
    sharedBodyBytes: bytes(7),
    // An isolate has 128 MB for everything.
    memoryBytes: bytes(96),
    databaseBytes: z
      .int("must be a whole number of bytes, such as 268_435_456")
      .check(...between(4_194_304, Number.MAX_SAFE_INTEGER)),
    variants: z.int("must be a whole number, such as 100").check(...between(1, 500)),
  } satisfies FormsOf<WrittenLimits>),
  routes: z.array(routeInput, "must be a list of routes"),
  purge: purgeInput,
  metrics: metricsInput,
  hooks: z.record(
    z
      .string()
      .check(
        z.regex(/^[a-z][a-z0-9-]{0,31}$/, "is 1 to 32 small letters, digits or -, a letter first"),
      ),
    z.custom<WebhookSender>(isWebhookSender, "is no sender: write hmacSender({ … })"),
    "must be senders by name, such as { shop: hmacSender({ … }) }",
  ),
  allowStoring: notBuiltYet,
} satisfies FormsOf<WrittenConfig, "allowStoring">).check(
  z.superRefine(({ origins = {}, purge = {}, routes = [] }, context) => {
    const say = (path: PropertyKey[], message: string) =>
      context.addIssue({ code: "custom", path, message });
    if (Object.hasOwn(origins, "default")) {
      say(["origins", "default"], "is ORIGIN_URL or the binding ORIGIN; choose another name");
    }
    const allowanceSeconds = allowanceSecondsOf(purge);
    const checkLag = (path: PropertyKey[], lag: number | undefined) => {
      if (lag === undefined || lag > 2.5 * allowanceSeconds) return;
      const left = `leaves too little beside a clock allowance of ${allowanceSeconds} s`;
      say(path, `${lag} s ${left}: write more than ${2.5 * allowanceSeconds}`);
    };
    checkLag(["purge", "maxLagSeconds"], purge.maxLagSeconds ?? defaultMaxLagSeconds);
    const everythingAt = routes.findIndex(
      ({ match, methods }) => methods === undefined && [match].flat().includes("*"),
    );
    const seen = new Set<string>();
    for (const [index, route] of routes.entries()) {
      const { name, origin: named = "default" } = route;
      const sayOf = (field: string, message: string) => say(["routes", index, field], message);
      checkLag(["routes", index, "purge", "maxLagSeconds"], route.purge?.maxLagSeconds);
      if (everythingAt >= 0 && index > everythingAt) {
        sayOf("match", 'is never reached: a route before it matches "*"; put that one last');
      }
      if (seen.has(name)) sayOf("name", "is used twice; give each route a name of its own");
      seen.add(name);
      const isKnown = named === "default" || Object.hasOwn(origins, named);
      if (!isKnown) sayOf("origin", `"${named}" is not in origins; name it there`);
      checkAlone(route, sayOf);
    }
  }),
);

/** What a route's own fields say against each other. */
function checkAlone(
  route: z.output<typeof routeInput>,
  say: (field: string, message: string) => void,
): void {
  const { admission, tiers = tierNames } = route;
  const unknown = unknownParameters(route).join(", ");
  if (unknown !== "") say("tags", `uses ${unknown}, which match does not name`);
  if (route.collapse === "global" && !reach(tiers, "world")) {
    say("collapse", '"global" shares by way of the shared tier; add "shared" to tiers');
  }
  if (route.mode === "override" && route.fresh === undefined) {
    say("mode", '"override" needs a lifetime to put first; add fresh');
  }
  if (admission !== undefined && !reach(tiers, "world")) {
    say("admission", 'is about the shared tier; add "shared" to tiers, or leave it out');
  } else if (admission === "second-ask" && tiers.every((tier) => tierScopes[tier] === "world")) {
    say("admission", 'needs a tier to wait in; add "memory" or "edge" to tiers');
  }
  if (route.immutable === true && route.browser === undefined) {
    say("immutable", "is for browsers, which were given no lifetime; add browser");
  }
}

/** What the schema takes: `WrittenConfig` with any texts for durations. */
export type ConfigInput = z.input<typeof configInput>;

// The form of a configuration: which fields there are, and what to say of a wrong one.
import * as z from "zod/mini";
import {
  addedPatterns,
  bytes,
  fieldNames,
  hotKeyCount,
  lagSeconds,
  noLonger,
  notBuiltYet,
  secondsToADay,
  settleSeconds,
  strictly,
  text,
  yesOrNo,
} from "./forms.ts";
import { routeInput, unknownParameters } from "./route-schema.ts";
import { originUrlFault } from "./origin-url.ts";

const purgeInput = z.strictObject(
  {
    maxLagSeconds: z.optional(lagSeconds),
    clockAllowanceSeconds: z.optional(lagSeconds),
    readReplicas: z.optional(yesOrNo),
    settleSeconds: z.optional(settleSeconds),
    retention: noLonger("the journal keeps its newest 8,192 entries, whatever their age"),
  },
  { error: strictly("purge") },
);

/** N of the purge protocol, where the configuration says nothing. */
export const defaultMaxLagSeconds = 10;

/** A: how far clocks of one colo may be apart, and how old a replica's answer may be. */
export function allowanceSecondsOf(purge: z.output<typeof purgeInput>): number {
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
export const configInput = z
  .strictObject(
    {
      namespace: z.optional(
        z
          .string("must be a text")
          .check(z.regex(/^[\w.-]{1,64}$/, "is 1 to 64 letters, digits, dots, dashes or _")),
      ),
      origins: z.optional(z.record(z.string(), origin, "must be origins by name")),
      rewriteLocations: z.optional(yesOrNo),
      originTimeout: z.optional(
        z.union(
          [
            secondsToADay,
            z.strictObject(
              { firstByte: z.optional(secondsToADay), betweenBytes: z.optional(secondsToADay) },
              { error: strictly("originTimeout") },
            ),
          ],
          {
            error:
              'is not from "1s" to "1d", nor { firstByte: "30s", betweenBytes: "30s" } of such',
          },
        ),
      ),
      key: z.optional(
        z.strictObject(
          {
            query: z.optional(
              z.strictObject({ strip: z.optional(addedPatterns) }, { error: strictly("query") }),
            ),
          },
          { error: strictly("key") },
        ),
      ),
      cookies: z.optional(
        z.strictObject({ harmless: z.optional(addedPatterns) }, { error: strictly("cookies") }),
      ),
      tagFields: z.optional(fieldNames),
      heuristics: z.optional(yesOrNo),
      honourRequestDirectives: z.optional(yesOrNo),
      cacheInFront: z.optional(yesOrNo),
      hotKeys: z.optional(hotKeyCount),
      limits: z.optional(
        z.strictObject(
          {
            bufferBytes: z.optional(bytes(32)),
            // Upstash takes requests of up to 10 MB, and base64 adds a third.
            sharedBodyBytes: z.optional(bytes(7)),
            // An isolate has 128 MB for everything.
            memoryBytes: z.optional(bytes(96)),
            variants: z.optional(
              z
                .int("must be a whole number, such as 100")
                .check(z.minimum(1, "is less than 1"), z.maximum(500, "is over 500")),
            ),
          },
          { error: strictly("limits") },
        ),
      ),
      routes: z.optional(z.array(routeInput, "must be a list of routes")),
      purge: z.optional(purgeInput),
      allowStoring: notBuiltYet,
    },
    { error: strictly("the configuration") },
  )
  .check(
    z.superRefine((config, context) => {
      const origins = config.origins ?? {};
      if (Object.hasOwn(origins, "default")) {
        const message = "is ORIGIN_URL or the binding ORIGIN; choose another name";
        context.addIssue({ code: "custom", path: ["origins", "default"], message });
      }
      const seen = new Set<string>();
      const allowanceSeconds = allowanceSecondsOf(config.purge ?? {});
      const checkLag = (path: PropertyKey[], lag: number | undefined) => {
        if (lag === undefined || lag > 2.5 * allowanceSeconds) return;
        const message =
          `${lag} s leaves too little beside a clock allowance of ${allowanceSeconds} s: ` +
          `write more than ${2.5 * allowanceSeconds}`;
        context.addIssue({ code: "custom", path, message });
      };
      const everythingAt = (config.routes ?? []).findIndex(({ match }) => match === "*");
      checkLag(["purge", "maxLagSeconds"], config.purge?.maxLagSeconds ?? defaultMaxLagSeconds);
      for (const [index, route] of (config.routes ?? []).entries()) {
        const say = (field: string, message: string) =>
          context.addIssue({ code: "custom", path: ["routes", index, field], message });
        checkLag(["routes", index, "purge", "maxLagSeconds"], route.purge?.maxLagSeconds);
        if (everythingAt >= 0 && index > everythingAt) {
          say("match", 'is never reached: a route before it matches "*"; put that one last');
        }
        const unknown = unknownParameters(route);
        if (unknown.length > 0)
          say("tags", `uses ${unknown.join(", ")}, which match does not name`);
        if (seen.has(route.name)) say("name", "stands twice; each route has a name of its own");
        seen.add(route.name);
        if (route.collapse === "global" && route.tiers?.includes("shared") === false) {
          say("collapse", '"global" shares by way of the shared tier; add "shared" to tiers');
        }
        const { origin: named = "default" } = route;
        const known = named === "default" || Object.hasOwn(origins, named);
        if (!known) say("origin", `"${named}" is not in origins; name it there`);
        if (route.mode === "override" && route.fresh === undefined) {
          say("mode", '"override" needs a lifetime to put first; add fresh');
        }
        const { admission, tiers = ["memory", "edge", "shared"] } = route;
        if (admission !== undefined && !tiers.includes("shared")) {
          say("admission", 'is about the shared tier; add "shared" to tiers, or leave it out');
        } else if (admission === "second-ask" && tiers.every((tier) => tier === "shared")) {
          say("admission", 'needs a tier to wait in; add "memory" or "edge" to tiers');
        }
        if (route.immutable === true && route.browser === undefined) {
          say("immutable", "is for browsers, which were given no lifetime; add browser");
        }
      }
    }),
  );

/** A configuration as an operator writes it. */
export type ConfigInput = z.input<typeof configInput>;

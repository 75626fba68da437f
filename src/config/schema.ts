// The schema of a configuration, with its error messages.
import * as v from "valibot";
import { isPart, type SitePart } from "../part/port/part.ts";
import { isOnWorkers, nodeGlobals } from "../base/node-globals.ts";
import { finite, record, whole, stepTo } from "../base/schemas.ts";
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
  strictly,
  targets,
  text,
  yesOrNo,
} from "./forms.ts";
import { normalFormsOf } from "./normal-forms.ts";
import { routeInput } from "./route-options.ts";
import { defaultMaxLagSeconds, traitsOf } from "./route.ts";
import { isWithin, placeOf } from "./origin-place.ts";
import { readPattern } from "./route-pattern.ts";
import { reach, tierNames, tierScopes } from "./tier-names.ts";
import { isHost, namespaceForm } from "../protocol/variables/bindings.ts";
import { originUrlFault } from "../protocol/variables/origin-url.ts";
import { mayTrust, trustFault } from "./trust-proxy.ts";
import type {
  WrittenConfig,
  WrittenCookies,
  WrittenLimits,
  WrittenLogs,
  WrittenStrip,
  WrittenStripping,
  WrittenTimeouts,
} from "./written.ts";
import type { WrittenPurge } from "./written-purge.ts";

/** The size of a store, at least 4 MiB. */
const storeBytes = (bytesMax: number) =>
  v.pipe(
    whole("must be a whole number of bytes, such as 268_435_456"),
    ...between(4_194_304, bytesMax),
  );

/** With bodies in transit, uploads, the journal and notes, an isolate then needs 122 of 128 MB. */
const isolateBytesMax = 40 * 1_048_576;

/** Returns the largest memory tier: on Node, the heap, which holds decoded values. */
function memoryBytesMax(): number {
  if (isOnWorkers()) return isolateBytesMax;
  const v8 = nodeGlobals.process?.getBuiltinModule?.("node:v8");
  return v8?.getHeapStatistics().heap_size_limit ?? isolateBytesMax;
}

function tooMuchMemory(): string {
  const most = memoryBytesMax();
  return most === isolateBytesMax
    ? "is more than 40 MiB, with which an isolate stays below 128 MB"
    : `is more than the heap of this process, ${most} bytes: start Node with a larger --max-old-space-size`;
}

const purgeInput = fields("purge", {
  maxLagSeconds: lagSeconds,
  clockAllowanceSeconds: lagSeconds,
  settleSeconds,
} satisfies FormsOf<WrittenPurge>);

/** The default of A, the allowance for clock errors within a colo and for replica lag. */
export const defaultAllowanceSeconds = 1;

const origin = v.union(
  [
    strictly("an origin", {
      url: v.pipe(
        v.string(),
        v.check(
          (url) => originUrlFault(url) === undefined,
          ({ input }) =>
            `is not an origin: it ${originUrlFault(input)}; write only scheme and host`,
        ),
      ),
    }),
    strictly("an origin", { binding: text("BUCKET") }),
  ],
  'is not an origin: write { url: "https://www.example.com" } without a path, or { binding: "NAME" }',
);

/** A host without a port. A final dot would be another name for it. */
const isHostName = (host: string) => isHost(host) && !/:\d+$|\.$/.test(host);

/** All fields of a configuration, with their error messages. */
const settings = fields("the configuration", {
  namespace: v.pipe(
    v.string("must be a string"),
    v.regex(namespaceForm, "must be 1 to 64 letters, digits, dots, dashes or _"),
  ),
  operatorPath: v.pipe(
    v.string("must be a path"),
    v.regex(/^\/[a-z0-9_-]{1,64}$/, "must be a slash and 1 to 64 small letters, digits, - or _"),
  ),
  operatorHost: v.pipe(
    v.string("must be a host"),
    v.check(isHostName, 'must be only the name of a host, in small letters: "ops.example.com"'),
  ),
  origins: record(
    v.string(),
    origin,
    'must be an object of origins, such as { bucket: { url: "https://bucket.example" } }',
  ),
  originTimeout: v.union(
    [
      secondsToADay,
      fields("originTimeout", {
        firstByte: secondsToADay,
        betweenBytes: secondsToADay,
      } satisfies FormsOf<WrittenTimeouts>),
    ],
    'must be from "1s" to "1d", or { firstByte: "30s", betweenBytes: "30s" } in that range',
  ),
  key: fields("key", {
    query: fields("query", { strip: added(patterns) } satisfies FormsOf<WrittenStrip>),
  } satisfies FormsOf<WrittenStripping>),
  cookies: fields("cookies", { harmless: added(cookiePatterns) } satisfies FormsOf<WrittenCookies>),
  credentialFields,
  anonymous,
  tagFields: fieldNames,
  targets,
  heuristics: yesOrNo,
  cacheInFront: yesOrNo,
  trustProxy: v.custom<WrittenConfig["trustProxy"]>(mayTrust, ({ input }) => trustFault(input)),
  logs: fields("logs", {
    sample: v.pipe(finite("must be a share, such as 0.01"), ...between(0, 1)),
    paths: yesOrNo,
  } satisfies FormsOf<WrittenLogs>),
  limits: fields("limits", {
    bufferBytes: bytes(12),
    // Upstash accepts requests up to 10 MB, and base64 adds a third.
    sharedBodyBytes: bytes(7),
    memoryBytes: v.pipe(
      whole("must be a whole number of bytes"),
      v.minValue(0, "is less than 0"),
      v.check((size) => size <= memoryBytesMax(), tooMuchMemory),
    ),
    databaseBytes: storeBytes(Number.MAX_SAFE_INTEGER),
    // A Durable Object stores at most 10 GB.
    objectBytes: storeBytes(10_000_000_000),
    variants: v.pipe(whole("must be a whole number, such as 100"), ...between(1, 500)),
  } satisfies FormsOf<WrittenLimits>),
  routes: v.array(routeInput, "must be a list of routes"),
  purge: purgeInput,
  metrics: v.literal("off", 'must be "off", or left out'),
  parts: v.array(
    v.custom<SitePart>((value) => isPart(value, "site"), notOfSite),
    "must be a list of parts, such as [operate()]",
  ),
} satisfies FormsOf<WrittenConfig>);

function notOfSite({ input }: { readonly input: unknown }): string {
  return isPart(input, "route")
    ? `has ${input.name}(), a part of routes: write it in \`use\` of a route`
    : "is not a part of a site: write operate(), for example";
}

/** The schema of a configuration. Fills in no defaults. */
export const configInput = v.pipe(
  settings,
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const { origins = {}, purge = {}, limits = {}, routes = [] } = dataset.value;
    const { operatorPath = "/_cache" } = dataset.value;
    const say = ([first, ...inner]: readonly [string, ...(string | number)[]], message: string) =>
      addIssue({ message, path: [stepTo(first), ...inner.map(stepTo)] });
    if (Object.hasOwn(origins, "default")) {
      say(
        ["origins", "default"],
        "is the reserved name of ORIGIN_URL and the binding ORIGIN; choose another name",
      );
    }
    const { bufferBytes = Infinity, sharedBodyBytes = 0 } = limits;
    if (bufferBytes >= 0 && sharedBodyBytes > bufferBytes) {
      const why = `is more than bufferBytes, ${bufferBytes}, above which nothing is held whole for Redis`;
      say(
        ["limits", "sharedBodyBytes"],
        `${why}: write ${bufferBytes} or less, or raise bufferBytes`,
      );
    }
    const { clockAllowanceSeconds: allowanceSeconds = defaultAllowanceSeconds } = purge;
    const checkLag = (path: Parameters<typeof say>[0], lag: number | undefined) => {
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
      const { name } = route;
      const place = placeOf(route.origin);
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
      const { fallbacks = [] } = traitsOf(route.use);
      const first = ["origin", place.name ?? "default"] as const;
      for (const [field, named] of [first, ...fallbacks.map((one) => ["use", one] as const)]) {
        const isKnown = named === "default" || Object.hasOwn(origins, named);
        if (!isKnown) sayOf(field, `"${named}" is not in origins; add it there`);
      }
      checkAlone(route, sayOf);
      checkOrigin(route, sayOf);
      const below = [operatorPath, "/_cache"].find((own) => isWithin(place.to ?? "/", own));
      if (below !== undefined) sayOf("origin.to", `is below ${below}, which no origin gets`);
    }
  }),
);

/** Checks the fields of one route against each other. */
function checkAlone(
  route: v.InferOutput<typeof routeInput>,
  say: (field: string, message: string) => void,
): void {
  const { admission, tiers = tierNames } = route;
  const unknown = unknownParameters(route).join(", ");
  if (unknown !== "") say("tags", `uses parameters that a pattern in match lacks: ${unknown}`);
  for (const [name, condition] of Object.entries(route.when ?? {})) {
    if (name === "country" || !Array.isArray(condition) || route.bypass === true) continue;
    const values = 'write the values that are keyed, such as { name: ["a"] }, or add bypass: true';
    say(`when.${name}`, `has only names, with which no response can be stored: ${values}`);
  }
  const forms = normalFormsOf(route.key ?? {});
  const twice = route.key?.headers?.find((name) => forms?.has(name.toLowerCase()));
  if (twice !== undefined) {
    const reduced = "which key.language, key.accept or key.device reduces; remove that name";
    say("key.headers", `has ${JSON.stringify(twice)}, ${reduced}`);
  }
  if (route.mode === "override" && route.fresh === undefined) {
    say("mode", '"override" needs a lifetime; add fresh');
  }
  if (admission !== undefined && !reach(tiers, "world")) {
    say("admission", 'needs the shared tier; add "shared" to tiers, or omit admission');
  } else if (admission === "second-ask" && tiers.every((tier) => tierScopes[tier] === "world")) {
    say("admission", 'needs a local tier that counts requests; add "memory" or "edge" to tiers');
  }
  for (const part of route.use ?? []) {
    const isTwice = route.use?.find(({ name }) => name === part.name) !== part;
    const fault = isTwice ? `has ${part.name}() twice; remove one` : part.faultOn?.(route);
    if (fault !== undefined) say("use", fault);
  }
}

/** Checks the origin of a route against its other fields. */
function checkOrigin(
  route: v.InferOutput<typeof routeInput>,
  say: (field: string, message: string) => void,
): void {
  const { from = "/" } = placeOf(route.origin);
  for (const written of from === "/" ? [] : [route.match].flat()) {
    const { path } = readPattern(written);
    if (isWithin(path, from) || /.\/$/.test(from)) continue; // The form of `from` has its own error.
    const right = `write a pattern such as "${from}/*", or another from`;
    say("origin.from", `does not begin the pattern ${JSON.stringify(written)}: ${right}`);
  }
}

/** Input of the schema: `WrittenConfig` with any strings for durations. */
export type ConfigInput = v.InferInput<typeof configInput>;

/**
 * Returns the parameters that a route's `tags` function uses and that at least one pattern of the
 * route lacks. For a request that matches such a pattern, the parameter would be undefined.
 */
function unknownParameters({ match, tags }: v.InferOutput<typeof routeInput>): string[] {
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

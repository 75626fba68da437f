// The phases of a route, composed of those of its parts. A phase that throws decides for the safe side.
import { cancelBody } from "../base/cancel-body.ts";
import { within } from "../base/timeouts.ts";
import { errorName, firstFrame } from "../base/error-name.ts";
import { OperatorError } from "../base/operator-error.ts";
import { isReleaseId } from "../base/release-id.ts";
import type { Route } from "../config/config.ts";
import type { FieldEdits } from "../config/route.ts";
import { makePrivate } from "../pages/respond/downstream.ts";
import { plainPage } from "../pages/respond/plain-page.ts";
import { withFields } from "../pages/respond/respond.ts";
import type { PhaseHost, WithPhases } from "../pages/site/site.ts";
import { hasCoding } from "../rules/fields.ts";
import type { RoutePart, SitePart } from "./port/part.ts";
import {
  type Admission,
  type BodyFilter,
  faultyBuild,
  type NamedBuild,
  partFault,
  type PhaseAnswer,
  type PhaseRequest,
  type Phases,
  type RuledAnswer,
} from "./port/phases.ts";
import { ruleConditions } from "./port/rule.ts";

/** Opens the phases of a part in an isolate: once, and then once for each route that uses the part. */
export type OpenPhases = (host: PhaseHost) => (route: Route) => Phases;

/** A part, and its phases if it has any. */
type PartWithPhases = Pick<SitePart | RoutePart, "name" | "kind"> & {
  readonly openPhases: OpenPhases | undefined;
};

/** Returns a function that puts the phases of these parts into the routes of a configuration. */
export const withPhases =
  (parts: readonly PartWithPhases[]): WithPhases =>
  (config, host) => {
    const opened = parts.flatMap(({ kind, name, openPhases }) =>
      openPhases === undefined ? [] : { kind, name, on: openPhases(host) },
    );
    const parted = (route: Route): Route => {
      const ofRoute = route.use.flatMap((part) => opened.filter(({ name }) => name === part.name));
      const own = [...opened.filter(({ kind }) => kind === "site"), ...ofRoute];
      if (own.length === 0) return route;
      const phases = own
        .map(({ name, on }) =>
          guarded(name, on(route), (phase, cause) =>
            noteFault({ name, phase, cause, route }, host),
          ),
        )
        .reduce(both);
      refuseSharedNames(route, phases);
      const requestEdits = withConstants(route, phases);
      return { ...route, requestEdits, phases: { ...phases, ...leavingOf(phases) } };
    };
    return { routes: config.routes.map(parted), anywhere: parted(config.anywhere) };
  };

/** Returns phases that do not throw. */
function guarded(
  part: string,
  phases: Phases,
  failed: (phase: keyof Phases, cause: unknown) => void,
): Phases {
  const { received, admits, gate, constants } = phases;
  /** @param safe the result of a phase that throws */
  const guard = <Given, More, Result>(
    name: keyof Phases,
    phase: ((given: Given, more: More) => Result) | undefined,
    safe: Result,
  ) =>
    phase &&
    ((given?: Given, more?: More): Result => {
      try {
        return phase(given as Given, more as More);
      } catch (cause) {
        failed(name, cause);
        return safe;
      }
    });
  return {
    received: guard("received", received && ((answer: PhaseAnswer) => checked(received(answer))), {
      build: faultyBuild,
      field: "etag",
    }),
    fails: guard("fails", phases.fails, partFault),
    refuses: guard("refuses", phases.refuses, partFault),
    keepSeconds: guard("keepSeconds", phases.keepSeconds, 0),
    against: guard("against", phases.against, "never"),
    standsIn: guard("standsIn", phases.standsIn, undefined),
    mark: guard("mark", phases.mark, undefined),
    admits:
      admits &&
      ((request, read) => {
        const fault = (cause: unknown) => {
          failed("admits", cause);
          return { response: plainPage("fault"), by: part };
        };
        try {
          const admission = admits(request, read);
          // The request of a client ends before, so nothing keeps a rule alive that hangs.
          return admission instanceof Promise ? timely(admission).catch(fault) : admission;
        } catch (cause) {
          return fault(cause);
        }
      }),
    gate,
    constants,
    ignores: guard("ignores", phases.ignores, ruleConditions),
    keyed: guard("keyed", phases.keyed, undefined),
    tags: guard("tags", phases.tags, undefined),
    objector: guard("objector", phases.objector, part),
    respond: guard("respond", phases.respond, undefined),
    filter: guard("filter", phases.filter, "failed" as const),
    rewrite: guard("rewrite", phases.rewrite, undefined),
  };
}

/** The longest wait for `admits`. */
const admitsMsMax = 10_000;

const resolved = Promise.resolve();

/** More microtasks than those of a rule that awaits values it already has. */
const hopsMax = 12;

/** Settles like the promise of `admits`, or rejects. A timer costs more than such a rule itself. */
async function timely<Result>(admission: Promise<Result>): Promise<Result> {
  const state = { isSettled: false };
  const settle = () => void (state.isSettled = true);
  admission.then(settle, settle);
  for (let hop = 0; hop < hopsMax && !state.isSettled; hop += 1) await resolved;
  return state.isSettled ? admission : within(admission, admitsMsMax);
}

/** @throws RangeError for a text that cannot name a build */
function checked(named: NamedBuild | undefined): NamedBuild | undefined {
  if (named === undefined || named.build === "" || isReleaseId(named.build)) return named;
  throw new RangeError("The name of the build has other characters.");
}

/** Returns the phases of two parts as those of one. */
function both(one: Phases, other: Phases): Phases {
  const { keepSeconds: kept, against: judges } = one;
  const { keepSeconds: keptToo, against: judgesToo } = other;
  return {
    received: either(one.received, other.received),
    fails: either(one.fails, other.fails),
    refuses: either(one.refuses, other.refuses),
    keepSeconds:
      kept && keptToo ? (record) => Math.max(kept(record), keptToo(record)) : (kept ?? keptToo),
    against:
      judges && judgesToo
        ? (record, isPurged) => {
            const judged = judges(record, isPurged);
            return judged === "never" ? judged : (judgesToo(record, isPurged) ?? judged);
          }
        : (judges ?? judgesToo),
    standsIn: either(one.standsIn, other.standsIn),
    mark: either(one.mark, other.mark),
    admits: bothAdmit(one.admits, other.admits),
    gate: one.gate ?? other.gate,
    constants: [...(one.constants ?? []), ...(other.constants ?? [])],
    ignores: all(one.ignores, other.ignores),
    keyed: all(one.keyed, other.keyed),
    tags: all(one.tags, other.tags),
    objector: either(one.objector, other.objector),
    respond: bothRespond(one.respond, other.respond),
    filter: one.filter ?? other.filter,
    rewrite: one.rewrite ?? other.rewrite,
  };
}

/** Returns a function that asks one rule after the other, until one answers. */
function bothAdmit(one: Phases["admits"], other: Phases["admits"]): Phases["admits"] {
  if (one === undefined || other === undefined) return one ?? other;
  return (request, read) => {
    const asOther = (first: Admission | RuledAnswer) => {
      if ("response" in first) return first;
      const asBoth = (second: Admission | RuledAnswer) =>
        "response" in second ? second : { ...first, ...second };
      const second = other(request, read);
      return second instanceof Promise ? second.then(asBoth) : asBoth(second);
    };
    const first = one(request, read);
    return first instanceof Promise ? first.then(asOther) : asOther(first);
  };
}

function bothRespond(one: Phases["respond"], other: Phases["respond"]): Phases["respond"] {
  if (one === undefined || other === undefined) return one ?? other;
  return (answer, request) => {
    const edits = [one(answer, request), other(answer, request)].flatMap((made) => made ?? []);
    return {
      removed: edits.flatMap(({ removed }) => removed),
      lines: edits.flatMap(({ lines }) => lines),
      cookies: edits.flatMap(({ cookies }) => cookies),
    };
  };
}

/** Returns a function with the results of both; `undefined` if one has failed. */
function all<Given extends readonly unknown[], Item>(
  one: ((...given: Given) => readonly Item[] | undefined) | undefined,
  other: ((...given: Given) => readonly Item[] | undefined) | undefined,
) {
  if (one === undefined || other === undefined) return one ?? other;
  return (...given: Given): readonly Item[] | undefined => {
    const [first, second] = [one(...given), other(...given)];
    return first && second && [...first, ...second];
  };
}

/** @throws OperatorError if a field has both a value of the key and a constant, of which the origin would get one */
function refuseSharedNames({ name, use }: Route, { constants = [], gate }: Phases): void {
  const keyed = use.flatMap(({ traits }) => traits.keyed ?? []);
  const named = [...constants, ...(gate?.constants ?? [])];
  const [twice] = named.find(([field]) => keyed.includes(field)) ?? [];
  if (twice === undefined) return;
  throw new OperatorError({
    what: "A rule is invalid.",
    why: `route ${JSON.stringify(name)} has ${JSON.stringify(twice)} in keyed and in forward.`,
    hint: "Rename one of the two fields.",
  });
}

/** Returns the route's edits for the origin. No client's field reaches the origin under the name of a constant. */
function withConstants({ requestEdits }: Route, { constants = [], gate }: Phases) {
  const named = [...constants, ...(gate?.constants ?? [])].map(([name]) => name);
  if (named.length === 0) return requestEdits;
  const lines = constants.map(([name, value]) => [name, value ?? ""] as [string, string]);
  return {
    removed: new Set([...(requestEdits?.removed ?? []), ...named]),
    lines: [...(requestEdits?.lines ?? []), ...lines],
  } satisfies FieldEdits;
}

/** Fields that are true of the stored body, and not of the filtered one. */
const ofBody =
  "accept-ranges content-digest content-length content-md5 digest etag last-modified repr-digest";

/** Returns an answer whose body passes through a stream, without the fields of the body before. */
export function withBodyThrough(
  response: Response,
  stream: BodyFilter,
  { method }: Pick<PhaseRequest, "method">,
): Response {
  const { headers, body } = response;
  const fields = new Headers(headers);
  for (const name of ofBody.split(" ")) fields.delete(name);
  return withFields(response, fields, method === "HEAD" ? null : body?.pipeThrough(stream));
}

/** Returns a whole 200 without a coding as it leaves the filter, and any other response itself. */
function filtered(
  response: Response,
  filter: NonNullable<Phases["filter"]>,
  request: PhaseRequest,
): Response {
  const { status, headers } = response;
  if (status !== 200 || hasCoding(headers)) return response;
  const stream = filter({ status, headers });
  if (stream === undefined) return response;
  return stream === "failed"
    ? faultInPlaceOf(response)
    : withBodyThrough(response, stream, request);
}

function faultInPlaceOf(response: Response): Response {
  cancelBody(response);
  return plainPage("fault");
}

/**
 * Returns the last steps of an answer: the filter, and all changes of rules. An answer that a rule has chosen by its client is
 * private, because a cache downstream would give it to others.
 */
function leavingOf(phases: Phases): Pick<Phases, "leaves" | "fragment"> {
  const { respond, filter, rewrite, admits, keyed } = phases;
  const isOfClient = (admits ?? keyed) !== undefined;
  if ((respond ?? filter ?? rewrite) === undefined && !isOfClient) return {};
  const before = (response: Response, request: PhaseRequest) =>
    filter ? filtered(response, filter, request) : response;
  const last = (response: Response, request: PhaseRequest) =>
    rewrite ? (rewrite(response, request) ?? faultInPlaceOf(response)) : response;
  const leaves: Phases["leaves"] = (given, request) => {
    const response = before(given, request);
    // A copy would lose the connection of an accepted upgrade, and its fields are fixed.
    if (response.status === 101) return response;
    const { headers, status } = response;
    const {
      removed = [],
      lines = [],
      cookies = [],
    } = respond?.({ status, headers }, request) ?? {};
    for (const name of removed) headers.delete(name);
    for (const [name, value] of lines) headers.set(name, value ?? "");
    for (const line of cookies) headers.append("set-cookie", line);
    if (isOfClient || cookies.length > 0) makePrivate(headers);
    return last(response, request);
  };
  return { leaves, fragment: (response, request) => last(before(response, request), request) };
}

/** Returns a function with the first result that is not `undefined`. */
function either<Given extends readonly unknown[], Result>(
  one: ((...given: Given) => Result) | undefined,
  other: ((...given: Given) => Result) | undefined,
): ((...given: Given) => Result) | undefined {
  return one && other ? (...given) => one(...given) ?? other(...given) : (one ?? other);
}

interface PhaseFault {
  readonly name: string;
  readonly phase: keyof Phases;
  readonly cause: unknown;
  readonly route: Route;
}

/** Counts and notes a phase that threw, and logs the first of a part. */
function noteFault(
  { name, phase, cause, route }: PhaseFault,
  { metrics, notes, log, nowAtMs }: PhaseHost,
): void {
  metrics.add("partFaults", [name]);
  const isFirst = notes.note("part-failed", route.name, [name], nowAtMs());
  if (!isFirst) return;
  const message = `The phase ${phase} of the part ${name} threw ${errorName(cause)}: ${firstFrame(cause)}`;
  log({ event: "part-failed", level: "error", message, route: route.name });
}

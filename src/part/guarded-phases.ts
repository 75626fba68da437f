// The phases of a route, composed of those of its parts. A phase that throws decides for the safe side.
import type { PartContents } from "../admin/part-contents.ts";
import { within } from "../base/timeouts.ts";
import { describedError } from "../base/error-name.ts";
import { OperatorError } from "../base/operator-error.ts";
import { isReleaseId } from "../base/release-id.ts";
import type { Route } from "../config/config.ts";
import { type FieldEdits, originsOf } from "../config/route.ts";
import { plainPage } from "../pages/respond/plain-page.ts";
import type { PhaseHost, WithPhases } from "../pages/site/site.ts";
import { mayBeSecret } from "../rules/selecting.ts";
import type { RoutePart, SitePart } from "./port/part.ts";
import {
  type Admission,
  faultyBuild,
  ignorable,
  type NamedBuild,
  partFault,
  type Phases,
  type RuledAnswer,
} from "./port/phases.ts";

/** A part, and its phases if it has any. */
type PartWithPhases = Pick<SitePart | RoutePart, "name" | "kind"> & {
  readonly openPhases: PartContents["openPhases"] | undefined;
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
      return { ...route, phases };
    };
    const routes = config.routes.map(parted);
    const anywhere = parted(config.anywhere);
    const reserved = reservedNames([...routes, anywhere]);
    return {
      routes: routes.map((route) => withConstants(route, reserved)),
      anywhere: withConstants(anywhere, reserved),
    };
  };

/** The members of `Phases` that are functions. */
type Functions = { readonly [Name in PhaseName]-?: NonNullable<Phases[Name]> };
type PhaseName = Exclude<keyof Phases, "gate" | "constants">;

/** How the phases of a name become one that does not throw. */
interface Form<Phase extends (...given: never) => unknown> {
  /** Returns the phases of two parts as one. */
  readonly both: (one: Phase, other: Phase) => Phase;
  /** Returns the result of a phase that throws. */
  readonly safe: (part: string) => Awaited<ReturnType<Phase>>;
  /** Throws for a result that the core cannot use. */
  readonly check?: (result: ReturnType<Phase>) => void;
}

const fault = { rule: partFault, names: [] } as const;

/** All phases. */
const forms: { readonly [Name in PhaseName]: Form<Functions[Name]> } = {
  build: { both: either, safe: () => ({ build: faultyBuild, field: "etag" }), check: checkBuild },
  fails: { both: either, safe: () => fault },
  refuses: { both: either, safe: () => fault },
  keepSeconds: {
    both: (one, other) => (record) => Math.max(one(record), other(record)),
    safe: () => 0,
  },
  against: {
    both: (one, other) => (record, isPurged) => {
      const judged = one(record, isPurged);
      return judged === "never" ? judged : (other(record, isPurged) ?? judged);
    },
    safe: () => "never",
  },
  standsIn: { both: either, safe: () => undefined },
  mark: { both: either, safe: () => undefined },
  admits: {
    both: (one, other) => (request, read) => {
      const asOther = (first: Admission | RuledAnswer) => {
        if ("response" in first) return first;
        const asBoth = (second: Admission | RuledAnswer) =>
          "response" in second ? second : { ...first, ...second };
        const second = other(request, read);
        return second instanceof Promise ? second.then(asBoth) : asBoth(second);
      };
      const first = one(request, read);
      return first instanceof Promise ? first.then(asOther) : asOther(first);
    },
    safe: (part) => ({ response: plainPage("fault"), by: part }),
  },
  ignores: { both: all, safe: () => ignorable },
  keyed: { both: all, safe: () => undefined },
  tags: { both: all, safe: () => undefined },
  respond: {
    both: (one, other) => (answer, request) => {
      const edits = [one(answer, request), other(answer, request)].flatMap((made) => made ?? []);
      return {
        removed: edits.flatMap(({ removed }) => removed),
        lines: edits.flatMap(({ lines }) => lines),
        cookies: edits.flatMap(({ cookies }) => cookies),
      };
    },
    safe: () => undefined,
  },
  filter: { both: either, safe: () => "failed" },
  update: {
    both: (one, other) => (update, stored) => {
      const first = one(update, stored);
      return first && other(first, stored);
    },
    safe: () => undefined,
  },
  rewrite: {
    both: (one, other) => (response, request) => {
      const first = one(response, request);
      return first && other(first, request);
    },
    safe: () => undefined,
  },
};

/** The rows of `forms`, for code that treats all phases alike. */
type AnyPhase = (given: unknown, more: unknown) => unknown;
const rows = Object.entries(forms) as unknown as readonly (readonly [PhaseName, Form<AnyPhase>])[];

const mapped = (
  phaseOf: (name: PhaseName, form: Form<AnyPhase>) => AnyPhase | undefined,
): Partial<Functions> =>
  Object.fromEntries(rows.map(([name, form]) => [name, phaseOf(name, form)]));

/** Returns phases that do not throw. */
function guarded(
  part: string,
  phases: Phases,
  failed: (phase: PhaseName, cause: unknown) => void,
): Phases {
  const guards = mapped((name, { safe, check }) => {
    const phase = phases[name] as AnyPhase | undefined;
    const decided = (cause: unknown) => {
      failed(name, cause);
      return safe(part);
    };
    return (
      phase &&
      ((given, more) => {
        try {
          const result = phase(given, more);
          check?.(result);
          // The request of a client ends before, so nothing keeps a rule alive that hangs.
          return result instanceof Promise ? timely(result).catch(decided) : result;
        } catch (cause) {
          return decided(cause);
        }
      })
    );
  });
  return { ...guards, gate: phases.gate, constants: phases.constants };
}

/** @throws RangeError for a text that cannot name a build */
function checkBuild(named: NamedBuild | undefined): void {
  const isName = named === undefined || named.build === "" || isReleaseId(named.build);
  if (!isName) throw new RangeError("The name of the build has other characters.");
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

/** Returns the phases of two parts as those of one. */
function both(one: Phases, other: Phases): Phases {
  const joined = mapped((name, form) => {
    const [first, second] = [one[name], other[name]] as (AnyPhase | undefined)[];
    return first && second ? form.both(first, second) : (first ?? second);
  });
  return {
    ...joined,
    gate: one.gate ?? other.gate,
    constants: [...(one.constants ?? []), ...(other.constants ?? [])],
  };
}

/** Returns a function with the results of both; `undefined` if one has failed. */
function all<Given extends readonly unknown[], Item>(
  one: (...given: Given) => readonly Item[] | undefined,
  other: (...given: Given) => readonly Item[] | undefined,
) {
  return (...given: Given): readonly Item[] | undefined => {
    const [first, second] = [one(...given), other(...given)];
    return first && second && [...first, ...second];
  };
}

/** Returns a function with the first result that is not `undefined`. */
function either<Given extends readonly unknown[], Result>(
  one: (...given: Given) => Result,
  other: (...given: Given) => Result,
): (...given: Given) => Result {
  return (...given) => one(...given) ?? other(...given);
}

/** @throws OperatorError if a field has both a value of the key and a constant, of which the origin would get one */
function refuseSharedNames({ name, use }: Route, phases: Phases): void {
  const keyed = use.flatMap(({ traits }) => traits.keyed ?? []);
  const twice = constantNames({ phases }).find((field) => keyed.includes(field));
  if (twice === undefined) return;
  throw new OperatorError({
    what: "A rule is invalid.",
    why: `route ${JSON.stringify(name)} has ${JSON.stringify(twice)} in keyed and in forward.`,
    hint: "Rename one of the two fields.",
  });
}

/** Returns the names of a route's constants, also of those that only checked requests have. */
const constantNames = ({ phases: { constants = [], gate } }: Pick<Route, "phases">) =>
  [...constants, ...(gate?.constants ?? [])].map(([name]) => name);

/**
 * Returns the names of constants by origin. The origin may trust such a field, whichever route a request takes.
 * `Authorization` is not reserved, because a request with a client's own bypasses the cache, nor are fields by which
 * clients negotiate.
 */
function reservedNames(routes: readonly Route[]): ReadonlyMap<string, readonly string[]> {
  const reserved = new Map<string, string[]>();
  for (const route of routes) {
    const names = constantNames(route).filter(
      (name) => name !== "authorization" && mayBeSecret([name, ""]),
    );
    for (const origin of names.length === 0 ? [] : originsOf(route)) {
      reserved.set(origin, [...(reserved.get(origin) ?? []), ...names]);
    }
  }
  return reserved;
}

/**
 * Returns the route with its edits for the origin. No client's field reaches the origin under the name of a constant
 * of any route, unless the key has the field.
 */
function withConstants(route: Route, reserved: ReadonlyMap<string, readonly string[]>): Route {
  const { requestEdits, keyHeaders, phases } = route;
  const ofOrigins = originsOf(route).flatMap((origin) => reserved.get(origin) ?? []);
  const named = [
    ...constantNames(route),
    ...ofOrigins.filter((name) => !keyHeaders.includes(name)),
  ];
  if (named.length === 0) return route;
  const lines = (phases.constants ?? []).flatMap(([name, value]): FieldEdits["lines"] =>
    value === null ? [] : [[name, value]],
  );
  const edits: FieldEdits = {
    removed: new Set([...(requestEdits?.removed ?? []), ...named]),
    lines: [...(requestEdits?.lines ?? []), ...lines],
  };
  return { ...route, requestEdits: edits };
}

interface PhaseFault {
  readonly name: string;
  readonly phase: PhaseName;
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
  const message = `The phase ${phase} of the part ${name} threw ${describedError(cause)}`;
  log({ event: "part-failed", level: "error", message, route: route.name });
}

// The phases of a route, composed of those of its parts. A phase that throws decides for the safe side.
import { errorName, firstFrame } from "../base/error-name.ts";
import { isReleaseId } from "../base/release-id.ts";
import type { Route } from "../config/config.ts";
import type { PhaseHost, WithPhases } from "../pages/site/site.ts";
import type { RoutePart, SitePart } from "./port/part.ts";
import {
  faultyBuild,
  type NamedBuild,
  partFault,
  type PhaseAnswer,
  type Phases,
} from "./port/phases.ts";

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
      const own = opened.filter(
        ({ kind, name }) => kind === "site" || route.use.some((part) => part.name === name),
      );
      if (own.length === 0) return route;
      const phases = own.map(({ name, on }) =>
        guarded(on(route), (phase, cause) => noteFault({ name, phase, cause, route }, host)),
      );
      return { ...route, phases: phases.reduce(both) };
    };
    return { routes: config.routes.map(parted), anywhere: parted(config.anywhere) };
  };

/** Returns phases that do not throw. */
function guarded(phases: Phases, failed: (phase: keyof Phases, cause: unknown) => void): Phases {
  const { received } = phases;
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
  };
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
  };
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

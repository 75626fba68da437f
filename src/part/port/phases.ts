// The decisions of the core that parts take part in. A phase is synchronous, and can only make the cache more
// careful, with two exceptions: `standsIn` and `keepSeconds` concern responses that no hard purge covers. Names
// of other systems: `vcl_backend_response` (`received`), `vcl_hit` (`against`), grace (`standsIn`).

interface Fields {
  get(name: string): string | null;
  has(name: string): boolean;
}

/** An answer of the origin. */
export interface PhaseAnswer {
  readonly status: number;
  readonly headers: Fields;
}

/** A stored response, or one that may be stored. Its times, its stamp and its tags are the core's. */
export interface PhaseRecord {
  readonly status: number;
  /** The build that made the response; empty if unknown, absent on a route without builds. */
  readonly release?: string | undefined;
  /** The result of `mark` when the response first stood in for an answer that `fails`. */
  readonly mark?: string | undefined;
}

/** The build that an answer names. */
export interface NamedBuild {
  /** Empty if unknown. */
  readonly build: string;
  /** The field that named it, which clients do not get. */
  readonly field: string;
}

/** Rules by which a part refuses to store an answer. Nothing else may keep such an answer. */
export const partRefusals = ["left-release"] as const;

/** Rules by which an answer counts as a failure of the origin, which says nothing about the stored response. */
export const partFailures = ["missing-asset"] as const;

/** The rule in place of the result of a phase that threw. */
export const partFault = "part-failed";
type PartFault = typeof partFault;
export type PartFailure = (typeof partFailures)[number] | PartFault;
export type PartRefusal = (typeof partRefusals)[number] | PartFault;

/** The decisions of parts on one route. An absent phase decides nothing. Experimental: may change in any release. */
export interface Phases {
  /** Reads the build of an answer, as it arrives. */
  readonly received?: ((answer: PhaseAnswer) => NamedBuild | undefined) | undefined;
  /**
   * Returns the rule by which an answer counts as a failure: the origin is asked once more, a stored response may
   * stand in, and the answer is not stored.
   *
   * @param path the path of the request
   */
  readonly fails?: ((answer: PhaseAnswer, path: string) => PartFailure | undefined) | undefined;
  /** Returns the rule by which an answer is not stored. */
  readonly refuses?: ((record: PhaseRecord) => PartRefusal | undefined) | undefined;
  /** Returns for how many seconds a response is kept at least. It is not fresh for longer. */
  readonly keepSeconds?: ((record: PhaseRecord) => number) | undefined;
  /**
   * Judges a stored response that was found. `origin-first`: it answers only while the origin fails; `never`: it
   * does not answer.
   *
   * @param isPurged whether a purge covers it
   */
  readonly against?:
    | ((record: PhaseRecord, isPurged: boolean) => "origin-first" | "never" | undefined)
    | undefined;
  /**
   * Returns the detail in `Cache-Status` with which a stored response may stand in for a failure, however old it
   * is. The core forbids it after a hard purge.
   */
  readonly standsIn?: ((record: PhaseRecord) => string | undefined) | undefined;
  /** Returns a text to store with a response that stands in for an answer that `fails`. */
  readonly mark?: (() => string | undefined) | undefined;
}

/** The phases of a route without parts that have phases. */
export const noPhases: Phases = {};

/** The build of an answer whose phase `received` failed. No build has this name, and the answer is not stored. */
export const faultyBuild = "!";

// The decisions of the core that parts take part in. A phase is synchronous, except for `admits`, and can only make
// the cache more careful, with three exceptions: `admits` decides before the lookup, and `standsIn` and `keepSeconds`
// concern responses that no hard purge covers. Names of other systems: `vcl_backend_response` (`build`),
// `vcl_hit` (`against`), grace (`standsIn`). `rule/rule.ts` has the phases of a site's own rules.

/** The conditions of a request that `ignores` can drop, and `range`. */
export const ignorable = ["if-none-match", "if-modified-since", "if-range", "range"] as const;

interface Fields {
  get(name: string): string | null;
  has(name: string): boolean;
}

/** A client's request, and its URL as the core has read it. */
export interface PhaseRequest {
  readonly method: string;
  readonly headers: Fields;
  readonly cf?: unknown;
}

export interface PhaseUrl {
  readonly target: {
    readonly scheme: "http" | "https";
    readonly host: string;
    readonly ownHost: string;
    readonly sentPath: string;
    readonly path: string;
    readonly query: string;
  };
  readonly parameters: Readonly<Record<string, string>>;
}

/** Lines of header fields. `null` removes a field. */
export type PhaseLines = readonly (readonly [name: string, value: string | null])[];

/** The result of `admits` for a request that goes on: the names of the rules that decided. */
export interface Admission {
  /** Set if the gate of the route has checked the client's credential. */
  readonly checkedBy?: string | undefined;
  /** Set if a stale response suffices. */
  readonly staleBy?: string | undefined;
}

/** An answer in place of the lookup. */
export interface RuledAnswer {
  readonly response: Response;
  readonly by: string;
}

/** The rule that checks the credentials of a route. */
export interface Gate {
  readonly name: string;
  /** The names of the credential, which no checked request has. */
  readonly headers: readonly string[];
  readonly cookies: readonly string[];
  readonly query: readonly string[];
  /** Fields for the origin in a checked request. */
  readonly constants: PhaseLines;
}

export type BodyFilter = TransformStream<Uint8Array, Uint8Array>;

/** Changes of the fields of an answer that leaves. */
export interface LeavingEdits {
  readonly removed: readonly string[];
  readonly lines: PhaseLines;
  readonly cookies: readonly string[];
}

/** An answer of the origin. */
export interface PhaseAnswer {
  readonly status: number;
  readonly headers: Fields;
}

/** An answer of the origin whose build is known, as in `PhaseRecord`. */
interface BuiltPhaseAnswer extends PhaseAnswer, Pick<PhaseRecord, "release"> {}

/** A stored response, or one that may be stored. Its times, its stamp and its tags are the core's. */
export interface PhaseRecord {
  readonly status: number;
  /** The build that made the response; empty if unknown, absent on a route without builds. */
  readonly release?: string | undefined;
  /** The result of `mark` when the response first answered in place of one that `fails`. */
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
export const partFailures = ["missing-asset", "rule-fails"] as const;

/** The rule in place of the result of a phase that threw. */
export const partFault = "part-failed";
type PartFault = typeof partFault;
export type PartFailure = (typeof partFailures)[number] | PartFault;
export type PartRefusal =
  | (typeof partRefusals)[number]
  | "rule-refuses"
  | "nonce-unreplaced"
  | PartFault;

/** A part takes an answer for a failure, or forbids storing it. `names` has the name of a site's rule. */
interface Objection<Rule extends string> {
  readonly rule: Rule;
  readonly names: readonly string[];
}

/** The objections of a route's parts to an answer, which are decided once, as it arrives. */
export interface Objections {
  readonly failure?: Objection<PartFailure> | undefined;
  readonly refusal?: Objection<PartRefusal> | undefined;
}

/** The decisions of parts on one route. An absent phase decides nothing. Experimental: may change in any release. */
export interface Phases {
  /** Reads the build of an answer, as it arrives. */
  readonly build?: ((answer: PhaseAnswer) => NamedBuild | undefined) | undefined;
  /**
   * Returns the rule by which an answer counts as a failure: the origin is asked once more, a stored response may
   * stand in, and the answer is not stored.
   *
   * @param path the path of the request
   */
  readonly fails?: ((answer: PhaseAnswer, path: string) => Objections["failure"]) | undefined;
  /** Returns the rule by which an answer is not stored. */
  readonly refuses?: ((answer: BuiltPhaseAnswer) => Objections["refusal"]) | undefined;
  /**
   * Returns the fields of a 304, or of a 200 to HEAD, as they apply to the stored body.
   *
   * @returns `undefined` if they apply to another body, which is then loaded
   */
  readonly update?: ((update: Headers, stored: Fields) => Headers | undefined) | undefined;
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
  /** Returns a text to store with a response that answers in place of one that `fails`. */
  readonly mark?: (() => string | undefined) | undefined;
  /** Decides on a request before its lookup. Never throws or rejects. A hit needs no promise if it returns none. */
  readonly admits?:
    | ((
        request: PhaseRequest,
        read: PhaseUrl,
      ) => Admission | RuledAnswer | Promise<Admission | RuledAnswer>)
    | undefined;
  readonly gate?: Gate | undefined;
  /** Returns the names of the client's conditions that are dropped. */
  readonly ignores?:
    | ((request: PhaseRequest, read: PhaseUrl) => readonly string[] | undefined)
    | undefined;
  /**
   * Returns the fields of the key that rules give. The values for one request are computed once.
   *
   * @returns `undefined` if a rule has failed: the request has no key
   */
  readonly keyed?:
    | ((request: Pick<PhaseRequest, "headers" | "cf">) => PhaseLines | undefined)
    | undefined;
  /** Returns tags to add; `undefined` if a rule has failed. */
  readonly tags?: ((answer: PhaseAnswer) => readonly string[] | undefined) | undefined;
  /** Fields for the origin in each request. */
  readonly constants?: PhaseLines | undefined;
  readonly respond?:
    | ((answer: PhaseAnswer, request: PhaseRequest) => LeavingEdits | undefined)
    | undefined;
  /** Returns the stream for a body; `failed` if the body must not leave without it. */
  readonly filter?: ((answer: PhaseAnswer) => BodyFilter | "failed" | undefined) | undefined;
  /**
   * Returns the answer for its client alone, after all other changes. A page of fragments is rewritten first without
   * them, so that their text is not its own, and again as it leaves.
   *
   * @param request the client's; first for such a page, and then for each fragment, as `requestForWhole` has returned it
   * @returns `undefined` if the answer must not leave. A range is then ignored
   */
  readonly rewrite?:
    | ((response: Response, request: PhaseRequest) => Response | undefined)
    | undefined;
}

/** The build of an answer whose phase `build` failed. No build has this name, and the answer is not stored. */
export const faultyBuild = "!";

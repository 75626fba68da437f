// The type of `esi()` for applications, without the internals that it brings.

/** The ESI processor: the result of `esi()` of `tidemark/esi`. */
export interface Esi {
  readonly kind: "esi";
  /** An `EsiPart` of the same copy of the package. */
  readonly part: unknown;
}

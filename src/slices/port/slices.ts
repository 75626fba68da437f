// The type of `slices()` for applications, without the internals that it brings.

/** The slices of large bodies: the result of `slices()` of `tidemark/slices`. */
export interface Slices {
  readonly kind: "slices";
  /** A `SlicesPart` of the same copy of the package. */
  readonly part: unknown;
}

// The type of `query()` for applications, without the internals that it brings.

/** The lookup of QUERY requests: the result of `query()` of `tidemark/query`. */
export interface Query {
  readonly kind: "query";
  /** A `QueryPart` of the same copy of the package. */
  readonly part: unknown;
}

// The type of `operate()` for applications, without the internals that it brings.

/** The operator's part of a Worker: the result of `operate()` of `tidemark/operate`. */
export interface Operate {
  readonly kind: "operate";
  /** An `OperatePart` of the same copy of the package. */
  readonly part: unknown;
}

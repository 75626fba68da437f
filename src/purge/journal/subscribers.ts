// The port of the states of the journal's subscribers. A subscriber passes purges on, and its state
// contains its cursor. The journal's store implements the port.
import type { Unavailable } from "./journal.ts";

/** A stored state. */
export interface HeldState {
  /** The stored text, which the next `replace` must name; empty if there is none. */
  readonly version: string;
  /**
   * The state. `undefined` if there is none. Empty if there was one, but its content is lost or not
   * readable.
   */
  readonly text: string | undefined;
}

export interface ReadStates {
  readonly kind: "read";
  readonly states: readonly HeldState[];
  /** The clock that dates the journal's entries, in epoch milliseconds. */
  readonly atMs: number;
}

/** No method throws or rejects: a failing store returns `unavailable`. */
export interface Subscribers {
  /** Reads the states of subscribers from the primary, in the order of their names. */
  read(names: readonly string[]): Promise<ReadStates | Unavailable>;
  /**
   * Stores a state, but only if the stored version is the given one. Also succeeds if the very state
   * is already stored, because an earlier attempt may have stored it.
   *
   * @param text JSON that differs from every earlier text of the subscriber
   */
  replace(
    name: string,
    version: string,
    text: string,
  ): Promise<
    | { readonly kind: "replaced"; readonly version: string }
    | { readonly kind: "overtaken" }
    | Unavailable
  >;
}

// The calls from the driver of a run to a place, and their answers, as JSON.
import type { DataOrder } from "./checker/operations.ts";
import type { Row, RowInParts, SpaceName } from "./keys.ts";

/** One call of the application's interface. */
export interface Call {
  readonly op:
    | "get"
    | "getOrSet"
    | "forced"
    | "getMany"
    | "getOrSetMany"
    | "page"
    | "set"
    | "write"
    | "delete"
    | "expire"
    | "clear"
    | "purge"
    | "set-fields"
    | "get-fields"
    | "increment";
  readonly space: SpaceName;
  /** A key, relative to the namespace. */
  readonly name?: string;
  /** Keys or fields. No names mean all fields. */
  readonly names?: readonly string[];
  /** The id to set or write. */
  readonly id?: string;
  readonly order?: DataOrder;
  readonly soft?: boolean;
}

export type SeenValue = Readonly<Row>;
export type SeenFields = Partial<RowInParts> | undefined;

export type CallAnswer =
  | {
      readonly kind: "done";
      readonly seen?: readonly { readonly name: string; readonly value: SeenValue }[];
      readonly tiers?: readonly string[];
      readonly position?: string;
      readonly isKept?: boolean;
      readonly fields?: SeenFields;
      readonly count?: number | undefined;
    }
  | { readonly kind: "failed"; readonly name: string; readonly message: string };

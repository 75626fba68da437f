// What the driver of a run asks of a place, and what it is told, as JSON.
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
    | "set"
    | "write"
    | "delete"
    | "expire"
    | "bump"
    | "purge"
    | "set-fields"
    | "get-fields"
    | "increment";
  readonly space: SpaceName;
  /** Of a key, below the namespace. */
  readonly name?: string;
  /** Of keys; of fields, where none means all. */
  readonly names?: readonly string[];
  /** What is set or written. */
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

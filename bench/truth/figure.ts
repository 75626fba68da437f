// A figure of the metrics, and the same counted from outside.

/** One figure. The metrics' value must be between `min` and `max`, both included. */
export interface Figure {
  /** Figures of one group share a row of the table. */
  readonly group: string;
  readonly what: string;
  readonly told: number;
  /** The value counted from outside. */
  readonly counted: number;
  readonly min: number;
  readonly max: number;
}

export const holds = ({ told, min, max }: Figure): boolean => min <= told && told <= max;

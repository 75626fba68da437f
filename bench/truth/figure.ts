// A figure of the metrics, with the same figure counted outside the Worker.

/** One figure. The metrics' value must be between `min` and `max`, both included. */
export interface Figure {
  /** Figures of one group share a row of the table. */
  readonly group: string;
  readonly what: string;
  readonly told: number;
  /** The value counted outside the Worker. */
  readonly counted: number;
  readonly min: number;
  readonly max: number;
}

export const holds = ({ told, min, max }: Figure): boolean => min <= told && told <= max;

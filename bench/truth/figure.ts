// What the metrics say of one thing, beside what was counted from outside.

/** One figure: what the metrics say must lie between `min` and `max`, both included. */
export interface Figure {
  /** Figures of one group are one row of the table. */
  readonly group: string;
  readonly what: string;
  readonly told: number;
  /** As counted from outside. */
  readonly counted: number;
  readonly min: number;
  readonly max: number;
}

export const holds = ({ told, min, max }: Figure): boolean => min <= told && told <= max;

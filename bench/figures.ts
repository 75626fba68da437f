// How measured figures are summed up and printed.
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export const counted = (value: number): string => Math.round(value).toLocaleString("en");

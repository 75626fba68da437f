// Formats a duration for the configuration.

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
] as const;

/** Returns text such as `"5m"` or `"90s"`, in the largest unit that gives a whole number. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const [unit, size] = units.find(([, one]) => whole >= one && whole % one === 0) ?? ["s", 1];
  return `${whole / size}${unit}`;
}

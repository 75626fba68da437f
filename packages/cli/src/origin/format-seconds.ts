// A length of time as the configuration writes it.

const units = [
  ["d", 86_400],
  ["h", 3_600],
  ["m", 60],
] as const;

/** @returns such as `"5m"` or `"90s"`: the largest unit of which it is a whole number */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const [unit, size] = units.find(([, one]) => whole >= one && whole % one === 0) ?? ["s", 1];
  return `${whole / size}${unit}`;
}

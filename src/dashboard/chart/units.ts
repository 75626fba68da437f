// Formats numbers and times for operators.

export type Unit = "percent" | "count" | "bytes" | "ms";

export function shown(value: number | undefined | null, unit: Unit): string {
  if (value === undefined || value === null) return "–";
  switch (unit) {
    case "percent":
      return `${(value * 100).toFixed(1)} %`;
    case "count":
      return Math.round(value).toLocaleString("en");
    case "bytes":
      return scaled(value, 1_024, ["B", "KiB", "MiB", "GiB", "TiB"]);
    case "ms":
      return value < 1_000 ? `${round(value)} ms` : `${round(value / 1_000)} s`;
  }
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let left = value;
  let at = 0;
  for (; left >= base && at < units.length - 1; at += 1) left /= base;
  return `${round(left)} ${units[at]}`;
}

const round = (value: number): string => String(Number(value.toPrecision(3)));

/** Formats a time, in UTC: `14:05`, or with the date. */
export function timeOf(atMs: number, isDated = false): string {
  const iso = new Date(atMs).toISOString();
  return isDated ? `${iso.slice(5, 10)} ${iso.slice(11, 16)}` : iso.slice(11, 16);
}

/** Formats an age, such as `12 s` or `3 h`. */
export function ageOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800
    ? `${Math.round(seconds / 3_600)} h`
    : `${Math.round(seconds / 86_400)} d`;
}

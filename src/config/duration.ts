// Parses durations in a configuration: a whole number with s, m, h or d. `forms.ts` rejects invalid
// durations.

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Returns seconds; `undefined` for missing or invalid text. */
export function durationSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const unitSeconds = secondsPerUnit[unit ?? ""];
  return unitSeconds === undefined ? undefined : Number(count) * unitSeconds;
}

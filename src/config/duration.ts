// Durations as an operator writes them: a whole number with s, m, h or d.

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** @returns seconds; `undefined` for any other text, and where nothing is written */
export function durationSeconds(text: string | undefined): number | undefined {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text ?? "") ?? [];
  const unitSeconds = secondsPerUnit[unit ?? ""];
  return unitSeconds === undefined ? undefined : Number(count) * unitSeconds;
}

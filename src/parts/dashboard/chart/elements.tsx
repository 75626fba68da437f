// Elements of all panels: tables, errors and formatted numbers.
import type { Child } from "hono/jsx";

interface TableProps {
  readonly caption: string;
  readonly heads: readonly string[];
  /** The first cell of a row is its heading. */
  readonly rows: readonly (readonly Child[])[];
  /** Replaces a table without rows. */
  readonly none?: string;
}

export function Table({ caption, heads, rows, none = "Nothing yet." }: TableProps) {
  if (rows.length === 0) return <p class="quiet">{none}</p>;
  return (
    <div class="scroll" tabindex={0} role="region" aria-label={caption}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {heads.map((head) => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...others]) => (
            <tr>
              <th scope="row">{first}</th>
              {others.map((cell) => (
                <td>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const formats = {
  percent: (value: number) => `${(value * 100).toFixed(1)} %`,
  count: (value: number) => Math.round(value).toLocaleString("en"),
  bytes: (value: number) => scaled(value, 1_024, ["B", "KiB", "MiB", "GiB", "TiB"]),
  ms: (value: number) => scaled(value, 1_000, ["ms", "s"]),
};

export type Unit = keyof typeof formats;

export function shown(value: number | undefined | null, unit: Unit): string {
  return value === undefined || value === null ? "–" : formats[unit](value);
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

export interface Notice {
  readonly what?: string;
  readonly why: string;
  readonly hint: string;
}

export function NoticeBox({ what = "This part cannot be shown.", why, hint }: Notice) {
  return (
    <div class="notice" role="alert">
      <p>
        <strong>{what}</strong> {why}
      </p>
      <p>{hint}</p>
    </div>
  );
}

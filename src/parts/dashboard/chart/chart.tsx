// A line chart as inline SVG. Lines differ by dashes too, and a table below has the numbers.
import { Table, shown, timeOf, type Unit } from "./elements.tsx";

export interface Line {
  readonly name: string;
  /** One value per time; `undefined` leaves a gap. */
  readonly values: readonly (number | undefined)[];
}

export interface ChartProps {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly timesMs: readonly number[];
  readonly lines: readonly Line[];
  readonly isDated: boolean;
  /** A caveat. */
  readonly note?: string;
}

/** Further lines would not be distinct. */
export const linesMax = 6;

const width = 600;
const height = 140;

export function Chart({ id, title, unit, timesMs, lines: given, isDated, note }: ChartProps) {
  const lines = given.filter((line) => latest(line) !== undefined);
  const all = lines.flatMap(({ values }) => values.filter((value) => value !== undefined));
  const top = unit === "percent" ? 1 : niceAbove(Math.max(0, ...all), unit);
  const at = (ms: number | undefined) => (ms === undefined ? "" : timeOf(ms, isDated));
  const middle = timesMs[Math.floor(timesMs.length / 2)];
  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        {note && <p class="quiet">{note}</p>}
      </figcaption>
      {all.length === 0 ? (
        <p class="quiet">No reports in this time.</p>
      ) : (
        <>
          <div class="plot">
            <div class="scale" aria-hidden="true">
              <span>{shown(top, unit)}</span>
              <span>
                {unit === "count" ? (top / 2).toLocaleString("en") : shown(top / 2, unit)}
              </span>
              <span>0</span>
            </div>
            <svg
              viewBox={`0 0 ${width} ${height}`}
              preserveAspectRatio="none"
              role="img"
              aria-labelledby={`${id}-title ${id}-desc`}
            >
              <title id={`${id}-title`}>{title}</title>
              <desc id={`${id}-desc`}>{lines.map((line) => summary(line, unit)).join(" ")}</desc>
              {[0, height / 2, height].map((y) => (
                <path class="grid" d={`M0 ${y}H${width}`} />
              ))}
              {lines.map((line, index) => (
                <path class={`line l${index}`} d={pathOf(line.values, top)} />
              ))}
            </svg>
            <div class="times" aria-hidden="true">
              <span>{at(timesMs[0])}</span>
              <span>{at(middle)}</span>
              <span>{at(timesMs.at(-1))} UTC</span>
            </div>
          </div>
          <ul class="legend">
            {lines.map((line, index) => (
              <li>
                <svg viewBox="0 0 24 8" aria-hidden="true">
                  <path class={`line l${index}`} d="M0 4H24" />
                </svg>
                {line.name} <b>{shown(latest(line), unit)}</b>
              </li>
            ))}
          </ul>
          <details id={`${id}-table`}>
            <summary>Numbers: {title}</summary>
            <Table
              caption={`${title}, by time in UTC`}
              heads={["Time", ...lines.map(({ name }) => name)]}
              rows={rowsOf({ timesMs, lines, unit, isDated })}
            />
          </details>
        </>
      )}
    </figure>
  );
}

/** Returns a row for each time with a value, newest first. */
function rowsOf({ timesMs, lines, unit, isDated }: Omit<ChartProps, "id" | "title">): string[][] {
  return timesMs
    .map((ms, index) => ({ ms, values: lines.map(({ values }) => values[index]) }))
    .filter(({ values }) => values.some((value) => value !== undefined))
    .map(({ ms, values }) =>
      [timeOf(ms, isDated)].concat(values.map((value) => shown(value, unit))),
    )
    .toReversed();
}

const latest = ({ values }: Line) => values.findLast((value) => value !== undefined);

function summary(line: Line, unit: Unit): string {
  const known = line.values.filter((value) => value !== undefined);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  return `${line.name}: now ${shown(latest(line), unit)}, least ${shown(least, unit)}, most ${shown(most, unit)}.`;
}

/** The width of a value without neighbours. */
const dash = 12;

/** Isolates with few requests report every five minutes, so a line crosses shorter gaps. */
const gapMax = 6;

/** Returns the path of a line, with a gap where values are missing, and a dash for a lone value. */
function pathOf(values: Line["values"], top: number): string {
  const step = width / Math.max(1, values.length - 1);
  let path = "";
  let before = -Infinity;
  for (const [index, value] of values.entries()) {
    if (value === undefined) continue;
    const [x, y] = [Math.round(index * step), Math.round(height - (value / top) * height)];
    path += index - before > gapMax ? `M${Math.max(0, x - dash)} ${y}h${dash}` : `L${x} ${y}`;
    before = index;
  }
  return path;
}

/** Returns 1, 2 or 5 times a power of ten of the unit, at least the value. */
function niceAbove(value: number, unit: Unit): number {
  if (value <= 0) return 1;
  if (unit === "bytes" && value > 1_024) return 1_024 * niceAbove(value / 1_024, unit);
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5].find((factor) => factor * power >= value) ?? 10) * power;
}

// Draws a line chart as SVG: logarithmic axes, a label at the end of each line, and a dash pattern
// for each line, so that no reader needs the colours. Readable on light and on dark pages.

export interface Chart {
  readonly title: string;
  /** A sentence for readers who do not see the chart. */
  readonly description: string;
  readonly x: { readonly label: string; readonly values: readonly number[] };
  readonly y: { readonly label: string; readonly text: (value: number) => string };
  /** Each line has one value for each value of the x axis. */
  readonly lines: readonly { readonly name: string; readonly values: readonly number[] }[];
  /** A horizontal line, such as a limit. */
  readonly limit?: { readonly value: number; readonly name: string };
}

const size = { width: 760, height: 380 };
const plot = { left: 66, right: 520, top: 46, bottom: 322 };
const labelHeight = 15;
const dashes = ["", "7 4", "2 3"];

const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px }
  .grid { stroke: #8886; stroke-width: 1 }
  .limit { stroke: #cf222e; stroke-width: 1.5 }
  .line { fill: none; stroke-width: 2.5 }
  .c0 { stroke: #0969da } .c1 { stroke: #9a6700 } .c2 { stroke: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .limit { stroke: #ff7b72 }
    .c0 { stroke: #58a6ff } .c1 { stroke: #e3b341 } .c2 { stroke: #56d364 }
  }`;

export function svgOf(chart: Chart): string {
  const { title, description, x, y, lines, limit } = chart;
  const values = [...lines.flatMap((line) => line.values), ...(limit ? [limit.value] : [])];
  const decades = decadesOf(values.filter((value) => value > 0));
  const across = scaleOf(x.values, [plot.left, plot.right]);
  const up = scaleOf(decades, [plot.bottom, plot.top]);
  const parts = [
    text(plot.left, 22, title, 'class="title"'),
    ...decades.flatMap((value) => [
      rule(plot.left, up(value), plot.right, up(value), "grid"),
      text(plot.left - 8, up(value) + 4, y.text(value), 'text-anchor="end"'),
    ]),
    ...x.values.map((value) =>
      text(across(value), plot.bottom + 20, value.toLocaleString("en"), 'text-anchor="middle"'),
    ),
    text((plot.left + plot.right) / 2, plot.bottom + 44, x.label, 'text-anchor="middle"'),
    text(plot.left, plot.top - 8, y.label, ""),
    ...(limit
      ? [
          rule(plot.left, up(limit.value), plot.right, up(limit.value), "limit"),
          text(plot.left + 6, up(limit.value) + 16, limit.name, ""),
        ]
      : []),
    ...lines.map(({ values: drawn }, nth) => {
      const points = drawn.flatMap((value, at) =>
        value > 0 ? [`${rounded(across(x.values[at] ?? 1))},${rounded(up(value))}`] : [],
      );
      return `<polyline class="line c${nth}" stroke-dasharray="${dashes[nth] ?? ""}" points="${points.join(" ")}"/>`;
    }),
    ...endLabels(chart, up),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" role="img" aria-labelledby="title description">
<title id="title">${escaped(title)}</title>
<desc id="description">${escaped(description)}</desc>
<style>${style}
</style>
${parts.join("\n")}
</svg>
`;
}

/** Places the names of lines beside their ends, from top to bottom without overlaps. */
function endLabels({ lines }: Chart, up: (value: number) => number): string[] {
  const ends = lines
    .map(({ name, values }, nth) => ({ name, nth, at: up(values.at(-1) ?? 1) }))
    .toSorted((one, other) => one.at - other.at);
  let free = plot.top;
  return ends.flatMap(({ name, nth, at }) => {
    const y = Math.max(at, free);
    const rows = rowsOf(name);
    free = y + rows.length * labelHeight + 4;
    const sample = `<line class="line c${nth}" stroke-dasharray="${dashes[nth] ?? ""}" x1="${plot.right + 6}" y1="${rounded(y)}" x2="${plot.right + 30}" y2="${rounded(y)}"/>`;
    return [sample].concat(
      rows.map((row, nthRow) => text(plot.right + 36, y + 4 + nthRow * labelHeight, row, "")),
    );
  });
}

/** Breaks a name at its commas. */
const rowsOf = (name: string): string[] => name.split(/(?<=,) /);

/** Returns the powers of ten around all values. */
function decadesOf(values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: last - first + 1 }, (_, nth) => 10 ** (first + nth));
}

/** Returns a logarithmic scale from the range of the values to a range of pixels. */
function scaleOf(
  values: readonly number[],
  [from, to]: readonly [number, number],
): (value: number) => number {
  const [least, most] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  return (value) => from + ((Math.log(value) - least) / (most - least)) * (to - from);
}

const rounded = (value: number): string => value.toFixed(1);

function rule(x1: number, y1: number, x2: number, y2: number, kind: string): string {
  const ends = [x1, y1, x2, y2].map(rounded);
  return `<line class="${kind}" x1="${ends[0]}" y1="${ends[1]}" x2="${ends[2]}" y2="${ends[3]}"/>`;
}

function text(x: number, y: number, content: string, attributes: string): string {
  return `<text x="${rounded(x)}" y="${rounded(y)}" ${attributes}>${escaped(content)}</text>`;
}

const escaped = (content: string): string =>
  content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

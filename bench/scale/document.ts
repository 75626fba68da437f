// Writes the results of all points into docs/costs.md, and draws the charts beside it.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { replaceMarkedPart } from "../load/figures.ts";
import { svgOf } from "./chart.ts";
import type { Counted } from "./point.ts";
import * as tables from "./tables.ts";

/** The points that the tables show. */
const [dollarsAtColos, limitsAtColos] = [50, 330];

const costsPage = fileURLToPath(new URL("../../docs/costs.md", import.meta.url));

const parts = (points: readonly Counted[]) => {
  const at = tables.pointsAt(points);
  return {
    tables: {
      month: tables.monthTable(at),
      dollars: tables.dollarsTable(at, dollarsAtColos),
      limits: tables.limitsTable(at, limitsAtColos),
    },
    charts: {
      dollars: tables.dollarsChart(at, dollarsAtColos),
      limits: tables.limitsChart(at, limitsAtColos),
    },
  };
};

export async function writeDocument(points: readonly Counted[], command: string): Promise<void> {
  const { tables: written, charts } = parts(points);
  for (const [name, table] of Object.entries(written)) {
    await replaceMarkedPart(costsPage, `${command}: ${name}`, table);
  }
  for (const [name, chart] of Object.entries(charts)) {
    await writeFile(new URL(`../../docs/scale/${name}.svg`, import.meta.url), svgOf(chart));
  }
}

export function printed(points: readonly Counted[]): string {
  return Object.entries(parts(points).tables)
    .map(([name, table]) => `${name}\n\n${table}`)
    .join("\n");
}

// Writes the results of all points into docs/costs.md and docs/growth.md, and draws the chart beside them.
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { replaceMarkedPart } from "../load/figures.ts";
import { svgOf } from "./chart.ts";
import type { Counted } from "./point.ts";
import { loaded } from "./points.ts";
import * as tables from "./tables.ts";

const pages = { month: "costs.md", limits: "growth.md" };

const parts = (points: readonly Counted[]) => {
  const at = tables.pointsAt(points);
  const [colos] = loaded.colos;
  return {
    tables: { month: tables.monthTable(at), limits: tables.limitsTable(at, colos) },
    charts: { limits: tables.limitsChart(at, colos) },
  };
};

export async function writeDocument(points: readonly Counted[], command: string): Promise<void> {
  const { tables: written, charts } = parts(points);
  for (const name of ["month", "limits"] as const) {
    const page = fileURLToPath(new URL(`../../docs/${pages[name]}`, import.meta.url));
    await replaceMarkedPart(page, `${command}: ${name}`, written[name]);
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

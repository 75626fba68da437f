// monitoring/grafana.json as data: its panels, and their queries as Grafana would send them.
import { readFileSync } from "node:fs";

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: {
    readonly h: number;
    readonly w: number;
    readonly x: number;
    readonly y: number;
  };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: { readonly type: string; readonly uid: string };
  }[];
}

interface Board {
  readonly id: null;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string }[];
  };
}

export const board = JSON.parse(readFileSync("monitoring/grafana.json", "utf8")) as Board;

/** The values of the board's variables that show everything of one site. */
const values: Readonly<Record<string, string>> = { job: "tidemark", route: ".*", window: "10m" };

/** @throws Error for a variable that the board does not have */
export function boardQueries(): { panel: string; legend: string; expression: string }[] {
  return board.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({
      panel: title,
      legend: legendFormat,
      expression: expr.replaceAll(/\$(\w+)/g, (_, name: string) => {
        const value = values[name];
        if (value === undefined) throw new Error(`The panel ${title} asks for $${name}.`);
        return value;
      }),
    })),
  );
}

// Checks that Grafana 10 can import the board: a source that the user chooses, panels that do not
// overlap, and queries for existing metrics. Grafana itself does not run here.
import { describe, expect, it } from "vitest";
import { board, boardQueries, type Panel } from "./board.ts";
import { metricNames, metricsIn } from "./metrics-in.ts";

const asked = metricsIn(JSON.stringify(board).replaceAll("\\n", " "));

function overlap({ gridPos: one }: Panel, { gridPos: other }: Panel): boolean {
  const across = one.x < other.x + other.w && other.x < one.x + one.w;
  return across && one.y < other.y + other.h && other.y < one.y + one.h;
}

describe("monitoring/grafana.json", () => {
  it("has the form that Grafana 10 reads", () => {
    expect([board.id, board.schemaVersion]).toEqual([null, 38]);
    const variables = board.templating.list.map(({ name, type }) => `${name}: ${type}`);
    expect(variables).toEqual([
      "datasource: datasource",
      "job: query",
      "route: query",
      "window: interval",
    ]);
  });

  it("queries only the chosen source", () => {
    const sources = board.panels.flatMap(({ datasource, targets = [] }) => [
      ...(datasource ? [datasource] : []),
      ...targets.map((target) => target.datasource),
    ]);
    const chosen = JSON.stringify({ type: "prometheus", uid: "${datasource}" });
    expect(new Set(sources.map((source) => JSON.stringify(source)))).toEqual(new Set([chosen]));
  });

  it("has panels with unique IDs that fit into the grid and do not overlap", () => {
    const { panels } = board;
    expect(panels.length).toBeGreaterThan(30);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x < 0 || x + w > 24)).toEqual([]);
    const overlapping = panels.flatMap((panel, index) =>
      panels.slice(index + 1).filter((other) => overlap(panel, other)),
    );
    expect(overlapping.map(({ title }) => title)).toEqual([]);
  });

  it("has one query, or several with different names, in each panel that is not a heading", () => {
    for (const { title, type, targets = [] } of board.panels) {
      const ids = new Set(targets.map(({ refId }) => refId));
      expect({ title, ids: ids.size, has: ids.size > 0 }).toEqual({
        title,
        ids: targets.length,
        has: type !== "row",
      });
    }
  });

  it("selects one job in each query", () => {
    const elsewhere = boardQueries().filter(({ expression }) =>
      (expression.match(/tidemark_\w+(?!\w)(?:\{[^}]*\})?/g) ?? []).some(
        (selector) => !selector.includes('{job="tidemark"'),
      ),
    );
    expect(elsewhere).toEqual([]);
  });

  it("queries only metrics that a scrape has", () => {
    expect(asked.filter((name) => !metricNames.includes(name))).toEqual([]);
  });

  it("queries every metric", () => {
    expect(metricNames.filter((name) => !asked.includes(name))).toEqual([]);
  });
});

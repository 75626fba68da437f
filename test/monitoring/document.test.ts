// Checks that docs/metrics.md lists every metric and every alert, and that Prometheus accepts the
// configuration in it.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { families } from "../../src/protocol/families.ts";
import { gauges } from "../../src/reports/gauges.ts";
import { isPrometheusInstalled, promtool } from "../../testing/monitoring/promtool.ts";
import { alerts } from "./metrics-in.ts";

const page = readFileSync("docs/metrics.md", "utf8");

/** @returns the metrics and their labels in the table below a sentence */
function tabled(before: string): { name: string; labels: string[] }[] {
  const from = page.indexOf(before);
  const table = page.slice(from, page.indexOf("\n\n", page.indexOf("\n|", from)));
  return [...table.matchAll(/^\| `(tidemark_\w+)` \| (.*?) ?\| .+ \|$/gm)].map(
    ([, name = "", labels = ""]) => ({
      name,
      labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label),
    }),
  );
}

const bare = ({ name, labels }: { name: string; labels: readonly string[] }) => ({ name, labels });
const ofKind = (kind: string) =>
  Object.values(families)
    .filter((family) => family.kind === kind)
    .map(bare);

describe("docs/metrics.md", () => {
  it.each([
    { table: "Counters, of all isolates:", known: ofKind("counter") },
    { table: "Histograms, of all isolates.", known: ofKind("histogram") },
    { table: "Gauges, of now or of the last report:", known: gauges.map(bare) },
  ])("has a row for each metric, and no other: $table", ({ table, known }) => {
    expect(tabled(table)).toEqual(known);
  });

  it("has a row for each alert, and no other", () => {
    const named = [...page.matchAll(/^\| `(Tidemark\w+)` \|/gm)].map(([, name]) => name);
    expect(named).toEqual(alerts.map(({ alert }) => alert));
  });

  it.runIf(isPrometheusInstalled)("shows a configuration that promtool accepts", () => {
    const [, config = ""] = /```yaml\n(.*?)```/s.exec(page) ?? [];
    const folder = mkdtempSync(join(tmpdir(), "prometheus-config-"));
    writeFileSync(join(folder, "prometheus.yml"), config);
    writeFileSync(join(folder, "tidemark-token"), "token");
    copyFileSync("monitoring/alerts.yml", join(folder, "alerts.yml"));
    const { status, said } = promtool(["check", "config", join(folder, "prometheus.yml")]);
    rmSync(folder, { recursive: true });
    expect({ status, said }).toMatchObject({
      status: 0,
      said: expect.stringContaining("15 rules"),
    });
  });
});

// Checks that Prometheus accepts the configuration of docs/monitoring.md, and runs the query of
// docs/probing.md.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { isPrometheusInstalled, promtool } from "../../testing/monitoring/promtool.ts";

const monitoring = readFileSync("docs/monitoring.md", "utf8");

describe("docs/monitoring.md", () => {
  it.runIf(isPrometheusInstalled)("shows a configuration that promtool accepts", () => {
    const [, config = ""] = /```yaml\n(.*?)```/s.exec(monitoring) ?? [];
    const folder = mkdtempSync(join(tmpdir(), "prometheus-config-"));
    writeFileSync(join(folder, "prometheus.yml"), config);
    writeFileSync(join(folder, "tidemark-token"), "token");
    copyFileSync("monitoring/alerts.yml", join(folder, "alerts.yml"));
    const { status, said } = promtool(["check", "config", join(folder, "prometheus.yml")]);
    rmSync(folder, { recursive: true });
    expect({ status, said }).toMatchObject({
      status: 0,
      said: expect.stringContaining("16 rules"),
    });
  });
});

describe.runIf(isPrometheusInstalled)("the query of docs/probing.md", () => {
  const probing = readFileSync("docs/probing.md", "utf8");
  const query = /```promql\n([^`]*)```/.exec(probing)?.[1];

  it.each([
    { id: "a colo whose reads prove nothing", reads: "1x3000", found: true },
    { id: "a colo without a histogram", reads: "_x3000", found: true },
    { id: "a colo whose reads prove a result", reads: "1+1x3000", found: false },
  ])("finds $found: $id", ({ reads, found }) => {
    const labels = 'job="tidemark",instance="site",colo="NRT"';
    const series = [
      { series: `tidemark_reports_total{${labels}}`, values: "1+1x3000" },
      { series: `tidemark_purge_lag_seconds_count{${labels}}`, values: reads },
    ];
    const expr = `count by (colo) (${query})`;
    const samples = found ? [{ labels: '{colo="NRT"}', value: 1 }] : [];
    const asked = { expr, eval_time: "3000m", exp_samples: samples };
    const tests = [{ interval: "1m", input_series: series, promql_expr_test: [asked] }];
    const folder = mkdtempSync(join(tmpdir(), "prometheus-query-"));
    const path = join(folder, "query.test.yml");
    writeFileSync(path, JSON.stringify({ rule_files: [], evaluation_interval: "1m", tests }));
    const { said } = promtool(["test", "rules", path]);
    rmSync(folder, { recursive: true });
    expect(said).toContain("SUCCESS");
  });
});

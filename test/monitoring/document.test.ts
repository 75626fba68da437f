// Checks that Prometheus accepts the configuration of docs/monitoring.md.
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
      said: expect.stringContaining("15 rules"),
    });
  });
});

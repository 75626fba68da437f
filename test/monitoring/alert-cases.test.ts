// Runs the cases of alerts.test.yml: each alert of monitoring/alerts.yml fires in some, and does not
// fire in others.
import { expect, it } from "vitest";
import { isPrometheusInstalled, promtool } from "../../testing/monitoring/promtool.ts";

it.runIf(isPrometheusInstalled)("passes promtool's test of its cases", () => {
  const { status, said } = promtool(["test", "rules", "test/monitoring/alerts.test.yml"]);
  expect(said).toContain("SUCCESS");
  expect(status).toBe(0);
});

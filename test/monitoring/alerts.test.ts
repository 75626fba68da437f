// Tests that each alert of monitoring/alerts.yml has cases in which it fires and does not fire
// ("rests"), and says what to do. alert-cases.test.ts runs the cases.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isPrometheusInstalled, promtool } from "../../testing/monitoring/promtool.ts";
import { alerts, metricNames, metricsIn, rules } from "./metrics-in.ts";

const cases = readFileSync("test/monitoring/alerts.test.yml", "utf8");

/** @returns the name of each case of an alert, and whether the alert fires in it */
function casesOf(alert: string): { name: string; fires: boolean }[] {
  return cases
    .split(/^ {2}- name: /m)
    .slice(1)
    .filter((text) => text.includes(`- alertname: ${alert}\n`))
    .map((text) => ({
      name: text.slice(0, text.indexOf("\n")).replaceAll('"', ""),
      fires: text.includes("- exp_labels:"),
    }));
}

describe("monitoring/alerts.yml", () => {
  it("has alerts", () => {
    expect(alerts.length).toBeGreaterThan(10);
  });

  it.each(alerts)(
    "has cases in which $alert fires, and cases in which $alert does not",
    ({ alert }) => {
      const found = casesOf(alert);
      for (const { name, fires } of found) {
        expect(name).toMatch(new RegExp(`^${alert} ${fires ? "fires" : "rests"}\\b`));
      }
      expect(new Set(found.map(({ fires }) => fires))).toEqual(new Set([true, false]));
    },
  );

  it.each(alerts)("states for $alert its severity, a summary, causes and a runbook", ({ text }) => {
    expect(text).toMatch(/severity: (?:warning|critical)\n/);
    expect(text).toMatch(/summary: "?.{20,}\n/);
    expect(text.replaceAll(/\s+/g, " ")).toMatch(/[Cc]auses?: /);
    expect(text).toMatch(/runbook: docs\/operating\.md#[\w-]+\n/);
  });

  it("uses only metrics that a scrape has", () => {
    const asked = metricsIn(rules);
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((name) => !metricNames.includes(name))).toEqual([]);
  });

  it.runIf(isPrometheusInstalled)("passes promtool's check", () => {
    expect(promtool(["check", "rules", "monitoring/alerts.yml"])).toMatchObject({ status: 0 });
  });
});

// Every query of monitoring/, asked of a real Prometheus that has scraped a site with traffic.
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { prometheusText } from "../../src/reports/prometheus.ts";
import { textFormatType } from "../../src/reports/text-format.ts";
import { madeTotals } from "../../testing/monitoring/made-totals.ts";
import {
  type PrometheusServer,
  startPrometheus,
} from "../../testing/monitoring/prometheus-server.ts";
import { isPrometheusInstalled } from "../../testing/monitoring/promtool.ts";
import { metricsIn } from "./metrics-in.ts";
import { boardQueries } from "./board.ts";

const alerts = readFileSync("monitoring/alerts.yml", "utf8");

describe.runIf(isPrometheusInstalled)("on a site with traffic", () => {
  let site: Server;
  let prometheus: PrometheusServer;

  beforeAll(async () => {
    let times = 0;
    const build = { version: "1.2.3", purgeBoundSeconds: 10 };
    const info = {
      usedBytes: 7,
      maxBytes: 10,
      usedRatio: 0.7,
      policy: null,
      evictedKeys: 0,
      keys: 3,
    };
    site = createServer((_, response) => {
      times += 1;
      const totals = madeTotals(times, { atMs: Date.now() });
      response.setHeader("content-type", textFormatType);
      response.end(prometheusText({ totals, info, build }));
    }).listen(0, "127.0.0.1");
    await once(site, "listening");
    const { port } = site.address() as AddressInfo;
    prometheus = await startPrometheus({ address: `127.0.0.1:${port}`, token: "admin-token" });
    await prometheus.scraped(4);
  }, 30_000);
  afterAll(async () => {
    await prometheus.stop();
    site.close();
  });

  it.each(boardQueries())("the board shows something: $panel, $legend", async ({ expression }) => {
    const series = await prometheus.query(expression);
    const numbers = series.map(({ value: [, value] }) => Number(value));
    expect(numbers.filter((value) => !Number.isNaN(value)).length).toBeGreaterThan(0);
  });

  it.each(metricsIn(alerts))("there is what alerts ask for: %s", async (name) => {
    const histogram = await prometheus.query(`${name}_bucket`);
    expect([...histogram, ...(await prometheus.query(name))].length).toBeGreaterThan(0);
  });

  it("every alert is evaluated without an error", async () => {
    const rules = await prometheus.rules();
    expect(rules.map(({ name }) => name)).toEqual(
      [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name),
    );
    expect(rules.filter(({ health }) => health === "err")).toEqual([]);
  });

  it("a query that is wrong is an error", async () => {
    await expect(prometheus.query("sum by (job (up)")).rejects.toThrow("Prometheus says: ");
  });
});

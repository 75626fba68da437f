// Runs every query of monitoring/ on a real Prometheus. It scrapes the built Worker on workerd,
// with the totals of a site with traffic in a real Redis.
// Needs parts: outward.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Running } from "../../local/running.ts";
import { redisServers } from "../../testing/fakes/redis-server.ts";
import { layTotals } from "../../testing/monitoring/laid-totals.ts";
import {
  type PrometheusServer,
  startPrometheus,
} from "../../testing/monitoring/prometheus-server.ts";
import { isPrometheusInstalled } from "../../testing/monitoring/promtool.ts";
import { adminToken, startWorld } from "../../testing/worker/world.ts";
import { boardQueries } from "./board.ts";
import { alerts, metricsIn, rules as rulesText } from "./metrics-in.ts";

describe.runIf(isPrometheusInstalled)("on a site with traffic", () => {
  const running = new Running();
  let prometheus: PrometheusServer;

  beforeAll(async () => {
    const server = redisServers.at(-1);
    if (server === undefined) throw new Error("No server can be started here.");
    const redis = await running.add(server.start());
    await running.add(layTotals(redis.url));
    const originUrl = "http://127.0.0.1:9";
    const config = `await (async () => {
      const { fastly, outward } = await import("tidemark/outward");
      const edge = fastly({ service: "SU1Z0isxPaozGVKXdv0eY" });
      return { parts: [operate(), outward({ edge })] };
    })()`;
    const world = { originUrl, redisUrl: redis.url, config };
    const { colos } = await running.add(startWorld(world));
    const address = new URL(colos[0]?.url ?? "").host;
    prometheus = await running.add(startPrometheus({ address, token: adminToken }));
    await prometheus.scraped(3);
  });
  afterAll(() => running.stop());

  it.each(boardQueries())("the board shows a number: $panel, $legend", async ({ expression }) => {
    const series = await prometheus.query(expression);
    const numbers = series.map(({ value: [, value] }) => Number(value));
    expect(numbers.filter((value) => !Number.isNaN(value)).length).toBeGreaterThan(0);
  });

  it.each(metricsIn(rulesText))("the metric of an alert exists: %s", async (name) => {
    const histogram = await prometheus.query(`${name}_bucket`);
    expect([...histogram, ...(await prometheus.query(name))].length).toBeGreaterThan(0);
  });

  it("every alert is evaluated without an error", async () => {
    const rules = await prometheus.rules();
    expect(rules.map(({ name }) => name)).toEqual(alerts.map(({ alert }) => alert));
    expect(rules.filter(({ health }) => health === "err")).toEqual([]);
  });

  it("a wrong query fails with an error", async () => {
    await expect(prometheus.query("sum by (job (up)")).rejects.toThrow("Prometheus says: ");
  });
});

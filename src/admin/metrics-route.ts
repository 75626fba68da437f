// GET /_cache/metrics: what all isolates have told of their counts, for Prometheus.
import { readDatabaseInfo } from "../redis/database-info.ts";
import type { RedisClient } from "../redis/redis-client.ts";
import type { Unavailable } from "../reports/folding.ts";
import { prometheusText } from "../reports/prometheus.ts";
import { textFormatType } from "../reports/text-format.ts";
import type { Totals } from "../reports/totals.ts";
import { version } from "../version.ts";
import { toldError } from "./told.ts";

/** Where a scrape is read from. */
export interface MetricsSource {
  /** Never rejects. */
  readonly readTotals: () => Promise<Totals | Unavailable>;
  /** Asked how full it is; `undefined` without a database. */
  readonly redis: Pick<RedisClient, "look"> | undefined;
  /** N. */
  readonly purgeBoundSeconds: number;
}

/**
 * 200 with the text format 0.0.4. 404 where this deployment has no totals to show, 503 where they cannot
 * be read now: both say why, and what would be right. One command, beside those that read the totals.
 */
export async function metricsRoute(source: MetricsSource): Promise<Response> {
  const totals = await source.readTotals();
  if ("kind" in totals) return notShown(totals);
  const { redis, purgeBoundSeconds } = source;
  const info = redis && (await readDatabaseInfo(redis, "metrics"));
  const text = prometheusText({
    totals,
    info: info?.kind === "answered" ? info.value : null,
    build: { version, purgeBoundSeconds },
  });
  return new Response(text, {
    headers: { "content-type": textFormatType, "cache-control": "no-store" },
  });
}

function notShown({ why, mend, isLasting }: Unavailable): Response {
  const what = "No metrics were shown.";
  return isLasting === true
    ? toldError(404, { code: "no-metrics", what, why, mend })
    : toldError(503, { code: "unavailable", what, why, mend });
}

// GET /_cache/metrics: the total counts of all isolates, for Prometheus or as JSON.
import type { RedisClient } from "../../remote/redis/redis-client.ts";
import type { Reports } from "../../observe/reports/reports.ts";
import {
  boundsSeconds,
  type FamilyHead,
  scrapeAnswer,
  type ScrapeData,
  scraped,
  scrapedInfo,
} from "../../observe/reports/scrape.ts";
import { isoOf } from "../../base/iso-date.ts";
import { version } from "../../version.ts";
import type { OperatorAnswer } from "../../protocol/answers.ts";
import { quoted } from "../../protocol/purge-order.ts";
import { errorsOf, jsonAnswer } from "../../admin/json-answers.ts";
import type { OpenPart } from "../../admin/part-contents.ts";

/** The sources of a scrape. */
export interface MetricsSource {
  readonly readTotals: Reports["readTotals"];
  /** The database for `INFO`; `undefined` without one. */
  readonly redis: Pick<RedisClient, "look"> | undefined;
  /** N of the purge bound. */
  readonly purgeBoundSeconds: number;
  readonly parts: readonly Pick<OpenPart, "look">[];
  readonly nowAtMs: () => number;
}

const formats = ["prometheus", "json"];

/**
 * Answers `GET /_cache/metrics`. The cost is a read of the totals and one `INFO`; for JSON, and on Node,
 * also a report of this isolate.
 *
 * @returns 200 with Prometheus' text format 0.0.4, or with JSON for `?format=json` and for clients
 *   that accept only JSON; 400 for another format; 404 if this deployment has no totals; 503 if the
 *   totals cannot be read now
 */
export async function metricsRoute(request: Request, source: MetricsSource): Promise<Response> {
  const format = formatOf(request);
  if (!formats.includes(format)) return noSuchFormat(format);
  // People read the JSON, and expect to see the requests that they have just sent.
  const totals = await source.readTotals({ reportsFirst: format === "json" });
  if ("kind" in totals) {
    const { isLasting } = totals;
    return isLasting ? refused(404, "no-metrics", totals) : refused(503, "unavailable", totals);
  }
  const { redis, purgeBoundSeconds, parts, nowAtMs } = source;
  const looks = await Promise.all(parts.flatMap((part) => part.look?.() ?? []));
  const shown = {
    totals,
    info: await scrapedInfo(redis),
    build: { version, purgeBoundSeconds },
    ofParts: looks.flatMap((look) => look.gauges),
  };
  if (format === "json")
    return jsonAnswer(metricsAnswer(shown, nowAtMs()) satisfies OperatorAnswer<"metrics">);
  return scrapeAnswer(shown);
}

/**
 * Returns the format. A scraper's `Accept` may allow anything, so JSON needs an explicit request.
 */
function formatOf({ url, headers }: Request): string {
  const format = new URL(url).searchParams.get("format");
  if (format !== null) return format;
  const accept = headers.get("accept")?.toLowerCase() ?? "";
  return /^(?=.*application\/json)(?!.*text\/|.*openmetrics|.*\*\/\*)/.test(accept)
    ? "json"
    : "prometheus";
}

const refused = errorsOf("No metrics were shown.");

function noSuchFormat(format: string): Response {
  const hint = `Write format=${formats.join(" or ")}, or leave it out.`;
  return refused(400, "malformed", { why: `${quoted(format)} is not a format.`, hint });
}

/** Returns counters, gauges and histograms. */
function metricsAnswer(shown: ScrapeData, atMs: number) {
  const { counted, current } = scraped(shown);
  return {
    startedAt: isoOf(shown.totals.startedAtMs),
    at: isoOf(atMs),
    counters: counted.flatMap((one) => ("samples" in one ? one.samples.map(named(one.head)) : [])),
    gauges: current.flatMap(({ head, samples }) => samples.map(named(head))),
    boundsSeconds,
    histograms: counted.flatMap((one) =>
      "distributions" in one ? one.distributions.map(named(one.head)) : [],
    ),
  };
}

type LabelsByName = Readonly<Record<string, string>>;

/** Returns a function that adds the family's name to a sample, and names its labels. */
function named({ name, labels: names }: FamilyHead) {
  return <Data extends { readonly labels: readonly string[] }>({ labels, ...rest }: Data) => {
    const byName: LabelsByName = Object.fromEntries(
      names.map((label, at) => [label, labels[at] ?? ""]),
    );
    return { name, labels: byName, ...rest };
  };
}

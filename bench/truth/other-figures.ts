// Figures that do not come from the rows of the load: requests to the origin, Redis commands,
// purges, reports, and response times.
import { quantile } from "../load/figures.ts";
import type { Figure } from "./figure.ts";
import { reportedFigures } from "./reported.ts";
import type { OriginRow } from "./origin-process.ts";
import type { TruthRun } from "./run.ts";
import { bucketIn, bucketOfQuantile, type Labels, type Scraped } from "./scraped.ts";
import { behindMs, cutCount, isUntold, lateCount } from "./untold.ts";

export function otherFigures(run: TruthRun, scraped: Scraped): Figure[] {
  return [
    ...originFigures(run, scraped),
    ...commandFigures(run, scraped),
    ...purgeFigures(run, scraped),
    ...reportFigures(run, scraped),
    ...reportedFigures(run.reports, scraped),
    ...(isWhole(run) ? timeFigures(run, scraped) : []),
  ];
}

/** Returns whether no isolate was killed. */
const isWhole = ({ lives }: TruthRun): boolean =>
  lives.every(({ untilMs }) => untilMs === Infinity);

function originFigures(run: TruthRun, scraped: Scraped): Figure[] {
  const { origin, lives } = run;
  const of = (group: string, what: string, told: number, rows: readonly OriginRow[]): Figure => {
    const isLost = ({ colo, atMs, tookMs }: OriginRow) =>
      isUntold({ colo }, { atMs: atMs + tookMs, laterMs: behindMs }, lives);
    const min = rows.length - rows.filter(isLost).length;
    return { group, what, told, counted: rows.length, min, max: rows.length };
  };
  const all = scraped.sum("tidemark_origin_requests_total");
  const byKey = Map.groupBy(origin, ({ route, status }) => `${route}|${classOf(status)}`);
  return [
    of("requests to the origin", "all", all, origin),
    ...[...byKey].map(([key, rows]) => {
      const [route = "", klass = ""] = key.split("|");
      const told = scraped.sum("tidemark_origin_responses_total", { route, class: klass });
      return of("responses of the origin, by route and class", key, told, rows);
    }),
  ];
}

const classOf = (status: number): string => `${Math.floor(status / 100)}xx`;

/**
 * The purposes of writes to the shared tier. Only the Worker knows whether a record is new or
 * unchanged, so both are compared together.
 */
const written = ["fill", "freshening"];

/**
 * The purposes of commands that check free memory. A scrape also sends INFO, but after the last
 * report.
 */
const room = ["database information", "ballast", "room"];

/**
 * An upper bound of the number of commands in one request. Three commands read a lease, and two
 * read a purge back.
 */
const commandsOfRequestMax = 4;

function commandFigures({ commands, lives }: TruthRun, scraped: Scraped): Figure[] {
  const metric = "tidemark_redis_commands_total";
  const uses = new Set(commands.flatMap(({ sent }) => Object.keys(sent)));
  const purposes = new Set([...uses, ...scraped.valuesOf(metric, "purpose")]);
  const joint = [written, room];
  const single = [...purposes].filter((use) => !joint.some((names) => names.includes(use)));
  const groups = [...joint, ...single.map((use) => [use])];
  // The Worker counts a request that timed out, even if Redis never received it.
  const unsure = scraped.sum("tidemark_redis_failures_total") * commandsOfRequestMax;
  const mayLack = lives.some(({ untilMs }) => untilMs < Infinity);
  return groups.flatMap((names) => {
    const sumOf = (of: "told" | "sent"): number => {
      const counts = commands.map((each): Readonly<Record<string, number>> => each[of]);
      return counts
        .flatMap((each) => names.map((name) => each[name] ?? 0))
        .reduce((sum, count) => sum + count, 0);
    };
    const told = names.reduce((sum, purpose) => sum + scraped.sum(metric, { purpose }), 0);
    const [min, sent] = [sumOf("told"), sumOf("sent")];
    if (told + sent === 0) return [];
    // No report contains the isolate's commands after its last report.
    const counted = mayLack ? sent : min;
    const max = counted + unsure;
    return [
      {
        group: "Redis commands, by purpose",
        what: names.join(" and "),
        told,
        counted,
        min,
        max,
      },
    ];
  });
}

function purgeFigures(run: TruthRun, scraped: Scraped): Figure[] {
  const accepted = run.purges.filter(({ status }) => status === 200);
  const untold = accepted.filter((purge) =>
    isUntold(purge, { atMs: purge.endedAtMs, laterMs: 0 }, run.lives),
  ).length;
  const counted = accepted.length;
  // A purge whose connection broke may have been accepted.
  const broken = run.purges.filter(({ status }) => status === 0).length;
  const told = scraped.sum("tidemark_purges_total");
  return [
    { group: "purges", what: "all", told, counted, min: counted - untold, max: counted + broken },
  ];
}

function reportFigures(run: TruthRun, scraped: Scraped): Figure[] {
  const { lives, rows } = run;
  const taken = lives.reduce(
    (sum, life) => life.tellings.reduce((of, { reports }) => of + reports, sum),
    0,
  );
  const told = scraped.sum("tidemark_reports_total");
  const lost = scraped.sum("tidemark_reports_lost_total");
  const exactly = (what: string, told1: number, counted: number): Figure => {
    return { group: "reports", what, told: told1, counted, min: counted, max: counted };
  };
  const unanswered = rows.filter(({ status }) => status === 0).length;
  const cut = cutCount({ rows, lives });
  return [
    exactly("taken", told, taken),
    exactly("lost", lost, 0),
    exactly("later than stated", lateCount(run), 0),
    // While colos restart, they refuse connections, so this figure is only checked without kills.
    ...(cut === 0 ? [exactly("requests without an answer", unanswered, 0)] : []),
  ];
}

const share = 0.99;
/** The smallest number of samples for which the 99th percentile is compared. */
const samplesMin = 200;
/**
 * The results whose responses waited for the origin. Clients cannot measure faster responses
 * precisely enough.
 */
const waited = ["stored", "validated", "forwarded", "passed", "collapsed"];

/**
 * Compares the bucket of the 99th percentile in the metrics with the bucket measured outside the
 * Worker.
 */
function timeFigures({ origin, rows }: TruthRun, scraped: Scraped): Figure[] {
  const ofOrigin = [...Map.groupBy(origin, ({ route }) => route)].map(([route, own]) => {
    const tookMs = own.map((row) => row.tookMs);
    return timeFigure(scraped, {
      metric: "tidemark_origin_seconds",
      labels: { route },
      what: route,
      tookMs,
    });
  });
  const ofAnswers = waited.map((result) => {
    const tookMs = rows
      .filter((row) => row.result === result && row.status !== 0)
      .map((row) => row.headTookMs);
    return timeFigure(scraped, {
      metric: "tidemark_response_seconds",
      labels: { result },
      what: result,
      tookMs,
    });
  });
  return [...ofOrigin, ...ofAnswers].flat();
}

function timeFigure(
  scraped: Scraped,
  of: { metric: string; labels: Labels; what: string; tookMs: readonly number[] },
): Figure[] {
  const { metric, labels, what, tookMs } = of;
  if (tookMs.length < samplesMin) return [];
  const buckets = scraped.buckets(metric, labels);
  const told = bucketOfQuantile(buckets, share);
  const counted = bucketIn(buckets, quantile(tookMs, share) / 1_000);
  const group = `bucket of the 99th percentile of ${metric}`;
  return [{ group, what, told, counted, min: counted - 1, max: counted + 1 }];
}

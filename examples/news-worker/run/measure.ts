// `npm run measure`: measures this site with Tidemark and without any cache, and prints tables.
//   npm run measure -- [--seconds 60]
import { parseArgs } from "node:util";
import { upstash } from "../../../bench/cost/prices.ts";
import {
  counted,
  machineSaid,
  markdownTable,
  percent,
  quantile,
} from "../../../bench/load/figures.ts";
import { crowd, type Crowd, publications, reads, type Reads, tiers } from "./measured.ts";
import { type NewsSettings, type NewsSite, startNewsSite } from "./news-site.ts";

const perSecond = 50;
const publicationCount = 12;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
  },
});
const seconds = Number(values.seconds);
const machine = machineSaid();

async function onSite<Result>(
  settings: NewsSettings,
  work: (site: NewsSite) => Promise<Result>,
): Promise<Result> {
  const site = await startNewsSite({ ...settings, onLog: () => undefined });
  return work(site).finally(() => site.stop());
}

const latencies = await onSite({}, tiers);
const cached = await onSite({}, (site) => reads(site, { seconds, perSecond }));
const uncached = await onSite({ isUncached: true }, (site) =>
  reads(site, { seconds: 15, perSecond: 20 }),
);
const crowds = {
  cached: await onSite({}, crowd),
  uncached: await onSite({ isUncached: true }, crowd),
};
const seenMs = await onSite({}, (site) => publications(site, publicationCount));

const ms = (value: number): string => `${value.toFixed(1)} ms`;

function tierTable(): string {
  const rows = latencies.map(({ tier, tookMs }) => {
    const share = (cached.byTier.get(tier) ?? 0) / cached.readCount;
    return [tier, percent(share), ms(quantile(tookMs, 0.5)), ms(quantile(tookMs, 0.95))];
  });
  return markdownTable(
    [
      "answered by",
      "share of the reads",
      "median of the latency",
      "95th percentile of the latency",
    ],
    rows,
  );
}

function siteTable(): string {
  return markdownTable(
    ["", "with Tidemark", "without a cache"],
    [
      ["reads that the application did not have to answer", offload(cached), offload(uncached)],
      ["queries of the database for 1,000 reads", perThousand(cached), perThousand(uncached)],
      [
        `queries when ${crowds.cached.askedCount} readers request an uncached article at the same time`,
        queries(crowds.cached),
        queries(crowds.uncached),
      ],
      [
        "median time from the editor's click until every colo shows the update",
        seen(0.5),
        "at once",
      ],
      [`longest of ${publicationCount} such times`, seen(1), "at once"],
      ["Redis commands for a million reads", counted(commands(cached)), "none"],
      ["price of these commands", dollars(cached), "none"],
    ],
  );
}

const offload = ({ readCount, byTier }: Reads): string =>
  percent(1 - (byTier.get("the application") ?? 0) / readCount);
const perThousand = ({ queryCount, readCount }: Reads): string =>
  counted((queryCount / readCount) * 1_000);
const queries = ({ queryCount }: Crowd): string => counted(queryCount);
const commands = ({ commandCount, readCount }: Reads): number => (commandCount / readCount) * 1e6;
const dollars = (of: Reads): string =>
  `$${((commands(of) / 1e6) * upstash.commands.dollarsAMillion).toFixed(2)}`;
const seen = (share: number): string => `${(quantile(seenMs, share) / 1_000).toFixed(1)} s`;

const text = `Node ${process.versions.node}, ${machine}; two colos, Redis and the database on one machine, so the
latencies include no distance. The clients sent ${counted(cached.readCount)} reads of 66 pages in ${seconds} s, by Zipf's law (exponent 1),
half of them to each colo. An article is updated every 10 s. The cache is empty at first. Each colo has one
isolate; with several isolates, the edge answers a part of the reads that memory answers here.

${tierTable()}
${siteTable()}`;
process.stdout.write(text);

// The newest purges, and how far each has spread over the colos: how many colos' views include it.
import { Table, ageOf } from "../chart/elements.tsx";
import type { JournalEntry } from "../../../protocol/answers.ts";
import type { DashboardTotals } from "../port/ports.ts";

interface JournalProps {
  /** The oldest entry first. */
  readonly entries: readonly JournalEntry[];
  readonly totals: DashboardTotals | undefined;
  readonly visibleWithinSeconds: number;
  readonly atMs: number;
}

interface ColoView {
  readonly colo: string;
  readonly reportedAtMs: number;
  /** When the view that the colo reported was read. */
  readonly readAtMs: number | undefined;
  readonly lagMs: number | null;
}

export function Journal({ entries, totals, visibleWithinSeconds, atMs }: JournalProps) {
  const views = Array.from(totals?.colos ?? [], ([colo, state]): ColoView => {
    const { atMs: reportedAtMs, viewAgeMs, lagMs } = state;
    return {
      colo,
      reportedAtMs,
      lagMs,
      readAtMs: viewAgeMs === null ? undefined : reportedAtMs - viewAgeMs,
    };
  });
  return (
    <section>
      <h2>Purges</h2>
      <p class="quiet">
        A purge takes effect in every colo within {visibleWithinSeconds} s of its acceptance, also
        in colos that have not reported since. A bar shows the colos whose newest report proves that
        they read it. To purge, run <code>npx tidemark purge</code>.
      </p>
      <Table
        caption="The newest entries of the journal"
        heads={["Accepted (UTC)", "Spread", "Targets", "Mode", "By", "Reason"]}
        rows={entries
          .toReversed()
          .map((entry) => [
            entry.at === null ? "–" : dayAndTime(entry.at),
            <Spread entry={entry} views={views} {...{ visibleWithinSeconds, atMs }} />,
            targetsOf(entry),
            entry.mode,
            entry.by,
            entry.reason || "–",
          ])}
        none="The journal has no entry."
      />
      <h2>Views of the colos</h2>
      <Table
        caption="The purge view of each colo, from its newest report"
        heads={["Colo", "Age at report", "Reported", "Last purge read after"]}
        rows={views.map(({ colo, reportedAtMs, readAtMs, lagMs }) => [
          colo || "unnamed",
          readAtMs === undefined ? "no view" : ageOf(reportedAtMs - readAtMs),
          `${ageOf(atMs - reportedAtMs)} ago`,
          lagMs === null ? "–" : `${(lagMs / 1_000).toFixed(1)} s`,
        ])}
        none="No colo has reported in the last day."
      />
    </section>
  );
}

const dayAndTime = (iso: string): string => `${iso.slice(5, 10)} ${iso.slice(11, 19)}`;

interface SpreadProps {
  readonly visibleWithinSeconds: number;
  readonly atMs: number;
  readonly entry: JournalEntry;
  readonly views: readonly ColoView[];
}

function Spread({ entry, views, visibleWithinSeconds, atMs }: SpreadProps) {
  const acceptedAtMs = entry.at === null ? Infinity : Date.parse(entry.at);
  const isDue = atMs - acceptedAtMs >= visibleWithinSeconds * 1_000;
  const read = views.filter(({ readAtMs }) => readAtMs !== undefined && readAtMs >= acceptedAtMs);
  const share = views.length === 0 ? 0 : read.length / views.length;
  const left = Math.ceil(visibleWithinSeconds - (atMs - acceptedAtMs) / 1_000);
  const text = isDue ? `${visibleWithinSeconds} s have passed` : `in all colos within ${left} s`;
  return (
    <span class="spread">
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="whole" width="100" height="10" />
        <rect class="part" width={Math.round(share * 100)} height="10" />
      </svg>
      {text}; {read.length} of {views.length} colos reported since
    </span>
  );
}

const targetKinds = ["tags", "urls", "prefixes", "hosts", "routes", "groups", "releases"] as const;
const shownMax = 5;

function targetsOf(entry: JournalEntry): string {
  if (entry.everything === true) return "everything";
  if (entry.bypass !== undefined) return `switch: ${JSON.stringify(entry.bypass)}`;
  const texts = targetKinds.flatMap((kind) =>
    (entry[kind] ?? []).map((name) => `${kind}: ${name}`),
  );
  const left = texts.length - shownMax;
  return [...texts.slice(0, shownMax), ...(left > 0 ? [`and ${left} more`] : [])].join(", ") || "–";
}

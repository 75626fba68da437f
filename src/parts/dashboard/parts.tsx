// The parts of the page. Each asks the operator's routes, so the page decides nothing itself.
import type { Child } from "hono/jsx";
import type { HtmlEscapedString } from "hono/utils/html";
import type { AnswerName, OperatorAnswer } from "../../protocol/answers.ts";
import type { ViewName } from "./page/shell.tsx";
import { Data } from "./panel/data.tsx";
import { Explained, ExplainForm, explainQuery } from "./panel/explain.tsx";
import { Health, PathRates } from "./panel/health.tsx";
import { Journal } from "./panel/journal.tsx";
import { type Notice, NoticeBox } from "./chart/elements.tsx";
import { Switch } from "./panel/switch.tsx";
import { Tiers } from "./panel/tiers.tsx";
import { Traffic } from "./panel/traffic.tsx";
import type { DashboardPorts, DashboardTotals } from "./port/ports.ts";

interface Ports extends DashboardPorts {
  /** Reads one of the operator's routes, with the credentials of the operator's own request. */
  readonly ask: (path: string) => Promise<Response>;
  /** Reads the fields of a form. */
  readonly form: () => Promise<URLSearchParams | { readonly why: string; readonly hint: string }>;
}

/** Returns the content of a part; `undefined` if there is none of this name. */
export async function partOf(
  method: string,
  name: string,
  ports: Ports,
): Promise<HtmlEscapedString | undefined> {
  const parts = method === "POST" ? forms : method === "GET" ? viewParts : {};
  return Object.hasOwn(parts, name) ? parts[name]?.(ports) : undefined;
}

type Part = (ports: Ports) => Promise<HtmlEscapedString>;

/** An element, whose text is escaped. */
export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

const viewParts: Readonly<Record<string, Part>> = {
  async overview(ports) {
    const [health, totals] = await Promise.all([
      answerOf<"health">(ports, "/health"),
      ports.readTotals(),
    ]);
    return (
      <Live>
        {shownIf(health, (found) => (
          <Health health={found} />
        ))}
        {shownIf(totals, (found) => (
          <Traffic totals={found} span="hour" atMs={ports.nowAtMs()} />
        ))}
        {shownIf(health, (found) => (
          <PathRates hitRates={found.hitRates} />
        ))}
      </Live>
    );
  },
  async week(ports) {
    return (
      <Live>
        {shownIf(await ports.readTotals(), (totals) => (
          <Traffic totals={totals} span="week" atMs={ports.nowAtMs()} />
        ))}
      </Live>
    );
  },
  async tiers(ports) {
    const [stats, metrics, totals] = await Promise.all([
      answerOf<"stats">(ports, "/stats"),
      answerOf<"metrics">(ports, "/metrics?format=json"),
      ports.readTotals(),
    ]);
    const { memoryBytesMax } = ports;
    const gauges = "why" in metrics ? [] : metrics.gauges;
    return (
      <Live>
        {"why" in totals && <NoticeBox {...noTotals(totals)} />}
        {shownIf(stats, (found) => (
          <Tiers
            stats={found}
            totals={knownTotals(totals)}
            atMs={ports.nowAtMs()}
            {...{ gauges, memoryBytesMax }}
          />
        ))}
      </Live>
    );
  },
  async purges(ports) {
    const [journal, totals] = await Promise.all([
      answerOf<"journal">(ports, "/journal?last=20"),
      ports.readTotals(),
    ]);
    const { visibleWithinSeconds, nowAtMs } = ports;
    return (
      <Live>
        {"why" in totals && <NoticeBox {...noTotals(totals)} />}
        {shownIf(journal, ({ entries }) => (
          <Journal
            totals={knownTotals(totals)}
            atMs={nowAtMs()}
            {...{ entries, visibleWithinSeconds }}
          />
        ))}
      </Live>
    );
  },
  async data(ports) {
    return (
      <Live>
        {shownIf(await ports.readTotals(), (totals) => (
          <Data totals={totals} sets={ports.sets()} atMs={ports.nowAtMs()} />
        ))}
      </Live>
    );
  },
  explain: async () => <ExplainForm />,
  async switch(ports) {
    const state = await answerOf<"switch">(ports, "/switch");
    return (
      <Live>
        {shownIf(state, (found) => (
          <Switch state={found} />
        ))}
      </Live>
    );
  },
} satisfies Record<ViewName, Part>;

const forms: Readonly<Record<string, Part>> = {
  async explain(ports) {
    const fields = await ports.form();
    if (!(fields instanceof URLSearchParams)) return <NoticeBox {...fields} />;
    const answer = await ports.ask(`/explain?${explainQuery(fields)}`);
    return answer.ok ? (
      <Explained explanation={await answer.json()} />
    ) : (
      <NoticeBox {...await faultOf(answer)} />
    );
  },
};

/** A part that the page renews while it is visible. */
function Live({ children }: { readonly children?: Child }) {
  return <div data-live="">{children}</div>;
}

/** Shows an answer, or why there is none. */
function shownIf<Answer extends object>(
  answer: Answer,
  show: (answer: Exclude<Answer, Notice>) => Markup,
): Markup {
  return "why" in answer ? (
    <NoticeBox {...(answer as unknown as Notice)} />
  ) : (
    show(answer as Exclude<Answer, Notice>)
  );
}

const knownTotals = (totals: DashboardTotals | Notice): DashboardTotals | undefined =>
  "why" in totals ? undefined : totals;

const noTotals = (reason: Notice): Notice => ({
  ...reason,
  what: "The counts of all isolates cannot be shown.",
});

/** Asks a route. Its answers have the form that `OperatorAnswer` says. */
async function answerOf<Name extends AnswerName>(
  { ask }: Ports,
  path: string,
): Promise<OperatorAnswer<Name> | Notice> {
  const answer = await ask(path);
  const body = (await answer.clone().json()) as object;
  return "error" in body ? faultOf(answer) : (body as OperatorAnswer<Name>);
}

async function faultOf(answer: Response): Promise<Notice> {
  const { error } = (await answer.json()) as { readonly error: Required<Notice> };
  return { what: error.what, why: error.why, hint: error.hint };
}

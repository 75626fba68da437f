// The second part of doctor: checks the operator's routes of a site.
import type { AnswerName, OperatorAnswer } from "../../../../../src/protocol/answers.ts";
import { CommandError } from "../../command-error.ts";
import type { ChosenSite } from "../../site/chosen-site.ts";
import type { SiteClient } from "../../site/site-client.ts";
import { type DoctorFinding, type Examination, unreachable } from "../finding.ts";
import { worded } from "../../texts/findings.ts";
import { trafficFindings } from "./traffic-findings.ts";
import { hookVariable } from "../../../../../src/protocol/variables/secret-variables.ts";
import { countsBy } from "../../stats/series.ts";

export type SiteExamination = Examination & {
  /** Whether the site accepts the token. */
  readonly isOperator: boolean;
  /** Whether the site explains requests that have a token. */
  readonly explains: boolean;
};

/** @param client for a site with a token */
export async function examineSite(client: SiteClient): Promise<SiteExamination> {
  const health = await answer(client, "healthOrStatus", { accepts: [503] });
  if (health instanceof CommandError) return withoutHealth(health, client.site.origin);
  if (!("findings" in health)) return withoutOperate(health.status);
  const stats = await answer(client, "stats");
  const metrics = await answer(client, "metrics", { query: { format: "json" } });
  const routes = stats instanceof CommandError ? [] : stats.configuredRoutes;
  const hooks = stats instanceof CommandError ? [] : (stats.configuredHooks ?? []);
  const ofJournal =
    stats instanceof CommandError ? { findings: [], lookedAt: [] } : journalFindings(stats);
  const hasMetrics = !(metrics instanceof CommandError);
  const journal =
    hooks.length === 0
      ? undefined
      : await answer(client, "journal", { query: { last: String(entriesSearched) } });
  const ofHooks =
    journal === undefined || journal instanceof CommandError
      ? { findings: [], lookedAt: [] }
      : hookFindings(client.site, hooks, hasMetrics ? metrics : undefined, journal);
  return {
    findings: [
      // A newer site may have other codes.
      ...(health.findings.map(worded) as DoctorFinding[]),
      ...ofJournal.findings,
      ...(hasMetrics ? trafficFindings(metrics, routes) : []),
      ...ofHooks.findings,
    ],
    lookedAt: [
      `${client.site.origin} as its operator (colo ${health.colo || "unknown"}): health${stats instanceof CommandError ? "" : ", stats"}${hasMetrics ? ", metrics" : ""}`,
      ...ofJournal.lookedAt,
      ...ofHooks.lookedAt,
    ],
    notLookedAt: [
      ...health.notLookedAt,
      ...(stats instanceof CommandError ? [`The stats of the site: ${stats.fault.why}`] : []),
      ...(journal instanceof CommandError ? [`The hooks of webhooks: ${journal.fault.why}`] : []),
      ...(hasMetrics ? [] : [`The metrics of the site: ${metrics.fault.why}`]),
    ],
    isOperator: true,
    explains: true,
  };
}

function withoutOperate(status: string): SiteExamination {
  const why = `The operator's routes: the Worker was created without operate. Its status is ${status}.`;
  return { findings: [], lookedAt: [], notLookedAt: [why], isOperator: true, explains: false };
}

/** Returns the route's answer, or the error. */
async function answer<Name extends AnswerName>(
  client: SiteClient,
  route: Name,
  call: Parameters<SiteClient["json"]>[1] = {},
): Promise<OperatorAnswer<Name> | CommandError> {
  try {
    return await client.json(route, call);
  } catch (cause) {
    if (cause instanceof CommandError && cause.code !== "interrupted") return cause;
    throw cause;
  }
}

function withoutHealth(refusal: CommandError, origin: string): SiteExamination {
  const { code, fault } = refusal;
  const notLookedAt = [`The operator's routes: ${fault.why}`];
  const nothing = { lookedAt: [], notLookedAt, isOperator: false, explains: false };
  if (code === "unreachable") {
    const found = { ...unreachable(fault.what, fault.why), remedy: fault.hint };
    return { ...nothing, findings: [found] };
  }
  const isOfToken = code === "unauthorized" || code === "not-usable";
  const finding: DoctorFinding = {
    code: isOfToken ? "token-refused" : "not-tidemark",
    level: isOfToken ? "warning" : "critical",
    what: isOfToken
      ? code === "unauthorized"
        ? "The site rejected this token."
        : "The ADMIN_TOKEN of the site is unusable."
      : `Something other than Tidemark answers at ${origin}, or Tidemark has no ADMIN_TOKEN there.`,
    cause: fault.why,
    remedy: fault.hint,
  };
  return { ...nothing, findings: [finding] };
}

/** Within a continent, a round trip rarely takes longer. */
const farMs = 100;

/** Reports a far journal only as info, because one call may also have waited for other reasons. */
function journalFindings({
  journal,
  colo,
}: OperatorAnswer<"stats">): Pick<Examination, "findings" | "lookedAt"> {
  const roundTripMs = typeof journal === "object" ? journal.roundTripMs : undefined;
  if (roundTripMs === undefined) return { findings: [], lookedAt: [] };
  const what = "Purges, and the first requests of each isolate, wait for a slow journal.";
  const cause = `A call from colo ${colo || "unknown"} took ${roundTripMs} ms: the journal is far away, or busy.`;
  const remedy =
    'Repeat the check. Redis can be moved. A Durable Object never moves: docs/stores.md, "Where objects are", shows how to create another one.';
  const found: DoctorFinding = { code: "journal-far", level: "info", what, cause, remedy };
  return {
    findings: roundTripMs < farMs ? [] : [found],
    lookedAt: [`The journal: a call from colo ${colo || "unknown"} took ${roundTripMs} ms`],
  };
}

/** The number of journal entries to search. */
const entriesSearched = 128;

const worked = ["purged", "ignored"];

/**
 * @param metrics `undefined` for a site without metrics of all isolates, where only the journal
 *   shows a webhook
 * @param entries the newest entries of the journal
 */
export function hookFindings(
  site: Place,
  hooks: readonly string[],
  metrics: OperatorAnswer<"metrics"> | undefined,
  { entries }: OperatorAnswer<"journal">,
): Pick<Examination, "findings" | "lookedAt"> {
  const reports = hooks.map((hook) => {
    const results = metrics ? countsBy(metrics, "webhooks", "result", { hook }) : [];
    const last = entries.findLast(({ by }) => by === `hook:${hook}`);
    return { hook, results, last };
  });
  return {
    findings: reports.flatMap(({ hook, results, last }) =>
      metrics !== undefined &&
      last === undefined &&
      !results.some(({ value }) => worked.includes(value))
        ? withoutSuccess(site, hook, results)
        : [],
    ),
    lookedAt: reports.map(({ hook, results, last }) => {
      const when = last?.at ?? `none in the newest ${entriesSearched} entries of the journal`;
      const counts = results.map(({ value, count }) => `${count} ${value}`).join(", ");
      const none = metrics ? "no webhook counted yet" : "this site has no counts of all isolates";
      const counted = counts === "" ? none : `webhooks: ${counts}`;
      return `the hook ${JSON.stringify(hook)}: last purge ${when}; ${counted}`;
    }),
  };
}

const fixes: Readonly<Record<string, { readonly cause: string; readonly remedy: string }>> = {
  signature: {
    cause: "The requests have no signature of this sender, or another secret made it.",
    remedy:
      "Use the function of this sender in the configuration, and the same secret on both sides.",
  },
  timestamp: {
    cause: "The time in the requests is more than the tolerance away from the site's.",
    remedy: "Set the sender's clock by NTP. If it repeats old webhooks, change something instead.",
  },
  "mapping-failed": {
    cause: "The mapping threw, or did not return a purge.",
    remedy: "Look for lines of the event hook in the log, fix the mapping, and deploy.",
  },
  "too-large": {
    cause: "The body of the requests is over maxBytes.",
    remedy: "Let the sender send fewer fields, or raise maxBytes of this hook.",
  },
};

type Place = Pick<ChosenSite, "origin" | "operatorPath">;

function withoutSuccess(
  { origin, operatorPath }: Place,
  hook: string,
  results: readonly { readonly value: string; readonly count: number }[],
): DoctorFinding {
  const about = `hook ${JSON.stringify(hook)}`;
  const refusals = results.filter(({ value }) => value !== "test");
  const [most] = refusals;
  if (most === undefined) {
    return {
      code: "hook-silent",
      level: "info",
      about,
      what: "No webhook has arrived since counting began.",
      cause: "Nothing has changed at the sender, or it has another address.",
      remedy: `Give the sender the address ${origin}${operatorPath}/hooks/${hook}, and send a test from there.`,
    };
  }
  const { cause, remedy } = fixes[most.value] ?? {
    cause: `The most frequent reason is ${most.value}.`,
    remedy: `Check the sender, and ${hookVariable(hook)}.`,
  };
  const refused = refusals.reduce((sum, { count }) => sum + count, 0);
  return {
    code: "hook-refused",
    level: "warning",
    about,
    what: `All ${refused} webhooks were refused, so changes at the sender purge nothing.`,
    cause,
    remedy,
  };
}

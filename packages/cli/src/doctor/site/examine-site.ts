// The second part of doctor: checks the operator's routes of a site.
import type { AnswerName, OperatorAnswer } from "../../../../../src/protocol/answers.ts";
import type { FindingCode } from "../../../../../src/protocol/finding.ts";
import { CommandError } from "../../command-error.ts";
import type { SiteClient } from "../../site/site-client.ts";
import type { World } from "../../world.ts";
import { type DoctorFinding, type Examination, unreachable } from "../finding.ts";
import { clockFindings } from "./clock-findings.ts";
import { entriesSearched, hookFindings } from "./hook-findings.ts";
import { journalFindings } from "./journal-findings.ts";
import { notJudged, trafficFindings } from "./traffic-findings.ts";

export type SiteExamination = Examination & {
  /** Whether the site accepts the token. */
  readonly isOperator: boolean;
};

/** @param client for a site with a token */
export async function examineSite(
  client: SiteClient,
  { nowAtMs }: Pick<World, "nowAtMs">,
): Promise<SiteExamination> {
  const askedAtMs = nowAtMs();
  const health = await answer(client, "health", { accepts: [503] });
  if (health instanceof CommandError) return withoutHealth(health, client.site.origin);
  const clock = clockFindings({ at: health.at, askedAtMs, answeredAtMs: nowAtMs() });
  const stats = await answer(client, "stats");
  const metrics = await answer(client, "metrics", { query: { format: "json" } });
  const faults = stats instanceof CommandError ? [] : stats.faults;
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
      : hookFindings(hooks, hasMetrics ? metrics : undefined, journal);
  return {
    findings: [
      ...health.findings.map(({ code, level, about, what, cause, remedy }) => ({
        // A newer site may have other codes.
        code: code as FindingCode,
        level,
        ...(about === undefined ? {} : { about }),
        what,
        cause,
        remedy,
      })),
      ...ofFaults(faults),
      ...clock,
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
      ...(hasMetrics ? notJudged(metrics) : [`The metrics of the site: ${metrics.fault.why}`]),
    ],
    isOperator: true,
  };
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
  const nothing = { lookedAt: [], notLookedAt, isOperator: false };
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

/**
 * Converts faults of the stats to findings. The site's health has the same findings, unless the site has
 * another version.
 */
function ofFaults(faults: OperatorAnswer<"stats">["faults"]): DoctorFinding[] {
  return faults.map(({ what, why, hint }) => ({
    code: "configuration",
    level: "warning",
    what,
    cause: why,
    remedy: hint,
  }));
}

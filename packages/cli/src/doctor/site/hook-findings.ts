// Reports the last purge of each webhook hook, and hooks that refuse their webhooks or get none.
import type { OperatorAnswer } from "../../../../../src/protocol/answers.ts";
import { hookVariable } from "../../../../../src/protocol/variables/hook-secrets.ts";
import { countsBy } from "../../stats/series.ts";
import type { DoctorFinding, Examination } from "../finding.ts";

/** The number of journal entries to search. */
export const entriesSearched = 128;

const worked = ["purged", "ignored"];

/**
 * @param metrics `undefined` for a site without metrics of all isolates, where only the journal
 *   shows a webhook
 * @param entries the newest entries of the journal
 */
export function hookFindings(
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
        ? withoutSuccess(hook, results)
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

function withoutSuccess(
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
      remedy: `Give the sender the address https://your.site/_cache/hooks/${hook}, and send a test from there.`,
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

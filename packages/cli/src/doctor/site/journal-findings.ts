// Judges the distance of the journal, which the site has measured with one call.
import type { OperatorAnswer } from "../../../../../src/protocol/answers.ts";
import type { DoctorFinding, Examination } from "../finding.ts";

/** Within a continent, a round trip rarely takes longer. */
const farMs = 100;

/** Reports a far journal only as info, because one call may also have waited for other reasons. */
export function journalFindings({
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

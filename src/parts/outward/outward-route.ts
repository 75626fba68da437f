// GET and POST /_cache/outward: shows the targets of outward purges, and delivers to one or skips it.
import { isoOf } from "../../base/iso-date.ts";
import { jsonIn } from "../../base/json-text.ts";
import type { Reason } from "../../base/operator-error.ts";
import { dataIn } from "../../base/schemas.ts";
import type { Outward } from "./create-outward.ts";
import type { TargetReport } from "./port/outward-target.ts";
import type { OperatorAnswer } from "../../protocol/answers.ts";
import { outwardOrder } from "../../protocol/operator-orders.ts";
import type { Unavailable } from "../../purge/journal/journal.ts";
import { bodyUpTo } from "../../admin/access/request-body.ts";
import { quoted } from "../../protocol/purge-order.ts";
import { errorsOf, journalAway, jsonAnswer } from "../../admin/json-answers.ts";

type TargetAnswer = OperatorAnswer<"outward">["targets"][number];

const orderBytesMax = 1_024;

/** The targets, or the reason why there is no journal. */
type Targets = Outward | Reason;

/** Answers `GET /_cache/outward`. @returns 200 with the state of each target, or 503 without a journal */
export async function outwardState(outward: Targets, atMs: number): Promise<Response> {
  if ("why" in outward) return refused(503, "unavailable", outward);
  const reports = await outward.reports();
  const targets = reports.map(([name, report]) => targetAnswer(name, report, atMs));
  const dueAfterSeconds = outward.dueAfterMs / 1_000;
  return jsonAnswer({ targets, dueAfterSeconds } satisfies OperatorAnswer<"outward">);
}

function targetAnswer(
  name: string,
  report: TargetReport | Unavailable,
  atMs: number,
): TargetAnswer {
  if (report.kind === "unavailable") {
    return { target: name, journal: journalAway(report, "send the request again") };
  }
  const { cursor, reset, waitingCount, waitingSinceAtMs, failures, lastSuccessAtMs } = report;
  return {
    target: name,
    cursor: cursor ?? null,
    waiting: waitingCount,
    lagSeconds: lagSecondsOf(waitingSinceAtMs, atMs),
    reset: reset ?? null,
    failing:
      failures === undefined
        ? null
        : {
            outcome: failures.outcome,
            status: failures.status,
            times: failures.count,
            since: isoOf(failures.sinceAtMs),
            nextTry: isoOf(failures.nextTryAtMs),
          },
    lastDelivery: isoOf(lastSuccessAtMs),
  };
}

/** Returns the age of the oldest purge that a target has not confirmed; 0 without one. */
export function lagSecondsOf(waitingSinceAtMs: number | undefined, atMs: number): number {
  return waitingSinceAtMs === undefined ? 0 : Math.max(0, (atMs - waitingSinceAtMs) / 1_000);
}

/**
 * Answers `POST /_cache/outward`, whose body is `{"target": "…", "do": "deliver" | "skip"}`.
 *
 * @returns 200 with the result and the state; 400, 408, 413 or 503 with an error
 */
export async function outwardRoute(
  request: Request,
  outward: Targets,
  atMs: () => number,
): Promise<Response> {
  const bytes = await bodyUpTo(request, { bytesMax: orderBytesMax, hintOfLarge: example });
  if ("why" in bytes) return refused(bytes.status, bytes.code, bytes);
  const order = dataIn(outwardOrder, jsonIn(new TextDecoder().decode(bytes)));
  if (order === undefined) return refused(400, "malformed", malformed);
  if ("why" in outward) return refused(503, "unavailable", outward);
  if (!outward.targets.includes(order.target)) {
    return refused(400, "unknown-target", unknownTarget(order.target, outward.targets));
  }
  const result =
    order.do === "deliver"
      ? await outward.deliver(order.target)
      : (await outward.skip(order.target))?.kind;
  if (result === undefined || result === "unavailable") {
    const away = journalAway({ kind: "unavailable" }, "send it again");
    return unsure(503, "unavailable", away);
  }
  const reports = await outward.reports();
  const targets = reports
    .filter(([name]) => name === order.target)
    .map(([name, report]) => targetAnswer(name, report, atMs()));
  const dueAfterSeconds = outward.dueAfterMs / 1_000;
  return jsonAnswer({ result, targets, dueAfterSeconds } satisfies OperatorAnswer<"outward">);
}

const refused = errorsOf("Nothing was delivered or skipped.");
const unsure = errorsOf("It is unknown what was delivered or skipped.");

const example = 'Send {"target": "edge", "do": "deliver"}, or "skip" in place of "deliver".';

const malformed: Reason = {
  why: 'The body is not an object with "target" and "do".',
  hint: example,
};

function unknownTarget(name: string, targets: readonly string[]): Reason {
  const why = `The configuration has no target ${quoted(name)}.`;
  return { why, hint: `Name one of: ${targets.map(quoted).join(", ")}.` };
}

// Opens outward purges in an isolate: the schedule, the operator's routes, and the state of the targets.
import type { OpenPart, PartHost, PartLook } from "../../admin/part-contents.ts";
import { createOutward, type Outward } from "./create-outward.ts";
import { outwardBehind } from "./outward-findings.ts";
import { lagSecondsOf, outwardRoute, outwardState } from "./outward-route.ts";
import type { OutwardTarget } from "./port/outward-target.ts";

export function openOutward(
  host: PartHost,
  written: Readonly<Record<string, OutwardTarget>>,
): OpenPart {
  const { env, site } = host;
  const targets = Object.entries(written).flatMap(([name, { servers, open }]) =>
    servers.map((server) => open(name, env, server)),
  );
  const created = createOutward(host, new Map(targets.map((target) => [target.name, target])));
  const outward = created ?? host.cache.whyNoJournal;
  return {
    faults: targets.flatMap(({ faults }) => faults),
    addTo: (admin, { forBearer }) => {
      admin.get("/outward", forBearer, () => outwardState(outward, site.nowAtMs()));
      admin.post("/outward", forBearer, ({ req }) => outwardRoute(req.raw, outward, site.nowAtMs));
    },
    ...(created && {
      needsCron: true,
      runCron: created.runCron,
      look: () => lookAt(created, site.nowAtMs),
    }),
  };
}

/** Reads the state of all targets. */
async function lookAt(outward: Outward, nowAtMs: () => number): Promise<PartLook> {
  const reports = await outward.reports();
  const atMs = nowAtMs();
  const read = reports.flatMap(([name, report]) =>
    report.kind === "report" ? [[name, report] as const] : [],
  );
  const unread = reports.flatMap(([name, { kind }]) => (kind === "report" ? [] : name));
  return {
    findings: outwardBehind(reports, outward.dueAfterMs, atMs),
    notLookedAt: unread.map(
      (name) => `The target ${JSON.stringify(name)} of outward purges. The journal did not answer.`,
    ),
    gauges: [
      {
        kind: "gauge",
        name: "tidemark_outward_lag_seconds",
        help: "Age of the oldest purge that a target of outward purges has not confirmed; 0 without one",
        labels: ["target"],
        samples: read.map(([name, { waitingSinceAtMs }]) => ({
          labels: [name],
          value: lagSecondsOf(waitingSinceAtMs, atMs),
        })),
      },
    ],
  };
}

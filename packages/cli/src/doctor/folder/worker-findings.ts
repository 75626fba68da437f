// Findings about the Worker of a deployment: its file, its compatibility date, and caches in front of it.
import type { DoctorFinding } from "../finding.ts";
import { aboutOf, type Deployment } from "./deployment.ts";
import type { FolderRead } from "./folder-read.ts";

/** Tidemark is not tested with compatibility dates before this one. */
const oldDate = "2025-01-01";

export function workerFindings(deployment: Deployment, read: FolderRead): DoctorFinding[] {
  return [mainMissing(deployment, read), dateFindings(deployment), workersCache(deployment)].flat();
}

function mainMissing(deployment: Deployment, { mainTexts }: FolderRead): DoctorFinding | [] {
  const { main } = deployment;
  if (main !== undefined && mainTexts.has(main)) return [];
  return {
    code: "main-missing",
    level: "critical",
    ...aboutOf(deployment),
    what: "The Worker cannot be deployed.",
    cause:
      main === undefined
        ? "The wrangler file has no main."
        : `main is ${JSON.stringify(main)}, and there is no such file.`,
    remedy: "Set main to the file that exports the Worker, such as src/worker.ts.",
  };
}

function dateFindings(deployment: Deployment): DoctorFinding | [] {
  const { compatibilityDate: date } = deployment;
  const isDate = date !== undefined && /^\d{4}-\d\d-\d\d$/.test(date);
  if (isDate && date >= oldDate) return [];
  return {
    code: "compatibility-date",
    level: "warning",
    ...aboutOf(deployment),
    what: isDate
      ? "The Worker runs with old behavior of the platform."
      : "Without a valid date, the Worker's platform behavior is undefined.",
    cause:
      date === undefined
        ? "compatibility_date is not set."
        : isDate
          ? `compatibility_date is ${date}. Tidemark is not tested with dates before ${oldDate}.`
          : `compatibility_date is ${JSON.stringify(date)}, which is not a date such as 2026-11-01.`,
    remedy: "Set compatibility_date to a recent day, such as 2026-11-01, and test the site.",
  };
}

function workersCache(deployment: Deployment): DoctorFinding | [] {
  if (!deployment.hasWorkersCache) return [];
  return {
    code: "workers-cache",
    level: "critical",
    ...aboutOf(deployment),
    what: "Purges do not work: a hit in Workers Cache never reaches Tidemark.",
    cause: "cache.enabled is true in the wrangler file.",
    remedy: "Set it to false or remove it, and deploy.",
  };
}

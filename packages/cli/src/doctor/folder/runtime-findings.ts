// Findings about settings of Cloudflare's runtime: a cache in front of the Worker, compatibility, placement, logs and
// traces.
import { textOf } from "../../../../../src/protocol/variables/bindings.ts";
import { noStoreFault, tableOf } from "../../wrangler/wrangler-file.ts";
import type { DoctorFinding } from "../finding.ts";
import { aboutOf, type Deployment, fits, hostOf, type FolderRead } from "./read-folder.ts";
import { doesNotStart, hasOriginInCode } from "./worker-findings.ts";

export function runtimeFindings(deployment: Deployment, read: FolderRead): DoctorFinding[] {
  return [
    workersCache(deployment),
    dateTooOld(deployment),
    handlersCannotRun(deployment, read),
    fetchIsPublic(deployment),
    isPlaced(deployment),
    recordsRequests(deployment),
  ].flat();
}

/** Detects Workers Cache, which answers before the Worker runs, and gets no purge of Tidemark. */
function workersCache(deployment: Deployment): DoctorFinding[] {
  const { cachedEntrypoints } = deployment;
  return [...cachedEntrypoints].map(([name, setting]) =>
    Object.assign(
      { code: "workers-cache", cause: `${setting} is true in the wrangler file.` } as const,
      name === "default" ? inFrontOfPages : inFrontOf(name),
      aboutOf(deployment),
    ),
  );
}

const inFrontOfPages = {
  level: "critical",
  what: "Purges do not work, and clients may get pages for other cookies or hosts: a hit in Workers Cache never reaches Tidemark.",
  remedy:
    'Set it to false, and deploy. To keep the cache for other entrypoints, write "exports": { "default": { "type": "worker", "cache": { "enabled": false } } }.',
} as const;

const inFrontOf = (name: string) =>
  ({
    level: "info",
    what: `Workers Cache answers for the entrypoint ${JSON.stringify(name)}. No purge of Tidemark reaches it.`,
    remedy: "Nothing, unless its fetch() calls Tidemark: then turn the cache off there, too.",
  }) as const;

function dateTooOld(deployment: Deployment): DoctorFinding | [] {
  const fault = noStoreFault(deployment);
  if (fault === undefined) return [];
  const { what, why: cause, hint: remedy } = fault;
  return { code: "date-too-old", level: "critical", ...aboutOf(deployment), what, cause, remedy };
}

/** The date from which `nodejs_compat` is the default. */
const compatFrom = "2026-08-04";

/** Detects a Worker whose handlers have no context without a client: src/base/neutral-context.ts. */
function handlersCannotRun(deployment: Deployment, read: FolderRead): DoctorFinding | [] {
  const { date, flags } = deployment;
  const has = date !== undefined && date >= compatFrom && !flags.includes("no_nodejs_compat");
  if (has || flags.includes("nodejs_compat") || !hasOriginInCode(deployment, read)) return [];
  return {
    code: "flag-missing",
    level: "critical",
    ...aboutOf(deployment),
    what: doesNotStart,
    cause: `Handlers in the Worker need nodejs_compat, the default only from compatibility_date ${compatFrom}.`,
    remedy: `Set compatibility_date to "${compatFrom}" or later, or add "compatibility_flags": ["nodejs_compat"].`,
  };
}

const publicFlag = "global_fetch_strictly_public";

/** Detects requests to an origin behind a route of the same zone that would come back to the Worker. */
function fetchIsPublic(deployment: Deployment): DoctorFinding | [] {
  const { flags, places, services, vars } = deployment;
  const url = textOf(vars, "ORIGIN_URL");
  const isBound = services.some(({ binding }) => binding === "ORIGIN");
  const routes = places.filter(({ isCustomDomain }) => !isCustomDomain);
  const isAtDomain = places.length > 0 && routes.length === 0;
  if (!flags.includes(publicFlag) || url === undefined || isBound || isAtDomain) return [];
  const host = URL.parse(url)?.hostname;
  const own = routes.find((route) => host !== undefined && fits(hostOf(route), host));
  return {
    code: "flag-forbidden",
    level: own === undefined ? "warning" : "critical",
    ...aboutOf(deployment),
    what:
      own === undefined
        ? "With a route, the Worker may send requests to itself instead of to the origin: they end with 508."
        : "The Worker sends requests to itself instead of to the origin: they end with 508.",
    cause: `compatibility_flags has ${publicFlag}${own === undefined ? "" : `, and the route ${JSON.stringify(own.pattern)} covers the host of ORIGIN_URL`}.`,
    remedy: `Remove ${publicFlag}, or use a custom domain instead of a route.`,
  };
}

/** Detects Smart Placement, and placement at a region or a host. */
function isPlaced(deployment: Deployment): DoctorFinding | [] {
  const { placement } = deployment;
  const written = Object.entries(placement).map(
    ([key, value]) => `${key} ${JSON.stringify(value)}`,
  );
  if (written.length === 0 || placement["mode"] === "off") return [];
  return {
    code: "placement-set",
    level: "warning",
    ...aboutOf(deployment),
    what: "Each request may travel to a data center far from its visitor, also if the cache has the page.",
    cause: `placement has ${written.join(", ")}.`,
    remedy: "Remove placement from the wrangler file.",
  };
}

/** Detects an invocation log and traces of each request. */
function recordsRequests(deployment: Deployment): DoctorFinding[] {
  const { observability } = deployment;
  const [logs, traces] = [tableOf(observability["logs"]), tableOf(observability["traces"])];
  const isOn = observability["enabled"] === true;
  const areLogsOn = logs["enabled"] === true || (isOn && logs["enabled"] !== false);
  const shared = { level: "warning", ...aboutOf(deployment) } as const;
  const isLogged = areLogsOn && logs["invocation_logs"] !== false;
  const isTraced = traces["enabled"] === true || (isOn && traces["enabled"] !== false);
  const found: (DoctorFinding | false)[] = [
    isLogged && {
      ...shared,
      code: "requests-logged",
      what: "Cloudflare bills an invocation log for each request, for twice the price of the request.",
      cause: "observability.logs.invocation_logs is not false.",
      remedy: `Write "logs": { "enabled": true, "invocation_logs": false } under observability.`,
    },
    isTraced && {
      ...shared,
      code: "requests-traced",
      what: "Cloudflare bills each span of a trace like a line of the log.",
      cause:
        traces["enabled"] === true
          ? "observability.traces.enabled is true."
          : "observability.enabled also turns on traces from a later compatibility_date, and traces.enabled is not set.",
      remedy: 'Write "traces": { "enabled": false } under observability.',
    },
  ];
  return found.filter((one) => one !== false);
}

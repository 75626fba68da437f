// Findings about the Worker of a deployment: its file and date, caches in front of it, and the
// addresses of the origin, the site and the Worker.
import { originUrlFault, shownUrl } from "../../../../../src/protocol/variables/origin-url.ts";
import {
  isSet,
  textOf,
  namespaceOf,
  siteHostsOf,
} from "../../../../../src/protocol/variables/bindings.ts";
import { faultOf } from "../../../../../src/protocol/fault.ts";
import type { DoctorFinding } from "../finding.ts";
import { aboutOf, type Deployment, fits, hostOf, type FolderRead } from "./read-folder.ts";

export function addressFindings(deployment: Deployment, read: FolderRead): DoctorFinding[] {
  return [
    originFindings(deployment, read),
    siteHost(deployment, read),
    namespace(deployment),
    secondAddresses(deployment),
  ].flat();
}

/** Returns whether the Worker's code seems to set the origin, which makes ORIGIN_URL optional. */
function hasOriginInCode({ main }: Deployment, { mainTexts }: FolderRead): boolean {
  const text = mainTexts.get(main ?? "") ?? "";
  return /tidemark\/hono|\borigins\s*[:,}]/.test(text);
}

function originFindings(deployment: Deployment, read: FolderRead): DoctorFinding | DoctorFinding[] {
  const { vars, services } = deployment;
  const hasBinding = services.some(({ binding }) => binding === "ORIGIN");
  if (hasBinding) return [];
  const url = textOf(vars, "ORIGIN_URL");
  if (url === undefined) {
    const isElsewhere = read.secretFiles.some(
      ({ name, secrets }) => name.startsWith("secrets.") && isSet(secrets ?? {}, "ORIGIN_URL"),
    );
    return isElsewhere || hasOriginInCode(deployment, read) ? [] : originMissing(deployment);
  }
  const fault = originUrlFault(url);
  if (fault !== undefined) {
    return {
      code: "origin-wrong",
      level: "critical",
      ...aboutOf(deployment),
      what: doesNotStart,
      cause: `ORIGIN_URL is invalid: ${shownUrl(url)} ${fault}.`,
      remedy: "Write only scheme and host, such as https://origin.example.com.",
    };
  }
  const { hostname } = new URL(url);
  return [
    ofTheExample(deployment, url),
    ofThisMachine(deployment, hostname),
    leadsBack(deployment, hostname),
  ].flat();
}

function originMissing(deployment: Deployment): DoctorFinding {
  const { environment } = deployment;
  const repeat =
    "An environment does not inherit vars and bindings: repeat them in the environment.";
  return {
    code: "origin-missing",
    level: "critical",
    ...aboutOf(deployment),
    what: doesNotStart,
    cause: "Neither ORIGIN_URL nor a service binding ORIGIN is set.",
    remedy: `Set ORIGIN_URL under vars to the address of your site's server.${environment === undefined ? "" : ` ${repeat}`}`,
  };
}

/** Hosts that are reserved for examples (RFC 2606 §3). */
const reservedHost = /(?:^|\.)example\.(?:com|net|org)$/;

function ofTheExample(deployment: Deployment, url: string): DoctorFinding | [] {
  const { hostname } = new URL(url);
  if (!reservedHost.test(hostname)) return [];
  return {
    code: "origin-wrong",
    level: "warning",
    ...aboutOf(deployment),
    what: "ORIGIN_URL is still the placeholder.",
    cause: `ORIGIN_URL is ${shownUrl(url)}, as in the example.`,
    remedy: "Set ORIGIN_URL to the address of your site's server.",
  };
}

/** Loopback and private addresses (RFC 6890 §2.2), which only reach this machine or its network. */
const localHost =
  /^(?:localhost|127\.[\d.]+|10\.[\d.]+|192\.168\.[\d.]+|172\.(?:1[6-9]|2\d|3[01])\.[\d.]+|\[(?:::1|f[cd][\da-f:]+)\])$/;

function ofThisMachine(deployment: Deployment, hostname: string): DoctorFinding | [] {
  if (deployment.places.length === 0 || !localHost.test(hostname)) return [];
  return {
    code: "origin-wrong",
    level: "warning",
    ...aboutOf(deployment),
    what: "Cloudflare cannot reach the origin.",
    cause: `ORIGIN_URL has the host ${JSON.stringify(hostname)}, which is an address of this machine or its network.`,
    remedy: "Set ORIGIN_URL to a public address of your site's server.",
  };
}

function leadsBack(deployment: Deployment, originHost: string): DoctorFinding | [] {
  const { places, flags } = deployment;
  const isOfOrigin = (place: Deployment["places"][number]) => fits(hostOf(place), originHost);
  const domain = places.find((place) => place.isCustomDomain && isOfOrigin(place));
  const route = places.find((place) => !place.isCustomDomain && isOfOrigin(place));
  const about = aboutOf(deployment);
  if (domain !== undefined) {
    return {
      code: "origin-is-self",
      level: "critical",
      ...about,
      what: "The Worker sends requests to itself: they end with 508.",
      cause: `ORIGIN_URL has the host ${JSON.stringify(originHost)}, which is a custom domain of the Worker.`,
      remedy:
        "Give the origin a name of its own, such as origin.example.com; or use a route instead of the custom domain.",
    };
  }
  if (route === undefined || !flags.includes("global_fetch_strictly_public")) return [];
  return {
    code: "strict-fetch-flag",
    level: "critical",
    ...about,
    what: "The Worker sends requests to itself: they end with 508.",
    cause: `The flag global_fetch_strictly_public sends a fetch of ${JSON.stringify(originHost)} through the route ${JSON.stringify(route.pattern)} again.`,
    remedy: "Remove the flag from compatibility_flags.",
  };
}

/** Hides passwords, because somebody may have written a URL instead of a host. */
function withoutPassword(written: string): string {
  return written.replaceAll(/[^"\s/,]*@/g, "…@");
}

function siteHost(deployment: Deployment, { configuration }: FolderRead): DoctorFinding | [] {
  const { vars } = deployment;
  const about = aboutOf(deployment);
  if (isRefused(() => siteHostsOf(vars))) {
    return {
      code: "site-host-wrong",
      level: "critical",
      ...about,
      what: doesNotStart,
      cause: `SITE_HOST is ${withoutPassword(JSON.stringify(vars["SITE_HOST"]))}, which contains text other than hosts.`,
      remedy: "Write only the host, such as www.example.com. Separate several hosts with spaces.",
    };
  }
  const usesHotKeys = /\bhotKeys\s*:\s*[1-9]/.test(configuration ?? "");
  if (!usesHotKeys || isSet(vars, "SITE_HOST")) return [];
  return {
    code: "site-host-missing",
    level: "warning",
    ...about,
    what: "No key is kept warm: hotKeys is off.",
    cause: "The configuration has hotKeys, and SITE_HOST is not set.",
    remedy: "Set SITE_HOST under vars to the host of the site, or remove hotKeys.",
  };
}

function namespace(deployment: Deployment): DoctorFinding | [] {
  const { vars } = deployment;
  if (!isRefused(() => namespaceOf(vars))) return [];
  return {
    code: "namespace-wrong",
    level: "critical",
    ...aboutOf(deployment),
    what: doesNotStart,
    cause: `NAMESPACE is ${JSON.stringify(vars["NAMESPACE"])}, which is not 1 to 64 letters, digits, dots, dashes or underscores.`,
    remedy: "Write a valid name, such as staging, or remove NAMESPACE to use the configuration's.",
  };
}

const doesNotStart = "The Worker does not start: every request gets 500.";

function isRefused(read: () => unknown): boolean {
  try {
    read();
    return false;
  } catch (cause) {
    if (faultOf(cause) !== undefined) return true;
    throw cause;
  }
}

function secondAddresses(deployment: Deployment): DoctorFinding | DoctorFinding[] {
  const { places, workersDev, previewUrls } = deployment;
  const about = aboutOf(deployment);
  if (places.length === 0) {
    // With workers_dev = false, the route was probably added in the dashboard.
    if (workersDev === false) return [];
    return {
      code: "no-route",
      level: "info",
      ...about,
      what: "The Worker has only its workers.dev address, which has no edge tier.",
      cause: "The wrangler file has no routes.",
      remedy:
        "Before the launch, give the Worker a route or a custom domain, and set workers_dev and preview_urls to false.",
    };
  }
  return [
    ...(workersDev === true ? [secondAddress("workers-dev", "workers_dev", about)] : []),
    ...(previewUrls === true ? [secondAddress("preview-urls", "preview_urls", about)] : []),
  ];
}

function secondAddress(
  code: "workers-dev" | "preview-urls",
  key: string,
  about: { about?: string },
): DoctorFinding {
  return {
    code,
    level: "warning",
    ...about,
    what: "The site has a second address at workers.dev. Search engines find it, and the zone's firewall does not protect it.",
    cause: `${key} is true, and the Worker has routes.`,
    remedy: `Set ${key} to false, and deploy.`,
  };
}

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

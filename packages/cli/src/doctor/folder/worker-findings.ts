// Findings about the Worker of a deployment: the address of its origin, its stores, and its own second addresses.
import { originUrlFault, shownUrl } from "../../../../../src/protocol/variables/origin-url.ts";
import type { Fault } from "../../../../../src/protocol/fault.ts";
import { isSet, siteHostsOf, textOf } from "../../../../../src/protocol/variables/bindings.ts";
import { type DoctorFinding, localHost } from "../finding.ts";
import { aboutOf, type Deployment, fits, hostOf, type FolderRead } from "./read-folder.ts";

export function workerFindings(deployment: Deployment, read: FolderRead): DoctorFinding[] {
  return [
    originFindings(deployment, read),
    siteHostWrong(deployment),
    storesMissing(deployment, read),
    secondAddresses(deployment),
  ].flat();
}

/** Returns whether the Worker's code seems to set the origin, which makes ORIGIN_URL optional. */
export function hasOriginInCode({ main }: Deployment, { mainTexts }: FolderRead): boolean {
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

function siteHostWrong(deployment: Deployment): DoctorFinding | [] {
  try {
    siteHostsOf(deployment.vars);
    return [];
  } catch (cause) {
    const { why, hint } = (cause as { readonly fault: Fault }).fault;
    const what = doesNotStart;
    const about = aboutOf(deployment);
    return {
      code: "site-host-wrong",
      level: "critical",
      ...about,
      what,
      cause: `SITE_HOST: ${why}`,
      remedy: hint,
    };
  }
}

/** Hosts that are reserved for examples (RFC 2606 §3). */
const reservedHost = /(?:^|\.)example\.(?:com|net|org)$/;

function ofTheExample(deployment: Deployment, url: string): DoctorFinding | [] {
  const { hostname } = new URL(url);
  if (!reservedHost.test(hostname)) return [];
  return {
    code: "origin-placeholder",
    level: "warning",
    ...aboutOf(deployment),
    what: "ORIGIN_URL is still the placeholder.",
    cause: `ORIGIN_URL is ${shownUrl(url)}, as in the example.`,
    remedy: "Set ORIGIN_URL to the address of your site's server.",
  };
}

function ofThisMachine(deployment: Deployment, hostname: string): DoctorFinding | [] {
  if (!localHost.test(hostname)) return [];
  return {
    code: "origin-wrong",
    level: "warning",
    ...aboutOf(deployment),
    what: "Cloudflare cannot reach the origin.",
    cause: `ORIGIN_URL has the host ${JSON.stringify(hostname)}, which is an address of this machine or its network.`,
    remedy:
      "Set ORIGIN_URL to a public address of your site's server. For wrangler dev, write a local one into .dev.vars.",
  };
}

function leadsBack(deployment: Deployment, originHost: string): DoctorFinding | [] {
  const domain = deployment.places.find(
    (place) => place.isCustomDomain && fits(hostOf(place), originHost),
  );
  if (domain === undefined) return [];
  return {
    code: "origin-is-self",
    level: "critical",
    ...aboutOf(deployment),
    what: "The Worker sends requests to itself: they end with 508.",
    cause: `ORIGIN_URL has the host ${JSON.stringify(originHost)}, which is a custom domain of the Worker.`,
    remedy:
      "Give the origin a name of its own, such as origin.example.com; or use a route instead of the custom domain.",
  };
}

/** Detects a data cache whose purges are refused. */
function storesMissing(deployment: Deployment, { mainTexts }: FolderRead): DoctorFinding | [] {
  const text = mainTexts.get(deployment.main ?? "") ?? "";
  const hasData = /\b(?:tidemark|createWorker)\([^;]*\bdata\b/.test(text);
  if (!hasData || /\bstores\b/.test(text)) return [];
  return {
    code: "stores-missing",
    level: "warning",
    ...aboutOf(deployment),
    what: "Purges are refused, also those of the data cache.",
    cause: `${deployment.main} has a data cache, and passes no stores.`,
    remedy: "Pass stores, such as durableObjects() with its bindings, or upstash().",
  };
}

export const doesNotStart = "The Worker does not start: every request gets 500.";

function secondAddresses(deployment: Deployment): DoctorFinding | DoctorFinding[] {
  const { places, workersDev, previewUrls } = deployment;
  const about = aboutOf(deployment);
  if (places.length === 0) return [];
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

// Exports of `tidemark/probe`: verifies on the site's own network that purges hold within N.
import type { Site } from "../../pages/site/site.ts";
import { durationSeconds } from "../../config/duration.ts";
import { isWithinMs } from "../../base/elapsed.ts";
import { type Fault, OperatorError } from "../../base/operator-error.ts";
import type { OpenPart } from "../../admin/open-part.ts";
import type { PartContents } from "../../part/contents.ts";
import type { SitePart } from "../../part/port/part.ts";
import { LastProbes, purgeLate, probeRoute, refused, ProbeWatch } from "./probe-watch.ts";
import { type ProbeWorker, ProbedPages } from "./probed-pages.ts";

/** The options of a purge probe. */
export interface ProbeOptions {
  /**
   * The time between two probes, in whole minutes, from `"1m"` to `"1d"`, and at least twice N.
   * Default: `"5m"`.
   */
  readonly every?: string | undefined;
  /**
   * Paths of the site to purge and read, at most ten. Default: a canary, which costs the origin
   * nothing.
   */
  readonly paths?: readonly string[] | undefined;
}

const minuteMs = 60_000;
/** The cron trigger may run some seconds early or late. */
const cronSlackMs = 30_000;
const pathsMax = 10;

/**
 * Creates a purge probe. The cron trigger purges a canary, and isolates with traffic check that the
 * purged version does not answer later than N.
 *
 * @throws OperatorError that names each fault of the options
 * @example
 * export default defineConfig({ parts: [operate(), purgeProbe({ every: "5m" })], routes: […] });
 */
export function purgeProbe(options: ProbeOptions = {}): SitePart {
  const { every = "5m", paths = [], ...others } = options;
  const everyMs = (durationSeconds(every) ?? 0) * 1_000;
  const isMinutes = everyMs % minuteMs === 0 && everyMs > 0 && everyMs <= 1_440 * minuteMs;
  const found = [
    ...Object.keys(others).map((name) => `${JSON.stringify(name)} is not an option.`),
    !isMinutes && 'every is not whole minutes from "1m" to "1d", such as "5m".',
    !arePaths(paths) && `paths is not a list of up to ${pathsMax} paths, such as ["/news"].`,
  ].filter((fault) => fault !== false);
  if (found.length > 0) {
    throw new OperatorError({
      what: "The purge probe has invalid options.",
      why: found.join(" "),
      hint: "Fix the options of purgeProbe in your configuration, such as tidemark.config.ts.",
    });
  }
  const contents: PartContents = { open: (host) => openProbe(host, everyMs, paths) };
  return { kind: "site", name: "purgeProbe", needs: ["operate"], contents };
}

function arePaths(paths: unknown): boolean {
  const isPath = (path: unknown) => typeof path === "string" && /^\/[^#*\s]*$/.test(path);
  return Array.isArray(paths) && paths.length <= pathsMax && paths.every(isPath);
}

function openProbe(worker: ProbeWorker, configuredMs: number, paths: readonly string[]): OpenPart {
  const { site, cache } = worker;
  const pages = new ProbedPages(site, paths);
  const { purging } = cache;
  if (purging === undefined) return offProbe(lacksJournal);
  const fault = faultOf(pages, site);
  if (fault !== undefined) return offProbe(fault);
  const lagMsMax = site.config.purge.visibleWithinSeconds * 1_000;
  // Two probes must not be in progress at once.
  const everyMs = Math.max(configuredMs, Math.ceil((2 * lagMsMax) / minuteMs) * minuteMs);
  const lastProbes = new LastProbes(purging.subscribers);
  const watch = new ProbeWatch({ ...worker, pages, lastProbes, everyMs, lagMsMax });
  return {
    attend: (...occasion) => watch.attend(...occasion),
    addTo: (admin, { forBearer }) =>
      admin.get("/probe", forBearer, ({ req, executionCtx }) =>
        probeRoute(req.raw, executionCtx, { ...worker, pages }),
      ),
    needsCron: true,
    findings: (seen) => purgeLate(seen, watch.lateSinceAtMs),
    async runCron(background) {
      const read = await lastProbes.read();
      const atMs = site.nowAtMs();
      if (read === "unavailable") return;
      const { last, version } = read;
      if (last && isWithinMs(everyMs - cronSlackMs, last.acceptedAtMs, atMs)) return;
      const named = {
        mode: "hard",
        by: "probe",
        reason: "purge probe",
        targets: pages.targets,
      } as const;
      const requester = { atMs, afterAnswer: cache.behind(background) };
      const accepted = await purging.acceptances.accept({ ...named, ...unsigned }, requester);
      if (accepted.kind !== "accepted") return;
      await lastProbes.replace(version, accepted.position);
    },
  };
}

/** No sender signs the purge. */
const unsigned = { id: "", bodyDigest: "" };

const what = "The purge probe is off.";

const lacksJournal: Fault = {
  what,
  why: "There is no journal, so there are no purges to verify.",
  hint: "Pass stores: upstash(), and set UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN; on Node, pass redis(connection); or remove purgeProbe() from the configuration.",
};

function faultOf(pages: ProbedPages, { siteHosts }: Site): Fault | undefined {
  const { reservedPath, hasPaths } = pages;
  if (hasPaths && siteHosts.length === 0) {
    const why = "SITE_HOST is not set, so the host of its paths is unknown.";
    return { what, why, hint: "Set SITE_HOST, or remove paths from purgeProbe." };
  }
  if (reservedPath === undefined) return undefined;
  const why = `${reservedPath} is a path of the operator.`;
  return { what, why, hint: "Name a page of the site in paths of purgeProbe." };
}

function offProbe(fault: Fault): OpenPart {
  return {
    faults: [fault],
    addTo: (admin, { forBearer }) =>
      admin.get("/probe", forBearer, () => refused(503, "probe-off", fault)),
    needsCron: true,
  };
}

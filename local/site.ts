// A complete local site: an origin, the shared tier, and the Worker in one or more colos.
import { randomBytes, randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OperatorError } from "../src/base/operator-error.ts";
import { type Colo, type ColoSettings, type Replacement, startColo } from "./colo.ts";
import { startCron } from "./cron.ts";
import { startEmbeddedValkey } from "./embedded-valkey.ts";
import { refuseExit } from "./load-config.ts";
import { type BuiltProject, buildProject, type Project } from "./run/project.ts";
import { Running } from "./running.ts";
import type { StartOptions } from "./start-options.ts";
import { startUpstashRestServer, type UpstashRestServer } from "./upstash-rest-server.ts";

export interface Secret {
  readonly value: string;
  /** The source of the secret. The shell wins over the project. A generated secret must be shown. */
  readonly from: "shell" | "project" | "generated";
}

export interface Site {
  readonly colos: readonly Colo[];
  readonly operatorPath: string;
  readonly hasDashboard: boolean;
  /** `undefined` if the Worker needs no origin. */
  readonly originUrl: string | undefined;
  /** Whether the origin is the demo site. */
  readonly isDemo: boolean;
  /** The shared tier's database; `undefined` without Redis. */
  readonly rest: UpstashRestServer | undefined;
  readonly secrets: { readonly ADMIN_TOKEN: Secret; readonly PURGE_SECRET: Secret };
  /**
   * Replaces the Worker of each colo, with the same ports and Redis. @throws OperatorError; the old
   * Worker then continues
   */
  replace(project: Project): Promise<void>;
  stop(): Promise<void>;
}

export interface SiteSettings {
  readonly options: StartOptions;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onLog: NonNullable<ColoSettings["onLog"]>;
  readonly onRequest: NonNullable<ColoSettings["onRequest"]>;
  /** Starts a demo origin if none is specified. */
  readonly startOrigin?: (site: {
    siteUrl: string;
  }) => Promise<{ url: string; stop(): Promise<void> }>;
}

/**
 * Starts the components in the order of their dependencies.
 *
 * @throws OperatorError for faults that an operator can fix, after stopping all components
 */
export async function startSite(project: Project, settings: SiteSettings): Promise<Site> {
  const { options, environment, startOrigin } = settings;
  const running = new Running();
  try {
    const built = await checkedBuild(project, settings);
    const rest = options.stores === "redis" ? await startDatabase(options, running) : undefined;
    const folder = join(tmpdir(), `tidemark-stores-${randomUUID()}`);
    await running.add(
      Promise.resolve({ stop: () => rm(folder, { recursive: true, force: true }) }),
    );
    const siteUrl = `http://127.0.0.1:${options.port}`;
    const isDemo = options.origin === undefined && startOrigin !== undefined;
    const own = isDemo ? (await running.add(startOrigin({ siteUrl }))).url : options.origin;
    const secretsOf = secretsBy(environment);
    const { SITE_HOST } = environment;
    const runnableOf = (
      { variables, compatibility, rateLimits = {}, r2Buckets = [], durableObjects }: Project,
      worker: string,
    ): Replacement => ({
      worker,
      compatibility,
      rateLimits,
      r2Buckets,
      ...(durableObjects && { shared: { objects: durableObjects, host: "colo-1", folder } }),
      env: {
        SITE_HOST: `127.0.0.1:${options.port}`,
        ...variables,
        ...(SITE_HOST === undefined ? {} : { SITE_HOST }),
        ...partSecretsOf(environment),
        ...(own === undefined ? {} : { ORIGIN_URL: own }),
        UPSTASH_REDIS_REST_URL: rest?.url ?? "",
        UPSTASH_REDIS_REST_TOKEN: rest?.token ?? "",
        // Use a local journal, so that purges of a local site never reach a deployed site.
        JOURNAL_REDIS_REST_URL: "",
        JOURNAL_REDIS_REST_TOKEN: "",
        ADMIN_TOKEN: secretsOf(variables).ADMIN_TOKEN.value,
        PURGE_SECRET: secretsOf(variables).PURGE_SECRET.value,
      },
    });
    const { colos, replace } = await startColos({
      first: { ...runnableOf(project, built.worker), operatorPath: built.operatorPath },
      settings,
      running,
    });
    return {
      colos,
      operatorPath: built.operatorPath,
      hasDashboard: built.hasDashboard,
      originUrl: own ?? project.variables["ORIGIN_URL"],
      isDemo,
      rest,
      secrets: secretsOf(project.variables),
      replace: async (changed) => {
        const { worker, operatorPath } = await checkedBuild(changed, settings);
        await replace({ ...runnableOf(changed, worker), operatorPath });
      },
      stop: () => running.stop(),
    };
  } catch (cause) {
    await running.stop();
    throw cause;
  }
}

async function startDatabase(options: StartOptions, running: Running): Promise<UpstashRestServer> {
  const secret = () => randomBytes(18).toString("base64url");
  const started = () => running.add(startEmbeddedValkey({ password: secret() }));
  const redisUrl = options.redis ?? (await started()).url;
  const token = secret();
  return running.add(startUpstashRestServer({ redisUrl, token }));
}

interface Runnable extends Replacement {
  readonly operatorPath: string;
}

interface ColosToStart {
  readonly first: Runnable;
  readonly settings: SiteSettings;
  readonly running: Running;
}

/** Starts the colos: first one alone, and the others after it has started without a fault. */
async function startColos({ first, settings, running }: ColosToStart) {
  const { options, onLog, onRequest } = settings;
  let hasRefused = false;
  const onLine = (text: string) => {
    hasRefused ||= text.includes('"event":"start-refused"');
  };
  const started = async (index: number) => {
    const port = options.port === 0 ? 0 : options.port + index;
    const { allowedHosts } = options;
    const named = { name: `colo-${index + 1}`, port, allowedHosts, onLog, onRequest, onLine };
    return running.add(startColo({ ...named, ...first }));
  };
  const begun = async (colo: Colo, { operatorPath, env }: Runnable) => {
    hasRefused = false;
    await colo.begin(operatorPath);
    if (hasRefused) throw refusedStart(env);
  };
  const leading = await started(0);
  const others: Colo[] = [];
  await begun(leading, first);
  for (let index = 1; index < options.colos; index += 1) others.push(await started(index));
  await running.add(Promise.resolve(startCron(leading)));
  let present = first;
  const replace = async (changed: Runnable) => {
    await leading.replaceWorker(changed);
    try {
      await begun(leading, changed);
    } catch (cause) {
      await leading.replaceWorker(present);
      throw cause;
    }
    for (const colo of others) await colo.replaceWorker(changed);
    present = changed;
  };
  return { colos: [leading, ...others], replace };
}

async function checkedBuild(project: Project, { onLog }: SiteSettings): Promise<BuiltProject> {
  const allowExit = refuseExit(project.config ?? project.main ?? "");
  const built = await buildProject(project).finally(allowExit);
  for (const note of [...project.notes, ...built.notes]) onLog(note, "warn");
  return built;
}

function refusedStart({ ORIGIN_URL }: Replacement["env"]): OperatorError {
  return ORIGIN_URL === undefined
    ? new OperatorError({
        what: "No origin is specified.",
        why: "There is neither --origin nor a variable ORIGIN_URL in the wrangler file or in .dev.vars.",
        hint: "Pass the address of your site, such as --origin http://127.0.0.1:3000.",
      })
    : new OperatorError({
        what: "The Worker does not start.",
        why: "The log lines above show the reason.",
        hint: "Fix its configuration or its variables.",
      });
}

/** Returns the secrets of parts that the shell sets, which win over those of the project. */
function partSecretsOf(environment: Texts): Record<string, string> {
  const secrets: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (/^(?:HOOK|OUTWARD)_SECRET_/.test(name) && value) secrets[name] = value;
  }
  return secrets;
}

type Texts = Readonly<Record<string, string | undefined>>;

/** Generates missing secrets once, so that they stay the same when variables change. */
function secretsBy(environment: Texts): (variables: Texts) => Site["secrets"] {
  const generated = {
    ADMIN_TOKEN: randomBytes(18).toString("base64url"),
    PURGE_SECRET: `whsec_${randomBytes(24).toString("base64")}`,
  };
  return (variables) => {
    const secret = (name: keyof typeof generated): Secret => {
      const { [name]: ofShell } = environment;
      if (ofShell) return { value: ofShell, from: "shell" };
      const { [name]: ofProject } = variables;
      if (ofProject) return { value: ofProject, from: "project" };
      return { value: generated[name], from: "generated" };
    };
    return { ADMIN_TOKEN: secret("ADMIN_TOKEN"), PURGE_SECRET: secret("PURGE_SECRET") };
  };
}

// A whole site on this machine: an origin, the shared tier, and the Worker in one or more colos.
import { randomBytes } from "node:crypto";
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
  /** Not from the environment or the project, so that it has to be shown. */
  readonly isMadeUp: boolean;
}

export interface Site {
  readonly colos: readonly Colo[];
  /** `undefined` where the Worker needs none. */
  readonly originUrl: string | undefined;
  /** Was the origin started here? */
  readonly isDemo: boolean;
  readonly redisUrl: string;
  readonly rest: UpstashRestServer;
  readonly secrets: { readonly ADMIN_TOKEN: Secret; readonly PURGE_SECRET: Secret };
  /** Colo by colo, at the same ports and with the same Redis. @throws OperatorError; then the old one goes on */
  replace(project: Project): Promise<void>;
  stop(): Promise<void>;
}

export interface SiteSettings {
  readonly options: StartOptions;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onLog: NonNullable<ColoSettings["onLog"]>;
  readonly onRequest: NonNullable<ColoSettings["onRequest"]>;
  /** Of a site of its own, where no origin is named. */
  readonly startOrigin?: (site: {
    siteUrl: string;
  }) => Promise<{ url: string; stop(): Promise<void> }>;
}

/**
 * Starts the parts in the order in which they need each other.
 *
 * @throws OperatorError for what an operator can mend; what had been started is stopped again
 */
export async function startSite(project: Project, settings: SiteSettings): Promise<Site> {
  const { options, environment, startOrigin } = settings;
  const running = new Running();
  try {
    const built = await checkedBuild(project, settings);
    const redisUrl = options.redis ?? (await running.add(startEmbeddedValkey())).url;
    const token = randomBytes(18).toString("base64url");
    const { rttMs, replicaLagMs } = options;
    const rest = await running.add(
      startUpstashRestServer({ redisUrl, token, rttMs, replicaLagMs }),
    );
    const siteUrl = `http://127.0.0.1:${options.port}`;
    const isDemo = options.origin === undefined && startOrigin !== undefined;
    const own = isDemo ? (await running.add(startOrigin({ siteUrl }))).url : options.origin;
    const secretsOf = secretsBy(environment);
    const { SITE_HOST } = environment;
    const runnableOf = (
      { variables, compatibility, rateLimits = {}, kvNamespaces = [] }: Project,
      worker: string,
    ) => ({
      worker,
      compatibility,
      rateLimits,
      kvNamespaces,
      env: {
        SITE_HOST: `127.0.0.1:${options.port}`,
        ...variables,
        ...(SITE_HOST === undefined ? {} : { SITE_HOST }),
        ...(own === undefined ? {} : { ORIGIN_URL: own }),
        UPSTASH_REDIS_REST_URL: rest.url,
        UPSTASH_REDIS_REST_TOKEN: token,
        // The journal is here too: no purge of a site on this machine goes to one that is deployed.
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
      originUrl: own ?? project.variables["ORIGIN_URL"],
      isDemo,
      redisUrl,
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

interface Runnable extends Replacement {
  readonly operatorPath: string;
}

interface ColosToStart {
  readonly first: Runnable;
  readonly settings: SiteSettings;
  readonly running: Running;
}

/** The first colo has to begin well before others get what it runs. */
async function startColos({ first, settings, running }: ColosToStart) {
  const { options, onLog, onRequest } = settings;
  let hasRefused = false;
  const onLine = (text: string) => {
    hasRefused ||= text.includes('"event":"start-refused"');
  };
  const started = async (index: number) => {
    const port = options.port === 0 ? 0 : options.port + index;
    const named = { name: `colo-${index + 1}`, port, onLog, onRequest, onLine };
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
        what: "No origin is named.",
        why: "There is neither --origin nor a variable ORIGIN_URL in the wrangler file or in .dev.vars.",
        mend: "Write where your site is, such as --origin http://127.0.0.1:3000.",
      })
    : new OperatorError({
        what: "The Worker does not start.",
        why: "It said why just before.",
        mend: "Mend its configuration or its variables.",
      });
}

type Texts = Readonly<Record<string, string | undefined>>;

/** What is made up is so once, whatever the project's variables come to. */
function secretsBy(environment: Texts): (variables: Texts) => Site["secrets"] {
  const madeUp = {
    ADMIN_TOKEN: randomBytes(18).toString("base64url"),
    PURGE_SECRET: `whsec_${randomBytes(24).toString("base64")}`,
  };
  return (variables) => {
    const secret = (name: keyof typeof madeUp): Secret => {
      const given = environment[name] || variables[name] || "";
      return { value: given || madeUp[name], isMadeUp: given === "" };
    };
    return { ADMIN_TOKEN: secret("ADMIN_TOKEN"), PURGE_SECRET: secret("PURGE_SECRET") };
  };
}

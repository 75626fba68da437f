// One colo: the built Worker in a workerd process of its own, listening on workerd's own socket.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { OperatorError } from "../src/base/operator-error.ts";
import { type ReadableLine, readableLog } from "./readable-log.ts";
import {
  probeField,
  type RequestTold,
  tellingModule,
  toldIn,
  workerModule,
} from "./run/request-lines.ts";

export interface Colo {
  readonly name: string;
  /** Such as "http://127.0.0.1:8787". */
  readonly url: string;
  /** Through the runtime simulator's entry Worker, which re-encodes bodies; for tests alone. */
  readonly publicUrl: string;
  /** One run of the Worker's cron trigger. @throws when the handler did not end well */
  fireCron(): Promise<void>;
  /** Runs statements in its D1 database, in one transaction. @throws for what SQLite refuses */
  runSql(statements: readonly string[]): Promise<void>;
  /** Puts another Worker in its place, at the same port and over the same Cache API. @throws as `startColo` */
  replaceWorker(replacement: Replacement): Promise<void>;
  /**
   * Has the Worker read its bindings and tell what is wrong, as its first request does, by a path of its operator;
   * with `onRequest` alone. Resolves when what it told has been heard.
   */
  begin(operatorPath: string): Promise<void>;
  stop(): Promise<void>;
}

/** What of a colo may change while it runs. */
export type Replacement = Pick<
  ColoSettings,
  "worker" | "env" | "rateLimits" | "kvNamespaces" | "compatibility"
>;

export interface RateLimitSettings {
  readonly limit: number;
  readonly periodSeconds: 10 | 60;
}

export interface ColoSettings {
  readonly name: string;
  /** One ES module. */
  readonly worker: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly host?: string;
  /** Variables and secrets, as texts. */
  readonly env: Readonly<Record<string, string>>;
  /** As its wrangler file has it; absent, that of this repository. */
  readonly compatibility?: { readonly date?: string; readonly flags?: readonly string[] };
  /** Bindings of `[[ratelimits]]`, by name. */
  readonly rateLimits?: Readonly<Record<string, RateLimitSettings>>;
  /** Bindings of `[[kv_namespaces]]`, each a namespace of this colo's own. */
  readonly kvNamespaces?: readonly string[];
  /** The folder of its Cache API: what an earlier colo left there is found. Absent, one of its own. */
  readonly keepsIn?: string;
  /** Gets what workerd says, as people read it; absent, that is printed. */
  readonly onLog?: (message: string, level: ReadableLine["level"]) => void;
  /** Gets each line as it is printed by the Worker, and so in JSON. */
  readonly onLine?: (text: string) => void;
  /** Gets what each request came to, once its head is sent. */
  readonly onRequest?: (told: RequestTold) => void;
  /** A D1 database, shared by all colos that name the same folder. */
  readonly d1?: { readonly binding: string; readonly folder: string };
  /** Where workerd's inspector listens; absent, there is none. */
  readonly inspectorPort?: number;
}

/** Both kept equal to wrangler.toml; a test compares them. */
export const compatibilityDate = "2026-11-01";
export const minutely = "* * * * *";

/** @throws OperatorError when the port is taken */
export async function startColo(settings: ColoSettings): Promise<Colo> {
  const host = settings.host ?? "127.0.0.1";
  const { port: wanted, d1, name } = settings;
  if (wanted !== 0) await freePort(wanted, host);
  const probe = randomUUID();
  const heard = new EventTarget();
  const onTold = (told: NonNullable<ReturnType<typeof toldIn>>) => {
    if (told === "probed") heard.dispatchEvent(new Event(told));
    else settings.onRequest?.({ colo: name, ...told });
  };
  const runtime = new Miniflare(optionsOf(settings, { port: wanted, probe, onTold }));
  try {
    const publicUrl = (await runtime.ready).origin;
    const port = Number((await runtime.unsafeGetDirectURL()).port);
    const url = `http://${host}:${port}`;
    let running = settings;
    const run = (wished: ColoSettings) =>
      runtime.setOptions(optionsOf(wished, { port, probe, onTold }));
    return {
      name,
      url,
      publicUrl,
      fireCron: () => fireCron(runtime),
      runSql: (statements) => runSql(runtime, d1?.binding ?? "", statements),
      replaceWorker: async (replacement) => {
        const wished = { ...settings, ...replacement };
        try {
          await run(wished);
          running = wished;
        } catch (cause) {
          await run(running);
          throw unstartable(cause);
        }
      },
      begin: async (operatorPath) => {
        const isHeard = once(heard, "probed", { signal: AbortSignal.timeout(beginMsMax) });
        const headers = { [probeField]: probe };
        const asked = fetch(`${url}${operatorPath}/`, { headers }).then((answer) => answer.text());
        await Promise.all([isHeard, asked]);
      },
      stop: () => runtime.dispose(),
    };
  } catch (cause) {
    await runtime.dispose().catch(() => undefined);
    throw settings.onRequest === undefined ? cause : unstartable(cause);
  }
}

const beginMsMax = 30_000;

interface Running {
  readonly port: number;
  readonly probe: string;
  readonly onTold: (told: NonNullable<ReturnType<typeof toldIn>>) => void;
}

function optionsOf(settings: ColoSettings, { port, probe, onTold }: Running) {
  const { host = "127.0.0.1", onLog = printed, onLine, inspectorPort, keepsIn, d1 } = settings;
  const { worker, compatibility, onRequest } = settings;
  const handleStructuredLogs = ({ message }: { message: string }) => {
    const told = onRequest && toldIn(message);
    if (told !== undefined) return onTold(told);
    onLine?.(message);
    const line = readableLog(message);
    if (line !== undefined) onLog(line.text, line.level);
  };
  const limits = Object.entries(settings.rateLimits ?? {}).map(([name, given]) => {
    const { limit, periodSeconds: period } = given;
    return [name, { namespace_id: "1", simple: { limit, period } }];
  });
  const teller = { type: "ESModule", path: "start.js", contents: tellingModule(probe) } as const;
  return {
    ...convertV4MiniflareOptions({
      host,
      port: 0,
      log: new Log(LogLevel.ERROR),
      handleStructuredLogs,
      ...(inspectorPort === undefined ? {} : { inspectorPort }),
      ...(keepsIn === undefined ? {} : { resourcePersistencePath: keepsIn }),
      workers: [
        {
          name: "tidemark",
          modules: [
            ...(onRequest === undefined ? [] : [teller]),
            { type: "ESModule", path: workerModule, contents: worker },
          ],
          compatibilityDate: compatibility?.date ?? compatibilityDate,
          compatibilityFlags: [...(compatibility?.flags ?? [])],
          bindings: { ...settings.env, COLO: settings.name },
          ratelimits: Object.fromEntries(limits),
          kvNamespaces: [...(settings.kvNamespaces ?? [])],
          ...(d1 === undefined ? {} : { d1Databases: { [d1.binding]: "shared" } }),
          unsafeDirectSockets: [{ host, port }],
        },
      ],
    }),
    ...(d1 === undefined ? {} : sharedStorage(d1.folder, settings.name)),
  };
}

/** What the runtime says of a module that throws has been printed already. */
function unstartable(cause: unknown): OperatorError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const said =
    /"message":"(?:.*?Uncaught )?((?:[^"\\]|\\[^n])*)/.exec(text)?.[1] ?? text.split("\n", 1)[0];
  return new OperatorError({
    what: "The Worker does not start.",
    why: `The runtime says: ${said}.`,
    mend: "Mend the module that throws; npx wrangler dev shows where it does.",
    cause,
  });
}

/** One process opens the database, and the others ask it; each colo has a Cache API of its own. */
function sharedStorage(folder: string, colo: string) {
  return {
    unsafeEnableSharedStorage: true,
    enableDevRegistry: true,
    unsafeDevRegistryPath: join(folder, "registry"),
    resourcePersistencePath: join(folder, "shared"),
    isolatedResourcePersistencePath: join(folder, colo),
  };
}

async function runSql(
  runtime: Miniflare,
  binding: string,
  statements: readonly string[],
): Promise<void> {
  const database = await runtime.getD1Database(binding);
  await database.batch(statements.map((statement) => database.prepare(statement)));
}

const printed = (line: string): void => void process.stderr.write(`${line}\n`);

interface ScheduledWorker {
  scheduled(event: { cron: string }): Promise<{ outcome: string }>;
}

async function fireCron(runtime: Miniflare): Promise<void> {
  // Declared as something else where the runtime's own types are not installed.
  const worker = (await runtime.getWorker()) as unknown as ScheduledWorker;
  const { outcome } = await worker.scheduled({ cron: minutely });
  if (outcome !== "ok") throw new Error(`The scheduled handler came to ${outcome}.`);
}

/** workerd reports a taken port late and obscurely, so it is tried beforehand. */
export async function freePort(wanted: number, host: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const trial = createServer();
  trial.once("error", (cause) => reject(portRefused(wanted, cause)));
  trial.listen(wanted, host, () => {
    const address = trial.address();
    const port = typeof address === "object" && address !== null ? address.port : wanted;
    trial.close(() => resolve(port));
  });
  return promise;
}

function portRefused(port: number, cause: Error): OperatorError {
  const isTaken = "code" in cause && cause.code === "EADDRINUSE";
  return new OperatorError({
    what: `Port ${port} cannot be used.`,
    why: isTaken ? "Another process listens on it." : `${cause.message}.`,
    mend: "Choose another with --port.",
    cause,
  });
}

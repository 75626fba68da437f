// One colo: the built Worker in a workerd process of its own, listening on workerd's own socket.
import { createServer } from "node:net";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { OperatorError } from "../src/operator-error.ts";
import { readableLine } from "./readable-log.ts";

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
  stop(): Promise<void>;
}

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
  /** Bindings of `[[ratelimits]]`, by name. */
  readonly rateLimits?: Readonly<Record<string, RateLimitSettings>>;
  /** The folder of its Cache API: what an earlier colo left there is found. Absent, one of its own. */
  readonly keepsIn?: string;
  /** Gets what workerd says, as people read it; absent, that is printed. */
  readonly onLog?: (message: string) => void;
  /** Gets each line as it is printed by the Worker, and so in JSON. */
  readonly onLine?: (text: string) => void;
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
  const { port: wanted, onLog, onLine, inspectorPort, keepsIn, d1 } = settings;
  if (wanted !== 0) await freePort(wanted, host);
  const handleStructuredLogs = ({ message }: { message: string }) => {
    onLine?.(message);
    const line = readableLine(message);
    if (line !== undefined) (onLog ?? printed)(line);
  };
  const limits = Object.entries(settings.rateLimits ?? {}).map(
    ([name, { limit, periodSeconds }]) => [
      name,
      { namespace_id: "1", simple: { limit, period: periodSeconds } },
    ],
  );
  const runtime = new Miniflare({
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
          modules: [{ type: "ESModule", path: "worker.js", contents: settings.worker }],
          compatibilityDate,
          bindings: { ...settings.env, COLO: settings.name },
          ratelimits: Object.fromEntries(limits),
          ...(d1 === undefined ? {} : { d1Databases: { [d1.binding]: "shared" } }),
          unsafeDirectSockets: [{ host, port: wanted }],
        },
      ],
    }),
    ...(d1 === undefined ? {} : sharedStorage(d1.folder, settings.name)),
  });
  try {
    const publicUrl = (await runtime.ready).origin;
    const { port } = await runtime.unsafeGetDirectURL();
    return {
      name: settings.name,
      url: `http://${host}:${port}`,
      publicUrl,
      fireCron: () => fireCron(runtime),
      runSql: (statements) => runSql(runtime, d1?.binding ?? "", statements),
      stop: () => runtime.dispose(),
    };
  } catch (cause) {
    await runtime.dispose().catch(() => undefined);
    throw cause;
  }
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

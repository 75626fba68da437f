// One colo: the built Worker in its own workerd process, listening on workerd's own socket.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { OperatorError } from "../src/base/operator-error.ts";
import { freePort } from "./free-port.ts";
import { type ReadableLine, readableLog } from "./readable-log.ts";
import {
  probeField,
  type RequestLine,
  tellingModule,
  toldIn,
  workerModule,
} from "./run/request-lines.ts";

export interface Colo {
  readonly name: string;
  /** An address such as "http://127.0.0.1:8787". */
  readonly url: string;
  /** The URL of Miniflare's own entry Worker, which re-encodes bodies. Only for tests. */
  readonly publicUrl: string;
  /** Runs the Worker's cron trigger once. @throws if the handler fails */
  fireCron(): Promise<void>;
  /** Runs statements in the D1 database in one transaction. @throws errors of SQLite */
  runSql(statements: readonly string[]): Promise<void>;
  /** Replaces the Worker, with the same port and Cache API. @throws as `startColo` */
  replaceWorker(replacement: Replacement): Promise<void>;
  /**
   * Requests an operator route, so that the Worker checks its bindings. Needs `onRequest`. Resolves
   * once all log lines about the bindings have arrived.
   */
  begin(operatorPath: string): Promise<void>;
  stop(): Promise<void>;
}

/** The settings that can change while a colo runs. */
export type Replacement = Pick<
  ColoSettings,
  "worker" | "modules" | "env" | "rateLimits" | "r2Buckets" | "compatibility" | "shared"
>;

export interface RateLimitSettings {
  readonly limit: number;
  readonly periodSeconds: 10 | 60;
}

export interface ColoSettings {
  readonly name: string;
  /** One ES module. */
  readonly worker: string;
  /** More ES modules, which the Worker imports, by path. */
  readonly modules?: Readonly<Record<string, string>>;
  /** 0 uses any free port. */
  readonly port: number;
  readonly host?: string;
  /** Variables and secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** The values of the wrangler file. Default: those of this repository. */
  readonly compatibility?: { readonly date?: string; readonly flags?: readonly string[] };
  /** More hosts for which a colo with `onRequest` answers. */
  readonly allowedHosts?: readonly string[];
  /** Bindings of `[[ratelimits]]`, by name. */
  readonly rateLimits?: Readonly<Record<string, RateLimitSettings>>;
  /** Bindings of `[[r2_buckets]]`. Each is a separate bucket of this colo. */
  readonly r2Buckets?: readonly string[];
  /** The folder of the Cache API, whose content persists. Default: a temporary one. */
  readonly keepsIn?: string;
  /** Receives readable log lines of workerd. Default: prints them. */
  readonly onLog?: (message: string, level: ReadableLine["level"]) => void;
  /** Receives each line that the Worker prints, which is JSON. */
  readonly onLine?: (text: string) => void;
  /**
   * Receives the result of each request once the response fields are sent. Such a colo is for people, and
   * answers only for hosts that no website can claim: addresses, `localhost`, `SITE_HOST` and `allowedHosts`.
   */
  readonly onRequest?: (line: RequestLine) => void;
  /** A D1 database, which all colos with the same folder share. */
  readonly d1?: { readonly binding: string; readonly folder: string };
  /** The storage that several colos share: Durable Objects and R2. */
  readonly shared?: {
    /** The classes of Durable Objects, by binding. Their storage is SQLite. */
    readonly objects: Readonly<Record<string, string>>;
    /** The name of the colo whose process runs the objects. It must start first. */
    readonly host: string;
    /** A folder for the storage. Each site has its own. */
    readonly folder: string;
    /** The folder of the colo's own storage, such as its Cache API. Default: in `folder`. */
    readonly keepsIn?: string;
  };
  /** The port of workerd's inspector; by default there is none. */
  readonly inspectorPort?: number;
}

/** The compatibility date and `minutely` must be the same as in wrangler.toml, which a test checks. */
export const compatibilityDate = "2026-11-01";
export const minutely = "* * * * *";

/** @throws OperatorError if the port is in use */
export async function startColo(settings: ColoSettings): Promise<Colo> {
  const host = settings.host ?? "127.0.0.1";
  const { port: wanted, d1, name } = settings;
  // Test the port first, because workerd's error for a port in use is late and unclear.
  if (wanted !== 0) await freePort(wanted, host);
  const probe = randomUUID();
  const heard = new EventTarget();
  const onTold = (line: NonNullable<ReturnType<typeof toldIn>>) => {
    if (line === "probed") heard.dispatchEvent(new Event(line));
    else settings.onRequest?.({ colo: name, ...line });
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
        const health = fetch(`${url}${operatorPath}/`, { headers }).then((answer) => answer.text());
        await Promise.all([isHeard, health]);
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
  readonly onTold: (line: NonNullable<ReturnType<typeof toldIn>>) => void;
}

function optionsOf(settings: ColoSettings, { port, probe, onTold }: Running) {
  const { host = "127.0.0.1", onLog = printed, onLine, inspectorPort, keepsIn, d1 } = settings;
  const { worker, modules = {}, compatibility, onRequest, shared } = settings;
  const { r2Buckets = [] } = settings;
  const handleStructuredLogs = ({ message }: { message: string }) => {
    const request = onRequest && toldIn(message);
    if (request !== undefined) return onTold(request);
    onLine?.(message);
    const line = readableLog(message);
    if (line !== undefined) onLog(line.text, line.level);
  };
  const limits = Object.entries(settings.rateLimits ?? {}).map(([name, given]) => {
    const { limit, periodSeconds: period } = given;
    return [name, { namespace_id: "1", simple: { limit, period } }];
  });
  const siteHosts = (settings.env["SITE_HOST"] ?? "").toLowerCase().split(/\s+/);
  const named = siteHosts.map((at) => at.replace(/:\d+$/, ""));
  const telling = tellingModule(probe, [...named, ...(settings.allowedHosts ?? [])]);
  const teller = { type: "ESModule", path: "start.js", contents: telling } as const;
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
          // Other processes find the objects by the name of their Worker.
          name: shared === undefined ? "tidemark" : settings.name,
          modules: [
            ...(onRequest === undefined ? [] : [teller]),
            { type: "ESModule", path: workerModule, contents: worker },
            ...Object.entries(modules).map(([path, contents]) => {
              return { type: "ESModule", path, contents } as const;
            }),
          ],
          compatibilityDate: compatibility?.date ?? compatibilityDate,
          compatibilityFlags: [...(compatibility?.flags ?? [])],
          bindings: { ...settings.env, COLO: settings.name },
          ratelimits: Object.fromEntries(limits),
          r2Buckets: Object.fromEntries(r2Buckets.map((name) => [name, name])),
          ...(shared && { durableObjects: objectsOf(shared, settings.name) }),
          ...(d1 === undefined ? {} : { d1Databases: { [d1.binding]: "shared" } }),
          unsafeDirectSockets: [{ host, port }],
        },
      ],
    }),
    ...(d1 === undefined ? {} : sharedStorage(d1.folder, settings.name)),
    ...(shared && sharedStorage(shared.folder, settings.name, shared.keepsIn)),
  };
}

/**
 * Creates the error for a module that throws. The runtime has already printed the details. An error of
 * Tidemark keeps its own sentences.
 */
export function unstartable(cause: unknown): OperatorError {
  const text = cause instanceof Error ? cause.message : String(cause);
  const reason =
    /"message":"(?:.*?Uncaught )?((?:[^"\\]|\\[^n])*)/.exec(text)?.[1] ??
    text.split("\n", 1)[0] ??
    "";
  const what = "The Worker does not start.";
  const own = /^Error: OperatorError: (.*)$/.exec(reason.replaceAll('\\"', '"'))?.[1];
  const [, why, hint] = /^(.*\.) (.+)$/.exec(own?.replace(`${what} `, "") ?? "") ?? [];
  if (why !== undefined && hint !== undefined) return new OperatorError({ what, why, hint, cause });
  return new OperatorError({
    what,
    why: `The runtime says: ${reason}.`,
    hint: "Fix the module that throws; npx wrangler dev shows the location.",
    cause,
  });
}

function objectsOf({ objects, host }: NonNullable<ColoSettings["shared"]>, name: string) {
  const from = name === host ? {} : { scriptName: host };
  return Object.fromEntries(
    Object.entries(objects).map(([binding, className]) => [
      binding,
      { className, useSQLite: true, ...from },
    ]),
  );
}

/** Shares the storage: one process opens it, and the others connect to that process. */
function sharedStorage(folder: string, colo: string, keepsIn = join(folder, colo)) {
  return {
    unsafeEnableSharedStorage: true,
    enableDevRegistry: true,
    unsafeDevRegistryPath: join(folder, "registry"),
    resourcePersistencePath: join(folder, "shared"),
    isolatedResourcePersistencePath: keepsIn,
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

// Not by `process.stderr`, so that a test runner can hide the lines of tests that pass.
const printed = (line: string): void => console.error(line);

interface ScheduledWorker {
  scheduled(event: { cron: string }): Promise<{ outcome: string }>;
}

async function fireCron(runtime: Miniflare): Promise<void> {
  // The declared type depends on whether the runtime's own types are installed.
  const worker = (await runtime.getWorker()) as unknown as ScheduledWorker;
  const { outcome } = await worker.scheduled({ cron: minutely });
  if (outcome !== "ok") throw new Error(`The scheduled handler ended with ${outcome}.`);
}

// Builds the application of `app/` for one cache handler, and starts processes of it.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { OperatorError } from "../../src/base/operator-error.ts";
import { nowAtMs } from "../load/ask.ts";
import { freePort, guardOf } from "../../testing/fakes/redis-server.ts";

const folder = fileURLToPath(new URL("./app/", import.meta.url));
const next = `${folder}node_modules/next/dist/bin/next`;

export interface Settings {
  readonly handler: string;
  readonly originUrl: string;
  readonly redisUrl: string;
  readonly withinSeconds: number;
}

function run(
  command: "build" | "start",
  settings: Settings,
  args: readonly string[] = [],
): ChildProcess {
  const env = {
    ...process.env,
    NEXT_TELEMETRY_DISABLED: "1",
    CACHE_HANDLER: settings.handler,
    ORIGIN_URL: settings.originUrl,
    REDIS_URL: settings.redisUrl,
    VISIBLE_WITHIN_SECONDS: String(settings.withinSeconds),
  };
  return spawn(process.execPath, [next, command, ...args], { cwd: folder, env });
}

/** Returns what a process prints until it prints `text`, or until it ends. */
async function printedUntil(child: ChildProcess, text: string): Promise<string> {
  let printed = "";
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        printed = (printed + String(chunk)).slice(-4_000);
        if (printed.includes(text)) resolve(printed);
      });
    }
    child.once("close", () => resolve(printed));
  });
}

/**
 * Builds the application.
 *
 * @returns the id of its Server Action
 * @throws OperatorError if the build fails
 */
export async function build(settings: Settings): Promise<string> {
  const child = run("build", settings);
  const [printed] = await Promise.all([printedUntil(child, "\0"), once(child, "exit")]);
  if (child.exitCode !== 0) {
    throw new OperatorError({
      what: `The build for ${settings.handler} failed.`,
      why: `It printed:\n${printed}`,
      hint: "Run npm ci --prefix bench/next/app, and npm run build.",
    });
  }
  const manifest = `${folder}.next-${settings.handler}/server/server-reference-manifest.json`;
  const { node } = JSON.parse(await readFile(manifest, "utf8")) as {
    readonly node: Readonly<Record<string, { readonly exportedName: string }>>;
  };
  const action = Object.entries(node).find(([, { exportedName }]) => exportedName === "purge");
  if (action === undefined) throw new Error(`There is no action "purge" in ${manifest}.`);
  return action[0];
}

/** One process of the built application. It can be killed and started again on its port. */
export class Server {
  readonly url: string;
  /** When the process logged an error, in epoch milliseconds. */
  readonly rejectedAtMs: number[] = [];
  /** The last errors of a process that ended without being killed. */
  crash: string | undefined;
  readonly #settings: Settings;
  readonly #port: number;
  #child: ChildProcess | undefined;
  #guard: ChildProcess | undefined;

  private constructor(settings: Settings, port: number) {
    this.#settings = settings;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(settings: Settings): Promise<Server> {
    const server = new Server(settings, await freePort());
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const address = ["-H", "127.0.0.1", "-p", String(this.#port)];
    const child = run("start", this.#settings, address);
    this.#child = child;
    this.#guard = guardOf(child);
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      errors = (errors + String(chunk)).slice(-4_000);
      if (String(chunk).includes("Error")) this.rejectedAtMs.push(nowAtMs());
    });
    child.once("exit", (code, signal) => {
      if (this.#child === child) this.crash = `${signal ?? code}: ${errors}`;
    });
    const printed = await printedUntil(child, "Ready in");
    if (child.exitCode !== null) throw new Error(`next start ended. It printed:\n${printed}`);
  }

  /** Ends the process at once, as a crash does. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    this.#guard?.kill("SIGKILL");
  }
}

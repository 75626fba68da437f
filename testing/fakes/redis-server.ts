// The Redis servers of the suites: always the embedded Valkey, and a real redis-server if
// installed. With TIDEMARK_REQUIRE_REDIS_SERVER=1, its absence is an error.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { startEmbeddedValkey, type EmbeddedValkey } from "../../local/embedded-valkey.ts";
import { freePort } from "../../local/free-port.ts";

const command = "redis-server";

/** Whether a real redis-server is on PATH. */
export const isRedisServerInstalled = spawnSync(command, ["--version"]).status === 0;

if (!isRedisServerInstalled && process.env["TIDEMARK_REQUIRE_REDIS_SERVER"] === "1") {
  throw new Error(
    "TIDEMARK_REQUIRE_REDIS_SERVER is 1, but no redis-server is on PATH. " +
      "Install one (Debian: apt-get install redis-server) or unset the variable.",
  );
}

export interface RedisServerRow {
  readonly redis: string;
  readonly start: (options?: { port?: number }) => Promise<EmbeddedValkey>;
}

/** Rows for `describe.each`: one for each available server. */
export const redisServers: readonly RedisServerRow[] = [
  { redis: "embedded Valkey", start: startEmbeddedValkey },
  ...(isRedisServerInstalled ? [{ redis: command, start: startRedisServer }] : []),
];

/** One row, for suites whose Redis commands a contract suite already tests on every server. */
export const oneRedisServer: readonly RedisServerRow[] = redisServers.slice(-1);

/**
 * Starts an empty redis-server that saves nothing.
 *
 * @param options.port 0 or absent for any free port
 * @param options.dir its working directory; by default the system's temporary one
 * @param options.settings more settings, by their names in redis.conf
 * @throws Error with the server's output if it does not start
 */
export async function startRedisServer(
  options: {
    port?: number;
    dir?: string;
    settings?: Readonly<Record<string, string | readonly string[]>>;
  } = {},
): Promise<EmbeddedValkey> {
  const port = options.port || (await freePort());
  const settings = { port, bind: "127.0.0.1", save: "", appendonly: "no" };
  // Another server may have left a dump.rdb in the temporary folder, which this one would load.
  const place =
    options.dir === undefined
      ? { dir: tmpdir(), dbfilename: `none-of-${port}.rdb` }
      : { dir: options.dir };
  const args = Object.entries({ ...settings, ...place, ...options.settings });
  const child = spawn(
    command,
    args.flatMap(([name, value]) => [`--${name}`, value].flat().map(String)),
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const gone = once(child, "exit");
  const guard = guardOf(child);
  const kill = (): void => {
    child.kill("SIGKILL");
  };
  const stop = async (): Promise<void> => {
    kill();
    await gone;
    guard.kill("SIGKILL");
  };
  try {
    await readiness(child);
  } catch (cause) {
    await stop();
    throw cause;
  }
  return { url: `redis://127.0.0.1:${port}`, pid: child.pid ?? 0, kill, stop };
}

/**
 * Starts a process that kills the server when its own input closes. The input closes when this
 * process ends in any way.
 *
 * @param of `group` if the server was started as a group, which its children are in
 */
export function guardOf(server: ChildProcess, of: "process" | "group" = "process"): ChildProcess {
  const script = `read -r _; kill -9 ${of === "group" ? "-" : ""}${server.pid}`;
  return spawn("sh", ["-c", script], { stdio: ["pipe", "ignore", "ignore"] });
}

/** Waits for the server's own message. A PING could reach another process on the port. */
async function readiness(child: ChildProcess): Promise<void> {
  let printed = "";
  for await (const chunk of child.stdout ?? []) {
    printed += String(chunk);
    if (!printed.includes("Ready to accept connections")) continue;
    return;
  }
  throw new Error(`redis-server did not start. It printed:\n${printed}`);
}

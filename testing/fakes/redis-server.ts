// The Redis servers that suites are run against: the embedded Valkey always, and a real
// redis-server where this machine has one. TIDEMARK_REQUIRE_REDIS_SERVER=1 makes its absence fail.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { startEmbeddedValkey, type EmbeddedValkey } from "../../local/embedded-valkey.ts";

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

/** For `describe.each`: one row for each server that can be started here. */
export const redisServers: readonly RedisServerRow[] = [
  { redis: "embedded Valkey", start: startEmbeddedValkey },
  ...(isRedisServerInstalled ? [{ redis: command, start: startRedisServer }] : []),
];

/** For suites of our own steps over commands that a contract suite runs against every server. */
export const oneRedisServer: readonly RedisServerRow[] = redisServers.slice(-1);

/**
 * Starts an empty redis-server that saves nothing.
 *
 * @param options.port 0 or absent means any free port
 * @param options.dir its working directory; absent means the system's temporary one
 * @param options.settings more of its settings, by their names in redis.conf
 * @throws Error with what it printed when it does not come up
 */
export async function startRedisServer(
  options: { port?: number; dir?: string; settings?: Readonly<Record<string, string>> } = {},
): Promise<EmbeddedValkey> {
  const port = options.port || (await freePort());
  const settings = { port, bind: "127.0.0.1", save: "", appendonly: "no" };
  const args = Object.entries({ ...settings, dir: options.dir ?? tmpdir(), ...options.settings });
  const child = spawn(
    command,
    args.flatMap(([name, value]) => [`--${name}`, String(value)]),
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

/** A process that ends the server when this one is gone, however it went. */
export function guardOf(server: ChildProcess): ChildProcess {
  const script = `process.on("disconnect", () => process.kill(${server.pid}, "SIGKILL"))`;
  return spawn(process.execPath, ["-e", script], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
}

/** Its own word, not a PING: that could be answered by whoever has taken the port. */
async function readiness(child: ChildProcess): Promise<void> {
  let printed = "";
  for await (const chunk of child.stdout ?? []) {
    printed += String(chunk);
    if (!printed.includes("Ready to accept connections")) continue;
    return;
  }
  throw new Error(`redis-server did not come up. It printed:\n${printed}`);
}

/** Nobody listens there now. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

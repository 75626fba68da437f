// The Redis servers of the suites: always the embedded Valkey, and a real redis-server if
// installed. With TIDEMARK_REQUIRE_REDIS_SERVER=1, its absence is an error.
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { startEmbeddedValkey, type EmbeddedValkey } from "../../local/embedded-valkey.ts";
import { freePort } from "../../local/free-port.ts";
import { isInstalled, startProgram } from "../programs.ts";

const command = "redis-server";

/** Whether a real redis-server is on PATH. */
export const isRedisServerInstalled = isInstalled(
  "REDIS_SERVER",
  spawnSync(command, ["--version"]).status === 0,
  "No redis-server is on PATH (Debian: apt-get install redis-server). Only the embedded Valkey is tested here.",
);

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
  const server = await startProgram({
    command,
    args: args.flatMap(([name, value]) => [`--${name}`, value].flat().map(String)),
    ready: "Ready to accept connections",
  });
  return { url: `redis://127.0.0.1:${port}`, ...server };
}

// MariaDB's own server, if installed. With TIDEMARK_REQUIRE_MARIADB=1, its absence is an error.
import { execFile, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../local/free-port.ts";
import { guardOf } from "./redis-server.ts";

/** Whether `mariadbd` and `mariadb-install-db` are on PATH. */
export const isMariadbInstalled = ["mariadbd", "mariadb-install-db"].every(
  (command) => spawnSync(command, ["--help"]).error === undefined,
);

if (!isMariadbInstalled) {
  const lack = "No mariadbd is on PATH (Debian: apt-get install mariadb-server).";
  if (process.env["TIDEMARK_REQUIRE_MARIADB"] === "1") {
    throw new Error(`TIDEMARK_REQUIRE_MARIADB is 1, but: ${lack}`);
  }
  console.warn(`${lack} Sinks over MySQL are not tested here.`);
}

export interface MariadbServer {
  /** The address of the empty database `test`, for the user root without a password. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Starts an empty server in a temporary folder.
 *
 * @throws Error with the server's output if it does not start
 */
export async function startMariadb(): Promise<MariadbServer> {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-mariadb-"));
  const port = await freePort();
  const common = ["--no-defaults", `--datadir=${join(folder, "data")}`];
  if (process.getuid?.() === 0) common.push("--user=root");
  // A server that starts deletes the temporary tables of other servers with the same TMPDIR.
  const env = { ...process.env, TMPDIR: folder };
  const filling = [...common, "--auth-root-authentication-method=normal"];
  await promisify(execFile)("mariadb-install-db", filling, { env });
  const settings = {
    "bind-address": "127.0.0.1",
    port,
    socket: join(folder, "socket"),
    "pid-file": join(folder, "pid"),
    "innodb-flush-log-at-trx-commit": 0,
    "innodb-lock-wait-timeout": 2,
  };
  const named = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const child = spawn("mariadbd", [...common, ...named], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const gone = once(child, "exit");
  const guard = guardOf(child);
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await gone;
    guard.kill("SIGKILL");
    await rm(folder, { recursive: true });
  };
  try {
    await readiness(child);
  } catch (cause) {
    await stop();
    throw cause;
  }
  return { url: `mysql://root@127.0.0.1:${port}/test`, stop };
}

/** Waits for the server's own message. A connection could reach another process on the port. */
async function readiness(child: ChildProcess): Promise<void> {
  let printed = "";
  return new Promise((resolve, reject) => {
    // The output is read until the end, so that the server never blocks on a full pipe.
    child.stderr?.on("data", (part) => {
      printed += String(part);
      if (printed.includes("ready for connections")) resolve();
    });
    child.once("exit", () => reject(new Error(`mariadbd did not start. It printed:\n${printed}`)));
  });
}

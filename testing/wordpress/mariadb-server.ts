// MariaDB's own server, the database of WordPress.
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../local/free-port.ts";
import { startProgram } from "../programs.ts";

/** Whether `mariadbd` and `mariadb-install-db` are on PATH. */
export const isMariadbInstalled = ["mariadbd", "mariadb-install-db"].every(
  (command) => spawnSync(command, ["--help"]).error === undefined,
);

interface MariadbServer {
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
  const env = { TMPDIR: folder };
  const filling = [...common, "--auth-root-authentication-method=normal"];
  await promisify(execFile)("mariadb-install-db", filling, { env: { ...process.env, ...env } });
  const settings = {
    "bind-address": "127.0.0.1",
    port,
    socket: join(folder, "socket"),
    "pid-file": join(folder, "pid"),
    "innodb-flush-log-at-trx-commit": 0,
    "innodb-lock-wait-timeout": 2,
  };
  const named = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const args = [...common, ...named];
  const ready = "ready for connections";
  const { stop } = await startProgram({ command: "mariadbd", args, env, ready, folder });
  return { url: `mysql://root@127.0.0.1:${port}/test`, stop };
}

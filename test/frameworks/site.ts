// A running example: `npm start` on Node, or `wrangler dev`.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../../local/free-port.ts";
import { newerEnv } from "../package/commands.ts";
import type { PlatformName } from "./rows.ts";

export interface Site {
  readonly url: string;
  /** The output of the process. */
  readonly log: readonly string[];
  stop(): Promise<void>;
}

/** A start takes seconds, also on a busy machine. */
const startMsMax = 120_000;

/**
 * Starts an example, and resolves once it answers.
 *
 * @throws Error with its output, if the process ends first, or does not answer in two minutes
 */
export async function startSite(given: {
  readonly folder: string;
  readonly script: string;
  readonly platform: PlatformName;
  readonly secret: string;
  /** Default: a free port. */
  readonly port?: number;
  /** On Node: the Redis of the site. Default: none. */
  readonly redisUrl?: string;
}): Promise<Site> {
  const { folder, script, platform, secret, port = await freePort(), redisUrl = "" } = given;
  const url = `http://127.0.0.1:${port}`;
  const variables = { PURGE_URL: `${url}/_edge/purge`, PURGE_SECRET: secret };
  const flags = platform === "node" ? [] : await flagsOfWrangler(folder, port, variables);
  // npm and wrangler start processes of their own, which end with the group.
  const child = spawn("npm", ["run", script, "--", ...flags], {
    cwd: folder,
    detached: true,
    env: {
      ...newerEnv,
      ...variables,
      PORT: String(port),
      HOST: "127.0.0.1",
      REDIS_URL: redisUrl,
    },
  });
  const end = () => kill(child);
  process.once("exit", end);
  child.once("exit", () => void process.off("exit", end));
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => void log.push(text));
  }
  const site = { url, log, stop: () => ended(child) };
  const startedAtMs = Date.now();
  while (!(await answers(`${url}/`))) {
    const isLate = Date.now() - startedAtMs > startMsMax;
    if (isLate) await site.stop();
    if (child.exitCode !== null || isLate) {
      throw new Error(`The site ${isLate ? "never answers with 200" : "ended"}:\n${log.join("")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return site;
}

async function flagsOfWrangler(folder: string, port: number, variables: Record<string, string>) {
  const lines = Object.entries(variables).map(([name, value]) => `${name}="${value}"\n`);
  await writeFile(join(folder, ".dev.vars"), lines.join(""));
  return ["--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"];
}

/** Ends the process group. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const exit = once(child, "exit");
  kill(child);
  await exit;
}

function kill({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, "SIGKILL");
}

const answers = async (url: string) => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
};

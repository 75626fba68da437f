// The process of a web server: its start, its end with this process, and its folder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { guardOf } from "./fakes/redis-server.ts";

export interface WebServer {
  readonly url: string;
  stop(): Promise<void>;
}

export interface WebServerStart {
  readonly command: string;
  readonly args: readonly string[];
  /** Variables beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly port: number;
  /** Removed after the server has ended. */
  readonly folder: string;
}

/**
 * Starts a server that stays in the foreground, and waits until it answers, even with an error.
 *
 * @throws Error with the output of the server if it does not start
 */
export async function startWebServer(start: WebServerStart): Promise<WebServer> {
  const { command, args, env, port, folder } = start;
  const child = spawn(command, args, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    // Apache ends by a signal to its group.
    detached: true,
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => (printed += String(chunk)));
  }
  const gone = once(child, "exit");
  const guard = guardOf(child, "group");
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill("SIGTERM");
    await gone;
    guard.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await Promise.race([answers(url), gone.then(() => Promise.reject(new Error(printed)))]);
  } catch (cause) {
    await stop();
    throw cause;
  }
  return { url, stop };
}

async function answers(url: string): Promise<void> {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.text();
    if (answer !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

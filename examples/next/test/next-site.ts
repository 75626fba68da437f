// Installs the example as a user would, with the packed package, and runs its processes of `next start`. The API of the
// stories is the test's.
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { root } from "../../../local/bundling.ts";
import { packedTidemark } from "../../../test/package/packed-tidemark.ts";
import { type Listening, listening } from "../../../testing/listening.ts";
import { startProgram } from "../../../testing/programs.ts";
import { freePort } from "../../../local/free-port.ts";

const runFile = promisify(execFile);
const ofProduction = { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" };
const next = "node_modules/next/dist/bin/next";

/**
 * Builds the example with pages of the Pages Router, and below it an application without `cacheComponents`, whose
 * caches use Redis' REST interface.
 *
 * @returns the folder of the built example
 */
export async function buildExample(): Promise<{ readonly folder: string; stop(): Promise<void> }> {
  const world = await mkdtemp(join(tmpdir(), "tidemark-next-"));
  const folder = join(world, "examples/next");
  await mkdir(folder, { recursive: true });
  const files = "app cache-handler.mjs next.config.js package.json package-lock.json".split(" ");
  for (const file of files) {
    await cp(join(root, "examples/next", file), join(folder, file), { recursive: true });
  }
  for (const [from, to] of [
    ["upstream-app", "app/upstream"],
    ["pages-app", "pages"],
    ["segments-app", "segments"],
  ] as const) {
    const path = fileURLToPath(new URL(from, import.meta.url));
    await cp(path, join(folder, to), { recursive: true });
  }
  await packedTidemark(world);
  const quiet = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  await runFile("npm", ["ci", ...quiet], { cwd: folder });
  for (const app of [".", "segments"])
    await runFile(process.execPath, [next, "build", app], {
      cwd: folder,
      env: { ...process.env, ...ofProduction },
    });
  return { folder, stop: () => rm(world, { recursive: true, force: true }) };
}

/** A process of `next start`. */
export interface NextProcess {
  readonly url: string;
  readonly output: () => string;
  stop(): Promise<void>;
}

export async function startNext(
  folder: string,
  variables: Readonly<Record<string, string>>,
  app = ".",
): Promise<NextProcess> {
  const port = await freePort();
  const args = [next, "start", app, "--port", String(port), "--hostname", "127.0.0.1"];
  const { printed: output, stop } = await startProgram({
    command: process.execPath,
    args,
    cwd: folder,
    env: { ...ofProduction, ...variables },
    ready: "Ready in",
  });
  return { url: `http://127.0.0.1:${port}`, output, stop };
}

/** The API of the stories. A held story is read at once, and answered later. */
export class Api {
  readonly #titles = new Map<string, string>();
  readonly #held = new Map<string, PromiseWithResolvers<void>>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #listening: Listening | undefined;
  reads = 0;

  async #answer(
    ...[request, response]: Parameters<Parameters<typeof createServer>[1] & object>
  ): Promise<void> {
    const id = request.url?.split("/")[2];
    if (id !== undefined && request.method === "PUT") {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      this.#titles.set(id, body);
    }
    this.reads += 1;
    const story = (one: string) => ({
      id: one,
      title: this.#titles.get(one) ?? `first title of ${one}`,
      readAt: `read ${this.reads}`,
    });
    const text = JSON.stringify(id === undefined ? ["1", "2"].map(story) : story(id));
    if (request.method === "GET") await this.#held.get(id ?? "")?.promise;
    response.end(text);
  }

  hold(id: string): void {
    this.#held.set(id, Promise.withResolvers());
  }

  release(id: string): void {
    this.#held.get(id)?.resolve();
    this.#held.delete(id);
  }

  write(id: string, title: string): void {
    this.#titles.set(id, title);
  }

  async start(): Promise<string> {
    this.#listening = await listening(this.#server);
    return this.#listening.url;
  }

  async stop(): Promise<void> {
    await this.#listening?.stop();
  }
}

// Builds the application of `next-app/`, and starts processes of it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { OperatorError } from "../../../src/base/operator-error.ts";
import { ServerProcess } from "../../histories/server-process.ts";

const folder = fileURLToPath(new URL("../next-app/", import.meta.url));
const next = `${folder}node_modules/next/dist/bin/next`;

interface Settings {
  readonly originUrl: string;
  readonly redisUrl: string;
}

const envOf = (settings: Settings) => ({
  NEXT_TELEMETRY_DISABLED: "1",
  ORIGIN_URL: settings.originUrl,
  REDIS_URL: settings.redisUrl,
});

/**
 * Builds the application.
 *
 * @returns the id of its Server Action
 * @throws OperatorError if the build fails
 */
export async function build(settings: Settings): Promise<string> {
  const env = { ...process.env, ...envOf(settings) };
  const child = spawn(process.execPath, [next, "build"], { cwd: folder, env });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => (printed = (printed + String(chunk)).slice(-4_000)));
  }
  await once(child, "close");
  if (child.exitCode !== 0) {
    throw new OperatorError({
      what: "The build of Next.js failed.",
      why: `It printed:\n${printed}`,
      hint: "Run npm ci --prefix bench/compare/next-app.",
    });
  }
  const manifest = `${folder}.next/server/server-reference-manifest.json`;
  const { node } = JSON.parse(await readFile(manifest, "utf8")) as {
    readonly node: Readonly<Record<string, { readonly exportedName: string }>>;
  };
  const action = Object.entries(node).find(([, { exportedName }]) => exportedName === "purge");
  if (action === undefined) throw new Error(`There is no action "purge" in ${manifest}.`);
  return action[0];
}

/** Starts one process of the built application. */
export const startServer = (settings: Settings): Promise<ServerProcess> =>
  ServerProcess.start({
    command: process.execPath,
    args: (port) => [next, "start", "-H", "127.0.0.1", "-p", String(port)],
    cwd: folder,
    env: envOf(settings),
  });

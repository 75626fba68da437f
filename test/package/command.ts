// Checks the command in a site in which a user has installed it. The configuration of `tidemark start`
// changes meanwhile.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { root } from "../../local/bundling.ts";
import { freePort } from "../../local/free-port.ts";
import { askCommandLines } from "./command-lines.ts";
import { check, newerEnv, newerNode, packed, quietInstall, run, step } from "./commands.ts";
import { startOrigin } from "./template.ts";

const host = "127.0.0.1";
const sayMsMax = 30_000;
const endMsMax = 10_000;
const command = "node_modules/tidemark-cli/dist/tidemark.js";

/**
 * @param at.tarballs the folder for tarballs
 * @param at.site a folder made of the template, with the library and the command installed
 * @param at.tarball the path of the command's tarball
 * @throws Error for the first step that fails
 */
export async function useCommand(at: {
  tarballs: string;
  site: string;
  tarball: string;
}): Promise<void> {
  await step("command: help, version, a refusal", () => asked(at.site));
  await step("command: mistyped lines", () => askCommandLines(join(at.site, command)));
  await step("command: create", () => created(at));
  await step("command: start", () => started(at.site));
}

/** @returns the path of the tarball */
export async function commandTarball(folder: string): Promise<string> {
  await run(newerNode, ["packages/cli/build/build.ts"], root);
  const allowed = /^(?:package\.json|README\.md|LICENSE|dist\/[\w-]+\.js)$/;
  const { path, paths } = await packed(folder, ["-w", "tidemark-cli"], allowed);
  for (const needed of ["README.md", "LICENSE", "dist/embedded-valkey-thread.js"]) {
    check(paths.includes(needed), `The command's tarball lacks ${needed}.`);
  }
  return path;
}

/** Creates a site as `npm create tidemark` does. */
async function created(at: { tarballs: string; tarball: string }): Promise<void> {
  const allowed = /^(?:package\.json|README\.md|LICENSE|create-tidemark\.js)$/;
  const { path } = await packed(at.tarballs, ["-w", "create-tidemark"], allowed);
  const folder = await mkdtemp(join(at.tarballs, "create-"));
  await writeFile(join(folder, "package.json"), "{}");
  await run("npm", ["install", ...quietInstall, path, at.tarball], folder);
  await run("npx", ["create-tidemark", "my-site"], folder, newerEnv);
  const wrangler = await readFile(join(folder, "my-site/wrangler.jsonc"), "utf8");
  check(/"my-site"[^]*TidemarkJournal/.test(wrangler), `create wrote:\n${wrangler}`);
}

/** Also runs the command with the machine's own Node, which may be too old. */
async function asked(site: string): Promise<void> {
  const help = await run(newerNode, [command, "--help"], site);
  check(/\bpurge\b/.test(help) && /\bstart\b/.test(help), `--help lacks commands:\n${help}`);
  const version = (await run("npx", ["tidemark", "--version"], site, newerEnv)).trim();
  check(/^\d+\.\d+\.\d+$/.test(version), `--version says ${version}.`);
  const node = (await run("node", ["--version"], site)).trim();
  const [major = 0] = node.slice(1).split(".").map(Number);
  process.stdout.write(`  on Node ${node}\n`);
  if (major > 20) return;
  const refused = await run("node", [command, "--help"], site).catch(String);
  check(refused.includes("needs 22.12 or newer"), `On Node ${node}, --help says:\n${refused}`);
}

async function started(site: string): Promise<void> {
  const origin = await startOrigin();
  const port = await freePort(0, host);
  const parameters = [command, "start", "--origin", origin.url, "--port", String(port)];
  // A process group of its own shows which processes the command leaves behind.
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const options = { cwd: site, env: newerEnv, detached: true, stdio: [...stdio] };
  const child = spawn(newerNode, parameters, options);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (part: Buffer) => void (said += part.toString()));
  }
  const tells = async (text: RegExp) => {
    const untilAtMs = Date.now() + sayMsMax;
    while (!text.test(said)) {
      const isLate = child.exitCode !== null || Date.now() > untilAtMs;
      check(!isLate, `tidemark start does not say ${text}:\n${said}`);
      await delay(50);
    }
  };
  const ask = async () => (await fetch(`http://${host}:${port}/articles/fog`)).text();
  const path = join(site, "tidemark.config.ts");
  const config = await readFile(path, "utf8");
  try {
    await tells(/Tidemark started in[^]*Durable Objects, without Redis/);
    check((await ask()) === "version 1", "The first answer is not the origin's.");
    await tells(/200 {2}miss stored +\d+ ms {2}GET \/articles\/fog/);
    await ask();
    await tells(/200 {2}hit memory +\d+ ms {2}GET \/articles\/fog/);
    await writeFile(path, config.replace("/account/*", "/articles/*"));
    await tells(/Reloaded in/);
    await ask();
    await tells(/200 {2}pass: route +\d+ ms {2}GET \/articles\/fog/);
    await writeFile(path, "export default {");
    await tells(/the previous version continues\. .*Line 1, column \d+: /);
    check((await ask()) === "version 1", "A broken configuration has ended the old one.");
    check((await ended(child, "SIGINT")) === 0, `It does not end with 0:\n${said}`);
    const untilAtMs = Date.now() + endMsMax;
    // The bundler's process ends just after the process that started it.
    while (isAlive(child) && Date.now() < untilAtMs) await delay(50);
    check(!isAlive(child), "Processes are left.");
  } finally {
    await writeFile(path, config);
    if (isAlive(child)) process.kill(-(child.pid ?? 0), "SIGKILL");
    await origin.stop();
  }
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, "exit", { signal: AbortSignal.timeout(endMsMax) });
  child.kill(signal);
  await exit;
  return child.exitCode;
}

/** Returns whether a process of the child's group is alive. */
function isAlive({ pid = 0 }: ChildProcess): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}

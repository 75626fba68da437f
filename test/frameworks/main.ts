// `npm run test:frameworks`: builds each example of a framework with the packed Tidemark, runs it on Node and workerd,
// and checks hits, purges and personal pages. `-- NAME…` runs some: `sveltekit`, or `sveltekit:node`.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { cp, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../../local/bundling.ts";
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { freePort } from "../../local/free-port.ts";
import { newerEnv, quietInstall, run, step } from "../package/commands.ts";
import { packedTidemark } from "../package/packed-tidemark.ts";
import { checkSite } from "./checks.ts";
import { checkRedeploy } from "./redeploy.ts";
import { type Framework, frameworks, type PlatformName } from "./rows.ts";
import { startSite } from "./site.ts";

const { positionals: chosen } = parseArgs({ allowPositionals: true });
const runs = frameworks.flatMap((framework) =>
  (Object.keys(framework.platforms) as PlatformName[]).map((platform) => ({
    framework,
    platform,
    names: [framework.name, `${framework.name}:${platform}`],
  })),
);
const unknown = chosen.filter((one) => !runs.some(({ names }) => names.includes(one)));
if (unknown.length > 0) {
  const known = [...new Set(runs.flatMap(({ names }) => names))];
  throw new Error(`There is no ${unknown.join(", ")}. Choose among ${known.join(", ")}.`);
}
const isChosen = ({ names }: (typeof runs)[number]) =>
  chosen.length === 0 || chosen.some((one) => names.includes(one));

// Ctrl+C also ends a started site, which has a process group of its own, and removes the folder.
process.once("SIGINT", () => process.exit(130));
const folder = await mkdtemp(join(tmpdir(), "tidemark-frameworks-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const valkey = await startEmbeddedValkey();
const packed = await step("Tidemark is packed", () => packedTidemark(join(folder, "pack")));
for (const framework of frameworks) {
  const platforms = runs.filter((one) => one.framework === framework && isChosen(one));
  if (platforms.length === 0) continue;
  const site = await installed(framework, packed);
  for (const { platform } of platforms) await checkPlatform(framework, site, platform);
}
await valkey.stop();

/** Installs an example with its lock file and the packed Tidemark. Returns its folder. */
async function installed({ name }: Framework, tarball: string): Promise<string> {
  const site = join(folder, name);
  const example = join(root, "examples", name);
  const isSource = (path: string) =>
    !/\/(?:node_modules|\.svelte-kit|\.nuxt|\.output|\.wrangler|build|dist)(?:\/|$)/.test(
      path.slice(example.length),
    );
  await cp(example, site, { recursive: true, filter: isSource });
  await step(`${name}: installed`, () =>
    run("npm", ["install", "--no-save", ...quietInstall, tarball], site, newerEnv),
  );
  return site;
}

async function checkPlatform(
  framework: Framework,
  folderOfSite: string,
  platform: PlatformName,
): Promise<void> {
  const scripts = framework.platforms[platform];
  if (scripts === undefined) return;
  const label = `${framework.name} on ${platform}`;
  const build = () => run("npm", ["run", scripts.build], folderOfSite, { ...newerEnv, CI: "1" });
  await step(`${label}: built`, build);
  const secret = `whsec_${randomBytes(24).toString("base64")}`;
  const given = { folder: folderOfSite, script: scripts.start, platform, secret };
  const site = await step(`${label}: started`, () => startSite(given));
  try {
    await step(`${label}: checked`, () => checkSite(framework, site));
  } catch (cause) {
    throw new Error(`${label} failed: ${String(cause)}\n${site.log.join("")}`, { cause });
  } finally {
    await site.stop();
  }
  const shared = { ...given, port: await freePort(), redisUrl: valkey.url };
  await step(`${label}: redeployed`, () =>
    checkRedeploy(framework, {
      folder: folderOfSite,
      keepsFiles: platform === "node",
      build,
      start: () => startSite(shared),
    }),
  );
}

// `npm run test:frameworks`: builds each example of a framework with the packed Tidemark, runs it on Node and workerd,
// and checks hits, purges and personal pages. `-- NAME…` runs some: `sveltekit`, or `sveltekit:node`.
import { randomBytes } from "node:crypto";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../../local/bundling.ts";
import { newerEnv, quietInstall, run, step } from "../package/commands.ts";
import { packedTidemark } from "../package/packed-tidemark.ts";
import { checkSite } from "./checks.ts";
import { type Framework, frameworks, type PlatformName } from "./rows.ts";
import { startSite } from "./site.ts";

const { positionals: chosen } = parseArgs({ allowPositionals: true });
const isChosen = (name: string, platform?: string) =>
  chosen.length === 0 ||
  chosen.some(
    (one) =>
      one === name || one === `${name}:${platform}` || (!platform && one.startsWith(`${name}:`)),
  );

const unknown = chosen.filter((one) => !frameworks.some(({ name }) => name === one.split(":")[0]));
if (unknown.length > 0) {
  const names = frameworks.map(({ name }) => name).join(", ");
  throw new Error(`There is no framework ${unknown.join(", ")}. Choose among ${names}.`);
}

const folder = await mkdtemp(join(tmpdir(), "tidemark-frameworks-"));
try {
  const tarball = await step("Tidemark is packed", () => packedTidemark(join(folder, "pack")));
  for (const framework of frameworks.filter(({ name }) => isChosen(name))) {
    await checkFramework(framework, tarball);
  }
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

/** Installs an example with its lock file and the packed Tidemark, and checks it on each platform. */
async function checkFramework(framework: Framework, tarball: string): Promise<void> {
  const { name } = framework;
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
  for (const platform of Object.keys(framework.platforms) as PlatformName[]) {
    if (isChosen(name, platform)) await checkPlatform(framework, site, platform);
  }
}

async function checkPlatform(
  framework: Framework,
  folderOfSite: string,
  platform: PlatformName,
): Promise<void> {
  const scripts = framework.platforms[platform];
  if (scripts === undefined) return;
  const label = `${framework.name} on ${platform}`;
  await step(`${label}: built`, () =>
    run("npm", ["run", scripts.build], folderOfSite, { ...newerEnv, CI: "1" }),
  );
  const secret = `whsec_${randomBytes(24).toString("base64")}`;
  const site = await step(`${label}: started`, () =>
    startSite({ folder: folderOfSite, script: scripts.start, platform, secret }),
  );
  try {
    await step(`${label}: checked`, () => checkSite(framework, site));
  } catch (cause) {
    throw new Error(`${label} failed: ${String(cause)}\n${site.log.join("")}`, { cause });
  } finally {
    await site.stop();
  }
}

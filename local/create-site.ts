// `npm run create -- ../my-site`: packs Tidemark and its command, and installs both in a new site, or in the package
// that the folder has. For a new site, the options are those of `tidemark create`.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { root } from "./bundling.ts";

const packages = [".", "packages/cli"];
/** On Windows, npm is a script that needs a shell. */
const shell = process.platform === "win32";

interface Manifest {
  version: string;
  readonly peerDependencies?: Record<string, string>;
}

/** Runs npm, and shows only its errors. Returns its output. */
function npm(parameters: readonly string[], folder: string): string {
  return execFileSync("npm", [...parameters, "--loglevel=error", "--foreground-scripts=false"], {
    cwd: folder,
    encoding: "utf8",
    shell,
    stdio: ["inherit", "pipe", "inherit"],
  });
}

/**
 * Returns a version that sorts after the present one and before the next one. npm would take two builds with one
 * version for the same.
 */
function versionOfBuild({ version }: Manifest): string {
  const [major = "0", minor = "0", patch = "0"] = version.split(".");
  const git = (...parameters: string[]) =>
    execFileSync("git", parameters, { cwd: root, encoding: "utf8" }).trim();
  const commit = git("rev-parse", "--short=10", "HEAD");
  const changed = git("status", "--porcelain") === "" ? "" : `.${Date.now()}`;
  return `${major}.${minor}.${Number(patch) + 1}-dev.g${commit}${changed}`;
}

const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;

/** Packs a package with the version of the build. Returns the path of the file. */
function packed(name: string, version: string, target: string): string {
  const temporary = mkdtempSync(join(tmpdir(), "tidemark-"));
  try {
    const [file] = JSON.parse(
      npm(["pack", "--json", "--pack-destination", temporary], join(root, name)),
    ) as { filename: string }[];
    execFileSync("tar", ["-xzf", file?.filename ?? ""], { cwd: temporary });
    const folder = join(temporary, "package");
    const manifest = manifestIn(folder);
    manifest.version = version;
    // A range such as ^0.2.0 excludes the version of a build.
    const { peerDependencies: peers } = manifest;
    if (peers?.["tidemark"] !== undefined) peers["tidemark"] = version;
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest, null, 2));
    const parameters = ["pack", "--json", "--ignore-scripts", "--pack-destination", target];
    const [own] = JSON.parse(npm(parameters, folder)) as { filename: string }[];
    return join(target, own?.filename ?? "");
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

/** Creates a site by the command. Returns its advice, without the installation that it begins with. */
function created(site: string, options: readonly string[]): string {
  const command = join(root, "packages/cli/src/tidemark.ts");
  const said = execFileSync(process.execPath, [command, "create", site, ...options], {
    encoding: "utf8",
    stdio: ["inherit", "pipe", "inherit"],
  });
  const lines = said.split("\n").filter((line) => !line.includes("npm install "));
  return `${lines.join("\n").trimEnd()}\n`;
}

function main([folder, ...options]: string[]): void {
  if (folder === undefined || folder.startsWith("-")) {
    console.error("No folder is named. Write npm run create -- ../my-site --region weur");
    process.exit(2);
  }
  const site = resolve(process.env["INIT_CWD"] ?? "", folder);
  const advice = existsSync(join(site, "package.json")) ? "" : created(site, options);
  const version = versionOfBuild(manifestIn(root));
  const vendor = join(site, "vendor");
  mkdirSync(vendor, { recursive: true });
  console.error(`Packing Tidemark ${version}, and installing it in ${site} …`);
  const tarballs = packages.map((name) => packed(name, version, vendor));
  npm(["install", "--no-audit", "--no-fund", ...tarballs], site);
  console.log(`${advice}Commit vendor/, because CI installs Tidemark from it.`);
  // npm runs this script with the Node of the clone.
  const [, found = ""] = /\bnode\/v(\S+)/.exec(process.env["npm_config_user_agent"] ?? "") ?? [];
  const [major = 0, minor = 0] = found.split(".").map(Number);
  if (found !== "" && (major < 22 || (major === 22 && minor < 12)))
    console.error(`The site needs Node 22.12 or newer. This shell has ${found}.`);
}

main(process.argv.slice(2));

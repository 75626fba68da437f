// Checks what a checkout installs and publishes, and that git ignores secrets.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  /** In the tarball of the package around it, whose digest covers it. */
  readonly inBundle?: boolean;
  readonly bundleDependencies?: readonly string[];
}

type Lock = Readonly<Record<string, Locked>>;

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));
const locked = json("package-lock.json").packages as Lock;

/** @returns the packages that `npm ci` would install without comparing them with a digest */
function unverified(packages: Lock): string[] {
  return (
    Object.entries(packages)
      .filter(([path, { link }]) => path.includes("node_modules/") && link !== true)
      // A tarball that the reader builds.
      .filter(([, { resolved = "" }]) => !resolved.startsWith("file:"))
      .filter(([path, { inBundle }]) => inBundle !== true || !isBundled(packages, path))
      .filter(([, one]) => !/^sha512-[\w+/]{86}==$/.test(one.integrity ?? ""))
      .map(([path]) => path)
  );
}

function isBundled(packages: Lock, path: string): boolean {
  const [, around = "", name = ""] = /^(.+)\/node_modules\/(.+)$/.exec(path) ?? [];
  return packages[around]?.bundleDependencies?.includes(name) === true;
}

describe("package-lock.json", () => {
  const lockFiles = execFileSync("git", ["ls-files", "*package-lock.json"], { encoding: "utf8" });

  it.each(lockFiles.trim().split("\n"))("%s has a digest for every package", (path) => {
    const packages = json(path).packages as Lock;
    expect(Object.keys(packages).length).toBeGreaterThan(9);
    expect(unverified(packages)).toEqual([]);
  });

  it.each([
    { id: "without a digest", one: { version: "1.0.0" }, found: 1 },
    { id: "with a weak digest", one: { integrity: "sha1-abc" }, found: 1 },
    { id: "in no bundle", one: { inBundle: true }, found: 1 },
    { id: "with a digest", one: { integrity: `sha512-${"a".repeat(86)}==` }, found: 0 },
  ])("is checked for packages that need a digest: $id", ({ one, found }) => {
    expect(unverified({ "node_modules/a": one })).toHaveLength(found);
    // Its digest also covers what its tarball bundles.
    const bundled = { "node_modules/a/node_modules/b": { inBundle: true } };
    const around = { "node_modules/a": { ...one, bundleDependencies: ["b"] } };
    expect(unverified({ ...around, ...bundled })).toHaveLength(found);
  });

  it("names no registry, and has exact versions", () => {
    const resolved = Object.values(locked).filter((one) => one.resolved !== undefined && !one.link);
    expect(resolved).toEqual([]);
    const { dependencies, devDependencies } = json("package.json");
    const command = json("packages/cli/package.json").dependencies;
    const ranges = Object.values({ ...dependencies, ...devDependencies, ...command });
    expect(
      ranges.filter(
        (range) => !/^(?:npm:[\w@/-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(String(range)),
      ),
    ).toEqual([]);
  });
});

it.each(["package.json", "packages/cli/package.json", "packages/create/package.json"])(
  "publishes only built files, the skill and the change log, of %s",
  (path) => {
    const { publishConfig, files } = json(path);
    expect(publishConfig).toEqual({ access: "public" });
    expect(
      files.filter((name: string) => !["dist", "skills", "CHANGELOG.md"].includes(name)),
    ).toEqual([]);
  },
);

it("gives the command, and the package that runs its create, the version of the library", () => {
  const { version } = json("package.json");
  const { version: ofCommand, peerDependencies } = json("packages/cli/package.json");
  expect([ofCommand, peerDependencies.tidemark]).toEqual([version, `^${version}`]);
  const { version: ofCreate, dependencies } = json("packages/create/package.json");
  expect([ofCreate, dependencies]).toEqual([version, { "tidemark-cli": version }]);
});

describe.each([".gitignore", "templates/site/.gitignore"])("%s", (path) => {
  const isIgnored = (name: string) => {
    const folder = mkdtempSync(join(tmpdir(), "tidemark-ignored-"));
    try {
      execFileSync("git", ["init", "--quiet", folder]);
      writeFileSync(join(folder, ".gitignore"), readFileSync(path));
      execFileSync("git", ["-C", folder, "check-ignore", "--quiet", "--no-index", name]);
      return true;
    } catch {
      return false;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  it.each([".dev.vars", ".dev.vars.staging", ".env", ".env.local", "secrets.json", "secrets.env"])(
    "ignores %s",
    (name) => {
      expect(isIgnored(name)).toBe(true);
    },
  );
  it.each([".dev.vars.example", ".env.example", "src/worker.ts"])("keeps %s", (name) => {
    expect(isIgnored(name)).toBe(false);
  });
});

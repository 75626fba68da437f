// Checks that a part can be deleted: its two folders, and the files that say `// Needs parts: NAME.` Nothing else imports
// it, and the rest has its types.
import { execFile, execFileSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { root } from "../../local/bundling.ts";
import { imported } from "../source-tree/breaches.ts";
import { library } from "../source-tree/folders.ts";

const tracked = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((path) => path !== "" && !path.startsWith("docs-site/dist/"));
const isSource = (path: string) => /\.[mc]?tsx?$/.test(path);
const texts = new Map(
  tracked.filter(isSource).map((path) => [path, readFileSync(join(root, path), "utf8")]),
);
/** Most tests open a site with `operate()`, so it cannot be deleted alone. */
const names = readdirSync(join(root, "src/parts")).filter((name) => name !== "operate");

/** Returns whether a file goes with a part. */
function isOf(name: string, path: string): boolean {
  const needs = /^\/\/ Needs parts: (.*)\.$/m.exec(texts.get(path) ?? "")?.[1] ?? "";
  const isInside = [`src/parts/${name}/`, `test/parts/${name}/`].some((of) => path.startsWith(of));
  return isInside || needs.split(", ").includes(name);
}

describe.each(names)("the part %s", (name) => {
  const rest = [...texts].filter(([path]) => !isOf(name, path));

  it("is imported only by itself, and by what says that it needs it", () => {
    const found = rest.filter(([path, text]) =>
      imported(text).some((from) => isOf(name, posix.join(dirname(path), from))),
    );
    expect(found.map(([path]) => path)).toEqual([]);
    expect(rest.length).toBeLessThan(texts.size);
  });

  it("imports no other part, except one that it needs", () => {
    const { mayImport } = library;
    const places = Object.keys(mayImport).filter((place) =>
      `${place}/`.startsWith(`parts/${name}/`),
    );
    const others = places.flatMap((place) => mayImport[place] ?? []);
    const parts = others.filter((other) => other.startsWith("parts/"));
    const needed = /needs: \["operate"\]/.test(
      readFileSync(join(root, `src/parts/${name}/${name}.ts`), "utf8"),
    );
    const isAllowed = (other: string) =>
      `${other}/`.startsWith(`parts/${name}/`) || (needed && other.startsWith("parts/operate"));
    expect(parts.filter((other) => !isAllowed(other))).toEqual([]);
  });
});

it("the tree without these parts has its types", { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "tidemark-deletion-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const kept = tracked.filter((path) => !names.some((name) => isOf(name, path)));
  for (const path of kept) {
    await mkdir(join(folder, dirname(path)), { recursive: true });
    await copyFile(join(root, path), join(folder, path));
  }
  for (const modules of ["node_modules", "packages/cli/node_modules"]) {
    await symlink(join(root, modules), join(folder, modules)).catch(() => undefined);
  }
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const { stdout } = await promisify(execFile)(process.execPath, [compiler], { cwd: folder }).catch(
    (cause: unknown) => cause as { readonly stdout: string },
  );
  expect(stdout).toBe("");
  expect(await readFile(join(folder, "package.json"), "utf8")).toContain("tidemark");
});

// Deletes all parts, and all files that import one, in a copy of the tree: what is left still passes the
// compiler and the linter, and the tests of the core pass. `deletion.test.ts` deletes each part alone.
import { execFile, execFileSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { root } from "../../local/bundling.ts";
import { imported } from "../source-tree/breaches.ts";

const tracked = execFileSync("git", ["ls-files", "--", ":!docs-site/dist"], { cwd: root })
  .toString()
  .split("\n")
  .filter((path) => path !== "");
const parts = readdirSync(join(root, "src/parts"));
const ofPart = new RegExp(`^tidemark/(?:${parts.join("|")})$`);

/** Returns the tracked files that neither are of a part nor reach one by imports. */
function withoutParts(): string[] {
  const isSource = (path: string) => /\.[mc]?tsx?$/.test(path);
  const sources = tracked.filter(isSource).map((path) => {
    const text = readFileSync(join(root, path), "utf8");
    const found = imported(text);
    const isOf = /^(?:src|test)\/parts\//.test(path) || /^\/\/ Needs parts: /m.test(text);
    const from = found.map((name) => posix.join(dirname(path), name));
    return { path, from, needs: isOf || found.some((name) => ofPart.test(name)) };
  });
  const gone = new Set(sources.filter(({ needs }) => needs).map(({ path }) => path));
  for (let before = 0; before < gone.size;) {
    before = gone.size;
    for (const { path, from } of sources) if (from.some((one) => gone.has(one))) gone.add(path);
  }
  return tracked.filter((path) => !gone.has(path));
}

const run = promisify(execFile);

it("leaves a core that compiles, and whose tests pass", async () => {
  const copy = mkdtempSync(join(tmpdir(), "tidemark-core-"));
  onTestFinished(() => rmSync(copy, { recursive: true }));
  const left = withoutParts();
  for (const path of left) cpSync(join(root, path), join(copy, path));
  for (const path of ["node_modules", "packages/cli/node_modules"]) {
    symlinkSync(join(root, path), join(copy, path));
  }
  const settings = { setupFiles: ["testing/forget-databases.ts"], testTimeout: 300_000 };
  const config = {
    test: { ...settings, maxWorkers: 2, experimental: { viteModuleRunner: false } },
  };
  writeFileSync(join(copy, "vitest.config.ts"), `export default ${JSON.stringify(config)};`);
  const core = left.filter((path) =>
    /^test\/(?:bodies|cache|pages|routing)\/.*\.test\.ts$/.test(path),
  );
  expect(core.length).toBeGreaterThan(30);
  const env = { ...process.env, VITEST: undefined, TIDEMARK_LEFT_OUT: undefined };
  const call = (tool: string, ...args: string[]) =>
    run(join(copy, "node_modules/.bin", tool), args, { cwd: copy, env, maxBuffer: 1e8 });
  const told = await Promise.all([
    call("tsc"),
    call("oxlint", "--deny-warnings", "src"),
    call("vitest", "run", ...core),
  ]).catch(({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr);
  expect(told).toMatchObject([{ stdout: "" }, {}, {}]);
});

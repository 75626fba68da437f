// Checks facts that templates/site repeats: versions, dates and names of secrets; its message on an old Node; and that
// packing leaves nothing for git.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { parse } from "jsonc-parser";
import { expect, it } from "vitest";
import { compatibilityDate } from "../../local/colo.ts";

const textOf = (name: string) => readFileSync(`templates/site/${name}`, "utf8");

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly cloudflare?: { readonly bindings: Readonly<Record<string, unknown>> };
}
const manifest = JSON.parse(textOf("package.json")) as Manifest;
const ours = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const { ORIGIN_URL: _, ...secrets } = manifest.cloudflare?.bindings ?? {};

it("the template depends on this version of the package", () => {
  expect(manifest.dependencies).toEqual({ tidemark: ours.version });
});

it("the template depends on tools in the versions that are tested here", () => {
  const names = Object.keys(manifest.devDependencies);
  const versions = Object.fromEntries(names.map((name) => [name, ours.devDependencies[name]]));
  expect(manifest.devDependencies).toEqual({ ...versions, "tidemark-cli": ours.version });
});

it("the template has this repository's compatibility date", () => {
  expect(textOf("wrangler.jsonc")).toContain(`"compatibility_date": "${compatibilityDate}"`);
});

it("the template describes each secret in its example file, and no other", () => {
  const named = [...textOf(".dev.vars.example").matchAll(/^\w+/gm)].map(([name]) => name);
  expect(named).toEqual(Object.keys(secrets));
});

it("the template's example file has no values except a namespace of its own", () => {
  expect(textOf(".dev.vars.example").match(/^\w+=.+$/gm)).toEqual(["NAMESPACE=dev"]);
  const { vars, secrets: named } = parse(textOf("wrangler.jsonc"));
  expect(vars.NAMESPACE).toBe("production");
  // Otherwise, Wrangler ignores them in .dev.vars.
  expect(Object.keys(secrets)).toEqual([...named.required, "NAMESPACE"]);
});

it("npm run dev of the template names the Node that it needs, on an older one", () => {
  const older = "import fs from 'node:fs'; delete fs.globSync";
  const env = { ...process.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURI(older)}` };
  const { predev = "" } = manifest.scripts;
  const { status, stderr } = spawnSync("sh", ["-c", predev], { env, encoding: "utf8" });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: `npm run dev needs Node 22.12 or newer. This is Node ${process.version}.\n`,
  });
});

it("npm pack prints only names of files, which git ignores, here and in the template", () => {
  expect(readFileSync(".npmrc", "utf8")).toContain("loglevel=warn\n");
  for (const path of [".gitignore", "templates/site/.gitignore"]) {
    expect(readFileSync(path, "utf8")).toContain("*.tgz\n");
  }
});

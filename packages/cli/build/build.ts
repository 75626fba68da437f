// `npm run build -w tidemark-cli`: builds the published command in dist/, as JavaScript for Node
// 22. npm installs its dependencies. The project provides the runtime of Workers and the bundler.
import { chmod, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { templatePaths, templateText } from "../src/init/site-template.ts";

const folder = fileURLToPath(new URL("../", import.meta.url));
const root = join(folder, "../..");
const dist = join(folder, "dist");

/**
 * The names that `tidemark start` imports through the project's wrangler. A missing name fails the
 * build.
 */
const ofProject: Readonly<Record<string, readonly string[]>> = {
  miniflare: ["convertV4MiniflareOptions", "Log", "LogLevel", "Miniflare"],
  esbuild: ["build", "context"],
};

const fromProject: Plugin = {
  name: "from the project",
  setup: (building) => {
    const filter = new RegExp(`^(?:${Object.keys(ofProject).join("|")})$`);
    building.onResolve({ filter }, ({ path }) => ({ path, namespace: "project" }));
    building.onLoad({ filter, namespace: "project" }, ({ path }) => {
      const names = ofProject[path] ?? [];
      const contents =
        `import { fromProject } from "./src/start/from-project.ts";\n` +
        `const found = await fromProject(${JSON.stringify(path)}, ${JSON.stringify(names)});\n` +
        names.map((name) => `export const ${name} = found.${name};\n`).join("");
      return { contents, resolveDir: folder };
    });
  },
};

/** Embeds the files of templates/site, which an installed package does not contain. */
const siteTemplate: Plugin = {
  name: "template of a site",
  setup: (building) => {
    building.onLoad({ filter: /\/init\/site-template\.ts$/ }, () => {
      const texts = Object.fromEntries(templatePaths.map((path) => [path, templateText(path)]));
      return {
        contents: `const texts = ${JSON.stringify(texts)};\nexport const templatePaths = Object.keys(texts);\nexport const templateText = (path) => texts[path];`,
      };
    });
  },
};

async function dependencies(): Promise<string[]> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return Object.keys(manifest.dependencies);
}

await rm(dist, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: {
    tidemark: "packages/cli/src/tidemark.ts",
    "embedded-valkey-process": "local/embedded-valkey-process.ts",
    "embedded-valkey-thread": "local/embedded-valkey-thread.ts",
  },
  outdir: dist,
  bundle: true,
  splitting: true,
  external: await dependencies(),
  plugins: [fromProject, siteTemplate],
  format: "esm",
  platform: "node",
  target: "node22.12",
  chunkNames: "[name]-[hash]",
  logLevel: "warning",
});
await chmod(join(dist, "tidemark.js"), 0o755);

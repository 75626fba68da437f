// `npm run build -w tidemark-cli`: the command as it is published, in dist/: JavaScript for Node 20. Its dependencies are
// installed beside it. The runtime of Workers and the bundler come from the project that it runs in.
import { chmod, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { templatePaths, templateText } from "../src/init/site-template.ts";

const folder = fileURLToPath(new URL("../", import.meta.url));
const root = join(folder, "../..");
const dist = join(folder, "dist");

/** What `tidemark start` imports of the project's wrangler. The build fails for a name that is missing here. */
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

/** The repository is not there where the package is. */
const siteTemplate: Plugin = {
  name: "template of a site",
  setup: (building) => {
    building.onLoad({ filter: /\/init\/site-template\.ts$/ }, () => {
      const texts = Object.fromEntries(templatePaths.map((path) => [path, templateText(path)]));
      return {
        contents: `const texts = ${JSON.stringify(texts)};\nexport const templateText = (path) => texts[path];`,
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
  target: "node20.12",
  inject: ["local/package/node-20.ts"],
  define: { "Promise.withResolvers": "promiseWithResolvers", "URL.parse": "parseUrl" },
  chunkNames: "[name]-[hash]",
  logLevel: "warning",
});
await chmod(join(dist, "tidemark.js"), 0o755);

// Watches the files of a project: its Worker, its configuration, their imports, and other relevant files.
import { context, type Plugin } from "esbuild";
import { bundling } from "../bundling.ts";
import { bundleOptions, type Project } from "./project.ts";

export interface ProjectWatch {
  stop(): Promise<void>;
}

/**
 * Starts watching. Also watches files that do not compile or are missing.
 *
 * @param onChange called after each change, never while an earlier call is running
 */
export async function watchProject(
  project: Project,
  onChange: () => Promise<void>,
): Promise<ProjectWatch> {
  const { promise: isWatching, resolve } = Promise.withResolvers<void>();
  let hasBegun = false;
  const plugin: Plugin = {
    name: "changes",
    setup: (building) => {
      building.onEnd(async () => {
        if (hasBegun) return onChange();
        hasBegun = true;
        resolve();
      });
    },
  };
  const watching = await context({
    ...bundling,
    ...bundleOptions(project),
    entryPoints: [],
    stdin: { contents: 'import "tidemark-watched";', resolveDir: project.library.folder },
    plugins: [watchedFiles(project), ...(bundleOptions(project).plugins ?? []), plugin],
  });
  await watching.watch();
  await isWatching;
  return { stop: () => watching.dispose() };
}

/** Creates a module that imports the bundled files, and depends on the others. */
function watchedFiles(project: Project): Plugin {
  const { main, config, otherFiles, library } = project;
  const modules = [main, config].filter((path) => path !== undefined);
  const imports = modules.map((path) => `import ${JSON.stringify(path)};`).join("\n");
  const contents = bundleOptions(project).stdin?.contents ?? imports;
  return {
    name: "watched files",
    setup: (building) => {
      building.onResolve({ filter: /^tidemark-watched$/ }, ({ path }) => ({
        path,
        namespace: "watched",
      }));
      building.onLoad({ filter: /./, namespace: "watched" }, () => ({
        contents,
        resolveDir: library.folder,
        watchFiles: [...otherFiles],
      }));
    },
  };
}

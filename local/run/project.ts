// A project to run on this machine: a Worker and its configuration.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import type { BuildOptions, Plugin } from "esbuild";
import { bundled, root } from "../bundling.ts";
import { OperatorError } from "../../src/base/operator-error.ts";
import type { RateLimitSettings } from "../colo.ts";
import type { StartOptions } from "../start-options.ts";
import { type Library, ownLibrary } from "./library.ts";
import { firstFault, isBuildFailure, loadConfig } from "../load-config.ts";
import { checkTypes } from "../type-check.ts";

type Texts = Readonly<Record<string, string>>;

export interface Project {
  readonly library: Library;
  /** The Worker's main module; `undefined` if there is only a configuration. */
  readonly main: string | undefined;
  /** Replaces the `tidemark.config` that `main` imports; `undefined` if there is none. */
  readonly config: string | undefined;
  readonly compatibility: { readonly date?: string; readonly flags?: readonly string[] };
  /** Whether the Worker has a dashboard whatever the configuration says. */
  readonly hasDashboard?: boolean;
  /** Variables and secrets by name. */
  readonly variables: Texts;
  readonly rateLimits?: Readonly<Record<string, RateLimitSettings>>;
  /** Names of bindings to R2. */
  readonly r2Buckets?: readonly string[];
  /** Classes of Durable Objects by the names of their bindings. */
  readonly durableObjects?: Readonly<Record<string, string>>;
  /** Other files to watch for changes, such as the wrangler file. They may be absent. */
  readonly otherFiles: readonly string[];
  /** Sentences about settings that are not available locally. */
  readonly notes: readonly string[];
}

/**
 * This repository's own Worker with the dashboard, over Redis or over the stores of Cloudflare.
 *
 * @param folder the folder of `.dev.vars`
 */
export function ownProject(
  config: string,
  stores: StartOptions["stores"] = "redis",
  folder = root,
): Project {
  const path = join(folder, ".dev.vars");
  const variables = parseEnv(existsSync(path) ? readFileSync(path, "utf8") : "") as Texts;
  const unused = Object.keys(variables).filter((name) => ofNpmStart.test(name));
  const notes =
    unused.length === 0
      ? []
      : [`npm start does not use ${unused.join(", ")} of .dev.vars, because it sets its own.`];
  const project = {
    library: ownLibrary,
    config: resolve(config),
    hasDashboard: true,
    compatibility: {},
    variables,
    otherFiles: [path],
    notes,
  };
  if (stores === "redis") return { ...project, main: undefined };
  return {
    ...project,
    main: join(root, "local/run/cloudflare-worker.ts"),
    r2Buckets: ["BODIES"],
    durableObjects: { JOURNAL: "TidemarkJournal", RECORDS: "TidemarkRecords" },
  };
}

/** Variables that `npm start` sets itself: the demo or `--origin`, and its own database. */
const ofNpmStart = /^(?:ORIGIN_URL|(?:UPSTASH|JOURNAL)_REDIS_REST_(?:URL|TOKEN))$/;

/** The bundled Worker, and the parts of its configuration that a local run needs. */
export interface BuiltProject {
  /** One ES module. */
  readonly worker: string;
  readonly operatorPath: string;
  readonly hasDashboard: boolean;
  /** Sentences about settings without effect. */
  readonly notes: readonly string[];
}

/** @throws OperatorError if the Worker does not compile, or its configuration is invalid */
export async function buildProject(project: Project): Promise<BuiltProject> {
  const { config, library } = project;
  const loaded = config === undefined ? undefined : await loadConfig(config, { library });
  if (config !== undefined) await checkTypes(config, library);
  let isUsed = false;
  const options = bundleOptions(project, () => {
    isUsed = true;
  });
  // The stack of an application's error shows the names in its code.
  const worker = await bundled({ ...options, minify: false }).catch((cause) => {
    throw isBuildFailure(cause) ? unbundled(project, cause) : cause;
  });
  for (const className of Object.values(project.durableObjects ?? {})) {
    const isExported = new RegExp(`\\bexport *\\{[^}]*\\b${className}\\s*[,}]`).test(worker);
    if (!isExported) throw unexported(project.main ?? "", className);
  }
  const isIdle = config !== undefined && !isUsed && project.main !== undefined;
  const notes = isIdle
    ? [`${project.main} imports no tidemark.config, so ${config} has no effect. Import it there.`]
    : [];
  const written: unknown = loaded?.operatorPath;
  const operatorPath = typeof written === "string" ? written : "/_cache";
  const isConfigured = !isIdle && loaded?.parts?.some(({ name }) => name === "dashboard") === true;
  return {
    worker,
    operatorPath,
    hasDashboard: project.hasDashboard === true || isConfigured,
    notes,
  };
}

function unexported(main: string, className: string): OperatorError {
  return new OperatorError({
    what: `${main} does not export ${className}.`,
    why: "A binding of the wrangler file names this class of Durable Objects.",
    hint: `Write there: export { ${className} } from "tidemark/cloudflare";`,
  });
}

function unbundled({ main, config = "", library }: Project, cause: Error): OperatorError {
  const path = main ?? config;
  return new OperatorError({
    what: `${path} cannot be bundled.`,
    why: firstFault(cause, { path, library }),
    hint: "Fix that file. If only wrangler can bundle it, run npx wrangler dev.",
    cause,
  });
}

/**
 * Returns the options for bundling a project's Worker.
 *
 * @param onUsed called if the Worker imports its configuration
 */
export function bundleOptions(
  project: Project,
  onUsed: () => void = () => undefined,
): BuildOptions {
  const { library, main, config, compatibility } = project;
  const hasNode = compatibility.flags?.includes("nodejs_compat") === true;
  return {
    ...(main === undefined ? { stdin: plainMain(project) } : { entryPoints: [main] }),
    absWorkingDir: library.folder,
    alias: { ...library.alias },
    external: hasNode ? ["node:*", "cloudflare:*"] : ["cloudflare:*"],
    plugins: config === undefined ? [] : [usedConfig(config, onUsed)],
  };
}

/** The Worker of a project that has only a configuration. */
function plainMain({ library, config = "./tidemark.config.ts", hasDashboard }: Project) {
  const contents = [
    'import { upstash } from "tidemark/upstash";',
    'import { createWorker } from "tidemark/worker";',
    `import config from ${JSON.stringify(config)};`,
    ...(hasDashboard === true
      ? [
          `import { withOperator } from ${JSON.stringify(join(root, "local/run/with-operator.ts"))};`,
          "export default createWorker(withOperator(config), { stores: upstash() });",
        ]
      : ["export default createWorker(config, { stores: upstash() });"]),
  ].join("\n");
  return { contents, resolveDir: library.folder, sourcefile: "worker.js" };
}

/** Replaces the configuration that the Worker imports with another file. */
export function usedConfig(config: string, onUsed: () => void = () => undefined): Plugin {
  return {
    name: "configuration",
    setup: (building) => {
      building.onResolve({ filter: /\/tidemark\.config(?:\.[mc]?[jt]s)?$/ }, () => {
        onUsed();
        return { path: config };
      });
    },
  };
}

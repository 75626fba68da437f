// Measures the built Worker, its files and the files that run. Lists its packages.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { bundling } from "./bundling.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** All packages in the bundle, with the purpose of each. */
export const bundledPackages = {
  hono: "routes, in the order of the configuration",
  valibot: "validates the configuration, and data from Redis",
  "structured-headers": "targeted cache fields and cache groups (RFC 9651)",
  "fast-sha256": "synchronous digests",
  "@upstash/redis": "sends commands to Redis at Upstash",
  uncrypto: "a dependency of @upstash/redis",
} as const;

export interface BundleContents {
  readonly bytes: number;
  readonly gzipBytes: number;
  /** Paths from the root of the repository. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

/** @param main the text of a Worker's main module in the root; by default, that of `worker.ts` */
export async function bundleContents(main?: string): Promise<BundleContents> {
  const stdin = main && { contents: main, resolveDir: root, loader: "ts" as const };
  const { outputFiles, metafile } = await build({
    ...bundling,
    absWorkingDir: root,
    ...(stdin ? { stdin } : { entryPoints: ["worker.ts"] }),
    metafile: true,
  });
  const [output] = Object.values(metafile.outputs);
  const contents = outputFiles[0]?.contents ?? new Uint8Array();
  const files = Object.entries(output?.inputs ?? {});
  return {
    bytes: contents.byteLength,
    gzipBytes: gzipSync(contents).byteLength,
    files: files.map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput })),
  };
}

/** The main module of a Worker with `stores: durableObjects()`, without `operate()`. */
export const overObjects = `
  import { durableObjects, TidemarkJournal, TidemarkRecords } from "./src/cloudflare.ts";
  import { createWorker } from "./src/worker.ts";
  import { defineConfig } from "./src/config/config.ts";
  export { TidemarkJournal, TidemarkRecords };
  export default createWorker(defineConfig({}), { stores: durableObjects() });
`;

/** The main module of `createDataCache` of `tidemark/data`, without stores. */
export const dataInMemory = `
  import { createDataCache } from "./src/data-cache.ts";
  globalThis.createDataCache = createDataCache;
`;

/** Counts the lines that are neither blank nor comments. */
export function linesOfCode(path: string): number {
  const text = readFileSync(path, "utf8").replaceAll(/^\s*\/\*[^]*?\*\/.*$/gm, "");
  return text.split("\n").filter((line) => !/^\s*(?:\/\/|$)/.test(line)).length;
}

export interface Run {
  readonly answer: string;
  /** Files of `src/`, from the root of the repository. */
  readonly files: readonly string[];
}

/**
 * Returns the files that run for each kind of request and call. They run in a process of their own,
 * because the test runner adds code to each module.
 */
export function filesThatRun(): Readonly<Record<string, Run>> {
  const script = fileURLToPath(new URL("../test/scenarios/path/files-run.ts", import.meta.url));
  const node = ["--disable-warning=ExperimentalWarning", script];
  return JSON.parse(execFileSync(process.execPath, node, { encoding: "utf8" }));
}

/** Returns the package of a file; `undefined` for the project's own files. */
export function packageOf(path: string): string | undefined {
  return /.*(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}

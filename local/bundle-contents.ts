// Measures the built Worker and its files. Lists its packages and the limits of its size.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { bundling } from "./bundling.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Limits a little above the current sizes. Raise a limit only on purpose. */
export const bundleBytesMax = 702_000;
export const bundleGzipBytesMax = 249_100;
/** The limit of a Worker with `stores: durableObjects()`, without `operate()`. */
export const overObjectsBytesMax = 485_300;

/** The limit of `createDataCache` of `tidemark/data`, without stores. */
export const dataBytesMax = 211_300;

/** All packages in the bundle, with the purpose of each. */
export const bundledPackages = {
  hono: "routes, in the order of the configuration",
  valibot: "validates the configuration, and data from Redis",
  "structured-headers": "targeted cache fields, cache groups and No-Vary-Search (RFC 9651)",
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

/** Returns the package of a file; `undefined` for the project's own files. */
export function packageOf(path: string): string | undefined {
  return /.*(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}

// What the built Worker consists of, and what it may come to.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { bundling } from "./bundling.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** A little above the present sizes. To raise a limit is a decision. */
export const bundleBytesMax = 567_000;
export const bundleGzipBytesMax = 194_000;

/** Each of them does something on the way of a request, or of a purge. */
export const bundledPackages = {
  "@upstash/redis": "the shared tier and the purge journal",
  hono: "routes, in the order of the configuration",
  zod: "checks the configuration, and what comes back from Redis",
  "lru-cache": "the memory tier, and whatever else is kept by key",
  "structured-headers": "targeted cache fields and cache groups (RFC 9651)",
  "fast-sha256": "digests that nobody can wait for",
  uncrypto: "needed by `@upstash/redis`; an alias of the runtime's own",
} as const;

export interface BundleContents {
  readonly bytes: number;
  readonly gzipBytes: number;
  /** Paths from the root of the repository. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
}

export async function bundleContents(): Promise<BundleContents> {
  const { outputFiles, metafile } = await build({
    ...bundling,
    absWorkingDir: root,
    entryPoints: ["worker.ts"],
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

/** @returns the package that a file is of; `undefined` for our own */
export function packageOf(path: string): string | undefined {
  return /.*(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
}

import { fileURLToPath } from "node:url";

export default {
  cacheComponents: false,
  experimental: { useCache: true },
  // The folder of this application, because a folder above it has a lock file too.
  turbopack: { root: fileURLToPath(new URL(".", import.meta.url)) },
  outputFileTracingRoot: fileURLToPath(new URL(".", import.meta.url)),
};

// One build for each cache handler: CACHE_HANDLER names it.
import { fileURLToPath } from "node:url";

const handlerFile = (name) => fileURLToPath(new URL(`./handlers/${name}.js`, import.meta.url));
/** Both kinds of `'use cache'` in one handler. */
const useCache = (name) => ({
  cacheComponents: true,
  cacheHandlers: { default: handlerFile(name), remote: handlerFile(name) },
  cacheMaxMemorySize: 0,
});

const configurations = {
  // Its documentation excludes `cacheComponents`.
  fortedigital: {
    cacheHandler: handlerFile("fortedigital"),
    cacheMaxMemorySize: 0,
    experimental: { useCache: true },
  },
  mrjasonroy: useCache("mrjasonroy"),
  "stamped-at-set": useCache("stamped-at-set"),
  tidemark: { ...useCache("tidemark"), cacheHandler: handlerFile("tidemark") },
};

const name = process.env.CACHE_HANDLER ?? "tidemark";
// The handler of Tidemark imports the package that `npm run build` writes.
const root = fileURLToPath(new URL("../../../", import.meta.url));

export default {
  ...configurations[name],
  distDir: `.next-${name}`,
  turbopack: { root },
  outputFileTracingRoot: root,
};

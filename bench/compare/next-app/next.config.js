// One build for each cache handler: CACHE_HANDLER names it. Another name is the handler of Next.js.
import { fileURLToPath } from "node:url";

const handlerFile = (name) => fileURLToPath(new URL(`./handlers/${name}.js`, import.meta.url));
const configurations = {
  // Its documentation excludes `cacheComponents`.
  fortedigital: {
    cacheHandler: handlerFile("fortedigital"),
    cacheMaxMemorySize: 0,
    experimental: { useCache: true },
  },
};

const name = process.env.CACHE_HANDLER ?? "fortedigital";
const root = fileURLToPath(new URL("./", import.meta.url));

export default {
  ...configurations[name],
  distDir: `.next-${name}`,
  turbopack: { root },
  outputFileTracingRoot: root,
};

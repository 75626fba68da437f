import { fileURLToPath } from "node:url";

export default {
  // Its documentation excludes `cacheComponents`.
  cacheHandler: fileURLToPath(new URL("./handlers/fortedigital.js", import.meta.url)),
  cacheMaxMemorySize: 0,
  turbopack: { root: fileURLToPath(new URL("./", import.meta.url)) },
};

import { fileURLToPath } from "node:url";

const handler = fileURLToPath(new URL("cache-handler.js", import.meta.url));

export default {
  cacheComponents: true,
  cacheHandlers: { default: handler, remote: handler },
  cacheHandler: handler,
  cacheMaxMemorySize: 0,
};

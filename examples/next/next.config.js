import { fileURLToPath } from "node:url";

const handler = fileURLToPath(new URL("cache-handler.mjs", import.meta.url));

export default {
  cacheComponents: true,
  partialPrefetching: false,
  cacheHandlers: { default: handler, remote: handler },
  cacheHandler: handler,
};

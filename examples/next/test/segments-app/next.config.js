import { fileURLToPath } from "node:url";

const handler = fileURLToPath(new URL("cache-handler.mjs", import.meta.url));

export default process.env.CACHE_HANDLER === "tidemark" ? { cacheHandler: handler } : {};

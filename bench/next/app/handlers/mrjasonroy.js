// @mrjasonroy/cache-components-cache-handler, as its README configures Redis.
import { createCacheHandler } from "@mrjasonroy/cache-components-cache-handler";

export default createCacheHandler({ type: "redis" });

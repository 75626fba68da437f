// The Worker that wrangler.toml names: this site's configuration, made a handler.
import { upstash } from "./src/upstash.ts";
import { createWorker } from "./src/worker.ts";
import config from "./tidemark.config.ts";

export default createWorker(config, { stores: upstash() });

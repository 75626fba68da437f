// The Worker that wrangler.jsonc names: the configuration, made a handler.
import { createWorker } from "tidemark/worker";
import config from "../tidemark.config.ts";

export default createWorker(config);

// The main module of wrangler.jsonc: a Worker with the configuration.
import { createWorker } from "tidemark/worker";
import config from "../tidemark.config.ts";

export default createWorker(config);

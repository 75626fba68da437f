import { nextCache } from "tidemark/next";
import { cache } from "./data.js";

export default nextCache(cache);

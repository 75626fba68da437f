// How the command names itself to sites and origins.
import { version } from "../version.ts";

export const userAgent = `tidemark-cli/${version}`;

// How the command names itself to a site.
import { version } from "../../../../src/version.ts";

export const userAgent = `tidemark-cli/${version}`;

// The User-Agent of the command.
import { version } from "../version.ts";

export const userAgent = `tidemark-cli/${version}`;

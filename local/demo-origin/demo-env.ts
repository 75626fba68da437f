// The shared state of the demo origin's routes, and the types of their Hono context.
import type { ServerResponse } from "node:http";
import type { Assets } from "./assets.ts";
import type { Newsroom } from "./newsroom.ts";
import type { Readers } from "./readers.ts";

export interface Site {
  readonly newsroom: Newsroom;
  readonly readers: Readers;
  readonly assets: Assets;
  readonly nowAtMs: () => number;
  /** Scheme and host under which readers see the site; `undefined` for those of the request. */
  readonly siteUrl: string | undefined;
}

export interface DemoEnv {
  /** Node's response; absent if the app is called without a port. */
  Bindings: { outgoing?: ServerResponse };
  Variables: { site: Site; arrivedAtMs: number };
}

// What the routes of the demo origin share, and what every handler finds in its Hono context.
import type { ServerResponse } from "node:http";
import type { Assets } from "./assets.ts";
import type { Newsroom } from "./newsroom.ts";
import type { Readers } from "./readers.ts";

export interface Site {
  readonly newsroom: Newsroom;
  readonly readers: Readers;
  readonly assets: Assets;
  readonly nowAtMs: () => number;
  /** Scheme and host under which readers see the site; `undefined`: the one that was asked. */
  readonly siteUrl: string | undefined;
}

export interface DemoEnv {
  /** Node's own response; absent when the app is called without a port. */
  Bindings: { outgoing?: ServerResponse };
  Variables: { site: Site; arrivedAtMs: number };
}

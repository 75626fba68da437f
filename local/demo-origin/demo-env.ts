// What every handler of the demo origin finds in its Hono context.
import type { ServerResponse } from "node:http";

export interface DemoEnv {
  /** Node's own response; absent when the app is called without a port. */
  Bindings: { outgoing?: ServerResponse };
  Variables: {
    arrivedAtMs: number;
    /** What forms must carry; set behind the editor's log-in alone. */
    formToken: string;
  };
}

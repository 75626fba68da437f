// A configuration to simulate, and what the log may not say.
import type { Config } from "../../../../src/config/config.ts";

export interface Policy {
  readonly config: Config;
  /** The host of requests whose log names none. */
  readonly host: string;
  /** The colos, if the log names none. */
  readonly coloCount: number;
  /** The isolates in each colo. */
  readonly isolateCount: number;
  /** How long the origin takes, if the log does not say. */
  readonly originMs: number;
  /** The lifetime of answers to which neither the log nor the route gives one. */
  readonly freshSeconds: number | undefined;
}

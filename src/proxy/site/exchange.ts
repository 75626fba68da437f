// The context of one client's request, or of one background run, on a site.
import type { Decision } from "../../observe/decision.ts";
import type { SampledRequest } from "../../observe/request-line.ts";
import type { Site } from "./site.ts";

/** Lives as long as its request or run. */
export interface Context<S = Site> {
  readonly site: S;
  /** The site's clock, in epoch milliseconds. */
  readonly nowAtMs: () => number;
  /** The location that the request arrived at; empty if unknown. */
  readonly colo: () => string;
  /** Starts work that may go on after the answer. */
  readonly afterAnswer: (work: () => Promise<void>) => void;
  /** The client's address, `null` if unknown. `undefined` on Workers, where Cloudflare writes it into each request. */
  readonly address: string | null | undefined;
  /** The log line of a sampled request. */
  readonly sampled: SampledRequest | undefined;
}

/** A request on its way to its answer, or a refresh. Every step gets it. */
export interface Exchange<S = Site> extends Context<S> {
  /** The record of its decisions, for metrics and logs. */
  readonly decision: Decision;
}

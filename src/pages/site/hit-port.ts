// A part that counts the hits of an isolate.
import type { Config } from "../../config/config.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { HotKeyLists } from "../../observe/reports/report-store.ts";
import type { RedisClient } from "../../remote/redis/redis-client.ts";
import type { LookupRequest } from "../request/plan.ts";
import type { Candidate, Tiers } from "../stored/stored-response.ts";

export type AfterAnswer = (work: () => Promise<void>) => void;

export interface HitPort {
  /** Sees a hit. Creates no promise or object for most of them. */
  hit(candidate: Candidate, request: LookupRequest, afterAnswer: AfterAnswer): void;
}

export interface HitSettings {
  /** The lists of the store of reports, if it has them. */
  readonly hotKeys: HotKeyLists | undefined;
  readonly redis: RedisClient | undefined;
  readonly tiers: Pick<Tiers, "ofWorld">;
  readonly siteHosts: readonly string[];
  readonly config: Pick<Config, "limits" | "namespace">;
  readonly metrics: Pick<Metrics, "add">;
  readonly nowAtMs: () => number;
  /** Returns a random number, 0 ≤ n < 1. */
  readonly random: () => number;
}

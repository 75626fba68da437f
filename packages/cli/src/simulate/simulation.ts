// Simulates a policy: replays the requests of a log with its configuration, and counts the results and
// what the log does not say.
import type { ConfigWithRules } from "../../../../local/load-config.ts";
import type { OriginRequest, Replay } from "../../../../src/http-rules.ts";
import type { LogEntry } from "./formats.ts";
import { Totals } from "./totals.ts";

/** A configuration to simulate, and what the log may not say. */
export interface Policy extends ConfigWithRules {
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
  /** The most responses in all edge tiers, and in the shared tier. */
  readonly recordsMax?: number;
}

/** The number of requests that each assumption concerns. */
export class Assumptions {
  host = 0;
  cookies = 0;
  key = 0;
  colo = 0;
  routeFresh = 0;
  fresh = 0;
  noLifetime = 0;
  originMs = 0;
  status304 = 0;
}

/** The limit of a simulation's records, so that a log cannot fill this process. */
export const recordsMax = 150_000;

export class Simulation {
  readonly totals = new Totals();
  readonly assumed = new Assumptions();
  readonly replay: Replay;
  readonly #policy: Policy;
  #turn = 0;

  private constructor(policy: Policy, replay: Replay) {
    this.#policy = policy;
    this.replay = replay;
  }

  static async open(policy: Policy): Promise<Simulation> {
    const { config, rules } = policy;
    return new Simulation(policy, await rules.openReplay(config, { recordsMax, ...policy }));
  }

  play(entry: LogEntry): void {
    const { host = this.#policy.host, originMs = this.#policy.originMs } = entry;
    const result = this.replay.play({ ...entry, host, originMs, colo: this.#coloOf(entry) });
    this.#assume(entry, result.origin);
    this.totals.note(entry, result);
  }

  #assume(entry: LogEntry, origin: OriginRequest | undefined): void {
    const { assumed } = this;
    if (entry.colo === undefined) assumed.colo += 1;
    if (entry.logged !== undefined) {
      assumed.key += 1;
    } else {
      if (entry.host === undefined) assumed.host += 1;
      if (entry.headers?.has("cookie") !== true) assumed.cookies += 1;
    }
    if (origin?.lifetimeFrom === undefined) return;
    if (entry.originMs === undefined) assumed.originMs += 1;
    if (entry.status === 304 && entry.logged === undefined) assumed.status304 += 1;
    if (origin.lifetimeFrom === "route-second") assumed.routeFresh += 1;
    if (origin.lifetimeFrom === "settings") assumed.fresh += 1;
    if (origin.lifetimeFrom === "nothing") assumed.noLifetime += 1;
  }

  #coloOf({ colo, client }: LogEntry): string {
    if (colo !== undefined) return colo;
    const { coloCount } = this.#policy;
    if (client === undefined) return String((this.#turn = (this.#turn + 1) % coloCount));
    let hash = 0;
    for (let at = 0; at < client.length; at += 1) hash = (hash * 31 + client.charCodeAt(at)) >>> 0;
    return String(hash % coloCount);
  }
}

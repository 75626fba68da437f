// How much of the origins' time one client may take: asked of the platform's rate limiter before a
// client's request goes to an origin. What is answered from a tier is never limited.
import { Condition } from "../../observe/condition.ts";
import type { Log } from "../../observe/log-line.ts";
import { addressGroups, dottedAddress, isMapped } from "../../config/ip-address.ts";
import { patiently } from "../../base/patience.ts";

export interface ClientLimitSettings {
  readonly limiter: RateLimit;
  readonly nowAtMs: () => number;
  readonly log: Log;
}

/** It counts within its colo and answers in a millisecond, or is in trouble. */
const patienceMs = 250;

/** The limit of a site, as one isolate asks the platform about it. */
export class ClientLimit {
  readonly #settings: ClientLimitSettings;
  readonly #condition: Condition<"failing">;

  constructor(settings: ClientLimitSettings) {
    this.#settings = settings;
    this.#condition = new Condition({
      tell: settings.log,
      about: () => ({ event: "rate-limiter" }),
      troubleLine: () =>
        "The rate limiter ORIGIN_LIMITER does not answer, so no client is limited: " +
        "check its [[ratelimits]] entry in wrangler.toml.",
      wellLine: (lasted) => `The rate limiter ORIGIN_LIMITER answers again after ${lasted}.`,
    });
  }

  /**
   * Counts a request. Never rejects: while the limiter does not answer nobody is limited.
   *
   * @param address of the client; `null`: it is unknown, and there is no limit
   */
  async isReached(address: string | null): Promise<boolean> {
    if (address === null) return false;
    const { limiter, nowAtMs } = this.#settings;
    const asked = (async () => limiter.limit({ key: networkOf(address) }))();
    const outcome = await patiently(asked, patienceMs);
    if (typeof outcome === "string") {
      this.#condition.failed("failing", nowAtMs());
      return false;
    }
    this.#condition.succeeded(nowAtMs());
    return !outcome.success;
  }
}

const groupsOfNetwork = 4;

/**
 * Of an IPv6 address the first 64 bits: whoever has one address has its whole network. Not where it
 * stands for an IPv4 address: all of these are in one such network.
 */
export function networkOf(address: string): string {
  const groups = addressGroups(address);
  if (groups === undefined) return address;
  if (isMapped(groups)) return dottedAddress(groups);
  return `${groups.slice(0, groupsOfNetwork).join(":")}::/64`;
}

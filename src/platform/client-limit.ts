// Limits each client's requests to the origins by means of the platform's rate limiter. Answers
// from a tier are never limited.
import { Condition } from "../observe/condition.ts";
import type { Log } from "../observe/log-line.ts";
import { addressGroups, dottedAddress, isMapped } from "../config/trust-proxy.ts";
import { patiently } from "../base/timeouts.ts";

export interface ClientLimitSettings {
  readonly limiter: RateLimit;
  readonly nowAtMs: () => number;
  readonly log: Log;
}

/** The timeout of a call. A healthy limiter runs in the colo, and answers within a millisecond. */
const waitTimeoutMs = 250;

/** The client limit of a site. */
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
   * Counts a request, and returns whether its client has reached the limit. Never rejects. While
   * the limiter fails, no client is limited.
   *
   * @param address the client's address; `null` if unknown, which has no limit
   */
  async isReached(address: string | null): Promise<boolean> {
    if (address === null) return false;
    const { limiter, nowAtMs } = this.#settings;
    const limiting = (async () => limiter.limit({ key: networkOf(address) }))();
    const outcome = await patiently(limiting, waitTimeoutMs);
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
 * Returns the /64 network of an IPv6 address, because one client usually has the whole network.
 * Returns the IPv4 address for an IPv4-mapped address, because all mapped addresses are in one /64
 * network. Returns any other address unchanged.
 */
export function networkOf(address: string): string {
  const groups = addressGroups(address);
  if (groups === undefined) return address;
  if (isMapped(groups)) return dottedAddress(groups);
  return `${groups.slice(0, groupsOfNetwork).join(":")}::/64`;
}

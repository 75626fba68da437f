// How much of the origins' time one client may take: asked of the platform's rate limiter before a
// client's request goes to an origin. What is answered from a tier is never limited.
import { Condition } from "../condition.ts";
import type { Fields } from "../http/stored-response.ts";
import { patiently } from "../patience.ts";

export interface ClientLimitSettings {
  readonly limiter: RateLimit;
  readonly nowAtMs: () => number;
  readonly log: (line: string) => void;
}

/** It counts within its colo and answers in a millisecond, or is in trouble. */
const patienceMs = 250;

export class ClientLimit {
  readonly #settings: ClientLimitSettings;
  readonly #condition: Condition<"failing">;

  constructor(settings: ClientLimitSettings) {
    this.#settings = settings;
    this.#condition = new Condition({
      tell: settings.log,
      troubleLine: () =>
        "The rate limiter ORIGIN_LIMITER does not answer, so no client is limited: " +
        "check its [[ratelimits]] entry in wrangler.toml.",
      wellLine: (lasted) => `The rate limiter ORIGIN_LIMITER answers again after ${lasted}.`,
    });
  }

  /**
   * Counts a request. Never rejects: while the limiter does not answer nobody is limited.
   *
   * @param client the request's fields; where the platform names no address in them, there is no limit
   */
  async isReached(client: Fields): Promise<boolean> {
    const address = client.get("cf-connecting-ip");
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

const groupsOfAddress = 8;
const groupsOfNetwork = 4;

/** Of an IPv6 address the first 64 bits: whoever has one address has its whole network. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [before = "", after] = address.toLowerCase().split("::", 2);
  const groups = before === "" ? [] : before.split(":");
  const missing =
    after === undefined ? 0 : groupsOfAddress - groups.length - after.split(":").length;
  const zeros = Array.from({ length: Math.max(0, missing) }, () => "0");
  const all = [...groups, ...zeros, ...(after ?? "").split(":")];
  const network = all.slice(0, groupsOfNetwork).map((group) => group.replace(/^0+(?=.)/, ""));
  return `${network.join(":")}::/64`;
}

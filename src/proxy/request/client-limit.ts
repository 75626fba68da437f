// How much of the origins' time one client may take: asked of the platform's rate limiter before a
// client's request goes to an origin. What is answered from a tier is never limited.
import { Condition } from "../../observe/condition.ts";
import type { Log } from "../../observe/log-line.ts";
import type { Fields } from "../../http/fields.ts";
import { patiently } from "../../patience.ts";

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

/** Before an IPv4 address that is written as one of IPv6 (RFC 4291 §2.5.5.2). */
const beforeMapped = "0:0:0:0:0:ffff";

/**
 * Of an IPv6 address the first 64 bits: whoever has one address has its whole network. Not where it
 * stands for an IPv4 address: all of these are in one such network.
 */
export function networkOf(address: string): string {
  const literal = `http://[${address}]`;
  if (!URL.canParse(literal)) return address;
  // As the URL standard writes it: in small letters, in groups without zeros before others.
  const all = groupsOf(new URL(literal).hostname.slice(1, -1));
  if (all.slice(0, 6).join(":") === beforeMapped) return dotted(all.slice(6));
  return `${all.slice(0, groupsOfNetwork).join(":")}::/64`;
}

/** All eight: `::` stands for as many zeros as are missing. */
function groupsOf(address: string): string[] {
  const [first = [], last = []] = address.split("::").map((part) => part.match(/[^:]+/g) ?? []);
  const missing = groupsOfAddress - first.length - last.length;
  return [...first, ...Array.from({ length: missing }, () => "0"), ...last];
}

function dotted(groups: readonly string[]): string {
  const numbers = groups.map((group) => Number.parseInt(group, 16));
  return numbers.flatMap((number) => [number >> 8, number & 255]).join(".");
}

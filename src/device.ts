// Exports of `tidemark/device`: the class of a client's device, as a part of the key.
// See docs/cookbook.md#cache-mobile-and-desktop-separately.
import { getParser } from "bowser";
import { type Device, deviceName, memoized, type NormalForm } from "./config/normal-forms.ts";
import type { Fields } from "./rules/fields.ts";

export type { Device } from "./config/normal-forms.ts";

/** Options of `device`. */
export interface DeviceOptions {
  /** Whether tablets are a class of their own. Default: `false`, they count as `desktop`. */
  readonly tablets?: boolean | undefined;
}

const agentOf = (platform: string, mobile = "") =>
  `Mozilla/5.0 (${platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0${mobile} Safari/537.36 Tidemark`;

/** The classes, with the `User-Agent` that the origin gets in place of the client's. */
const agents: ReadonlyMap<string, string> = new Map([
  ["mobile", agentOf("Linux; Android 10; K", " Mobile")],
  ["tablet", agentOf("Linux; Android 10; K")],
  ["desktop", agentOf("X11; Linux x86_64")],
]);

/** Client hints that may tell the device (https://wicg.github.io/ua-client-hints/). The origin gets none. */
const withheldHints =
  "sec-ch-ua sec-ch-ua-arch sec-ch-ua-bitness sec-ch-ua-form-factors sec-ch-ua-full-version " +
  "sec-ch-ua-full-version-list sec-ch-ua-model sec-ch-ua-platform sec-ch-ua-platform-version " +
  "sec-ch-ua-wow64";

/** There are more values of `User-Agent` than of other fields. */
const keptBytesMax = 262_144;

/** Returns the class by `User-Agent`. A crawler has the class of the device that it imitates. */
const classOfAgent = memoized((agent) => {
  const type = agent === "" ? "" : getParser(agent, true).getPlatformType(true);
  if (type === "bot") return /\bmobi/i.test(agent) ? "mobile" : "desktop";
  return agents.has(type) ? type : "desktop";
}, keptBytesMax);

/**
 * Detects the class of a client's device: `mobile` or `desktop`, and `tablet` if `tablets` is true. `X-Device`
 * states it, or else `Sec-CH-UA-Mobile`, or else the first 512 characters of `User-Agent`.
 *
 * @example key: { device: device() }
 */
export function device({ tablets = false }: DeviceOptions = {}): Device {
  const classOf = (client: Fields): string => {
    const stated = client.get(deviceName)?.toLowerCase() ?? "";
    if (agents.has(stated) && (tablets || stated !== "tablet")) return stated;
    const hint = client.get("sec-ch-ua-mobile");
    if (hint === "?1") return "mobile";
    const found = classOfAgent(client.get("user-agent"));
    const isDesktop = (found === "tablet" && !tablets) || (found === "mobile" && hint === "?0");
    return isDesktop ? "desktop" : found;
  };
  return {
    deviceForms: new Map<string, NormalForm>([
      [deviceName, classOf],
      ["user-agent", (client) => agents.get(classOf(client)) ?? null],
      ["sec-ch-ua-mobile", (client) => (classOf(client) === "mobile" ? "?1" : "?0")],
      ...withheldHints.split(" ").map((name): [string, NormalForm] => [name, () => null]),
    ]),
  };
}

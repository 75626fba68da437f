// A purge as it comes over the wire: checked, and turned into targets.
import * as z from "zod/mini";
import {
  everythingTag,
  hostTag,
  type PurgeTargets,
  routeTag,
  urlTag,
  type PurgeMode,
  userTag,
} from "./purge-target.ts";

export const orderBytesMax = 65_536;
const tagBytesMax = 256;
/** Written as JSON, so that any target fits into an entry with all that stands beside it. */
const targetBytesMax = 4_096;

const names = (what: string) =>
  z.optional(
    z.array(
      z.string(`must be a list of ${what}`).check(z.regex(/\S/, "holds an empty text")),
      `must be a list of ${what}`,
    ),
  );

const form = z.strictObject(
  {
    tags: names("tags"),
    urls: names("URLs"),
    prefixes: names("prefixes"),
    hosts: names("hosts"),
    routes: names("route names"),
    everything: z.optional(z.boolean("must be true or false")),
    mode: z.optional(z.enum(["hard", "soft"], 'is "hard" or "soft"')),
    dryRun: z.optional(z.boolean("must be true or false")),
    reason: z.optional(
      z.string("must be a text").check(z.maxLength(512, "is over 512 characters")),
    ),
  },
  {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `${issue.keys.map((key) => JSON.stringify(key)).join(", ")} is no field of a purge`
        : "must be an object",
  },
);

export interface PurgeOrder {
  readonly targets: PurgeTargets;
  /** `soft` makes stale what it covers, where `hard` forbids any use of it. */
  readonly mode: PurgeMode;
  readonly reason: string;
  /** Asks what it would cover, and changes nothing. */
  readonly isDryRun: boolean;
}

/** How this site names what it stores. */
export interface Naming {
  readonly routeNames: ReadonlySet<string>;
  /** @returns the keyed URL; `undefined` for text that is no URL of an HTTP site */
  readonly keyedUrl: (url: string) => string | undefined;
  /** @returns a path, or scheme, host and path, normalised as keys are */
  readonly prefix: (prefix: string) => string | undefined;
  /** @returns the host as keys have it */
  readonly host: (host: string) => string;
}

/**
 * @param body text of the request
 * @returns the order, or why it is none
 */
export function readOrder(body: string, naming: Naming): PurgeOrder | { fault: string } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { fault: "The body is not JSON." };
  }
  const checked = z.safeParse(form, parsed);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return { fault: `${issue?.path.map(String).join(".") || "The body"} ${issue?.message}.` };
  }
  const { tags = [], urls = [], prefixes = [], hosts = [], routes = [] } = checked.data;
  const faults = [
    tags.filter(isTooLong).map(() => `A tag is over ${tagBytesMax} bytes.`),
    routes.filter((name) => !naming.routeNames.has(name)).map((name) => `No route is ${name}.`),
    urls.filter((url) => naming.keyedUrl(url) === undefined).map((url) => `${url} is no URL.`),
    prefixes
      .filter((prefix) => naming.prefix(prefix) === undefined)
      .map((prefix) => `${prefix} is no prefix: write /path/ or https://host/path/.`),
    hosts
      .filter((host) => !isHost(host))
      .map((host) => `${host} is no host: write it as it stands in a URL.`),
  ].flat();
  if (faults[0] !== undefined) return { fault: faults[0] };
  const targets: PurgeTargets = {
    tags: distinct([
      ...(checked.data.everything === true ? [everythingTag] : []),
      ...tags.map((tag) => userTag(tag.trim())),
      ...urls.map((url) => urlTag(naming.keyedUrl(url) ?? "")),
      ...hosts.map((host) => hostTag(naming.host(host))),
      ...routes.map(routeTag),
    ]),
    prefixes: distinct(prefixes.map((prefix) => naming.prefix(prefix) ?? "")),
  };
  const named = [...targets.tags, ...targets.prefixes];
  if (named.length === 0) return { fault: "It names nothing to purge." };
  if (named.some((target) => bytesOf(JSON.stringify(target)) > targetBytesMax)) {
    return { fault: `A URL, prefix or host is over ${targetBytesMax} bytes.` };
  }
  const { mode = "hard", reason = "", dryRun: isDryRun = false } = checked.data;
  return { targets, mode, reason, isDryRun };
}

function isTooLong(tag: string): boolean {
  return bytesOf(tag) > tagBytesMax;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function isHost(text: string): boolean {
  const url = `https://${text}`;
  return URL.canParse(url) && new URL(url).host === text.toLowerCase();
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}

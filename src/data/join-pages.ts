// Decides whether a data cache can use the core of its Worker's pages, and which of its options then
// have no effect.
import type { Fault } from "../base/operator-error.ts";
import type { CachePlatform } from "../create-cache.ts";
import type { Pages } from "../data-beside-pages.ts";
import type { RedisAddress } from "../redis/open-client.ts";
import type { DataSettings } from "./data-platform.ts";

const apart = "The data cache does not share the pages' core: it reads the purge journal itself.";

export const inUse: Fault = {
  what: apart,
  why: "It was used before the Worker started, or another Worker of this isolate uses it.",
  hint: "Use it for the first time while a request is answered, and pass it to one Worker only.",
};

const otherDatabase: Fault = {
  what: apart,
  why: "It has another database or another namespace than the pages.",
  hint: "Create it with the configuration and the variables of the Worker.",
};

/** Returns a fault if data cannot share the pages' core: its database, journal or namespace differs. */
export function whyApart(
  { platform, config, isOneProcess }: DataSettings,
  { core }: Pages,
): Fault | undefined {
  const { database, journal } = platform;
  if (isOneProcess) return otherDatabase;
  if (database === undefined) return undefined;
  const { database: ofPages, journal: journalOfPages } = core.settings.platform;
  // A store in code is only given to pages, and serves data as well.
  const isInCode = typeof journalOfPages === "function";
  const [own, theirs] = [journal, journalOfPages].map(addressOf);
  const isSame =
    database.url === ofPages?.url &&
    database.token === ofPages.token &&
    database.carry === ofPages.carry &&
    (isInCode || (own?.url === theirs?.url && own?.carry === theirs?.carry)) &&
    config.namespace === core.settings.config.namespace;
  return isSame ? undefined : otherDatabase;
}

function addressOf(journal: CachePlatform["journal"]): RedisAddress | undefined {
  return typeof journal === "object" ? journal : undefined;
}

/** Returns the fault of the options that differ from those of the pages, whose core the data cache uses. */
export function idleBeside(
  { given, config }: DataSettings,
  { core: { settings } }: Pages,
): Fault | undefined {
  const ofCore = (["cache", "log"] as const).filter(
    (name) => given[name] !== undefined && given[name] !== settings.platform[name],
  );
  const ofConfig = (["limits", "purge"] as const).filter(
    (name) => JSON.stringify(config[name]) !== JSON.stringify(settings.config[name]),
  );
  const idle = [...ofCore, ...ofConfig];
  if (idle.length === 0) return undefined;
  return {
    what: `Options of the data cache have no effect: ${idle.join(", ")}.`,
    why: "The data cache uses the stores, limits and log of the Worker's pages.",
    hint: "Create it with the configuration of the Worker, and set these options for the Worker.",
  };
}

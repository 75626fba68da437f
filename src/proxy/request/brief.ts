// Shortens the time in the shared tier of URLs that clients may have invented, while its database is tight.
import type { DatabaseRoom } from "../../redis/database-room.ts";
import type { LookupRequest } from "./plan.ts";

interface HasRoom {
  readonly room?: Pick<DatabaseRoom, "isTight"> | undefined;
}

/** The time that such a record is kept after its storage or last read. */
const briefMs = 10 * 60_000;

/**
 * Returns whether the database is tight and clients may have invented the query, because the route has no
 * `query.allow`.
 */
export function isBrief(
  { route, target }: Pick<LookupRequest, "route" | "target">,
  site: HasRoom,
): boolean {
  return target.query !== "" && route.queryAllow === undefined && site.room?.isTight === true;
}

/** Returns how long the shared tier keeps an unread record; `undefined` for its whole lifetime. */
export function sharedMsMax(
  asked: Pick<LookupRequest, "route" | "target">,
  site: HasRoom,
): number | undefined {
  return isBrief(asked, site) ? briefMs : undefined;
}

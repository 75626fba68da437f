// Shortens the shared tier's retention of responses to URLs that clients may have invented, while
// the tier's database is nearly full.
import type { DatabaseRoom } from "../../remote/redis/database-room.ts";
import type { LookupRequest } from "./plan.ts";
import { undecodedPath } from "./target.ts";

interface HasRoom {
  readonly room?: Pick<DatabaseRoom, "isTight"> | undefined;
}

/** The retention of such a record after it was stored or last read. */
const briefMs = 10 * 60_000;

/**
 * Returns whether the database is nearly full and clients may have invented the URL. Clients can
 * invent queries if the route has no `query.allow`, and spellings of a path, such as `/%61`.
 */
export function isBrief(
  { route, target }: Pick<LookupRequest, "route" | "target">,
  site: HasRoom,
): boolean {
  if (site.room?.isTight !== true) return false;
  if (undecodedPath(target) !== target.path) return true;
  return target.query !== "" && route.queryAllow === undefined;
}

/**
 * Returns how long the shared tier keeps an unread record; `undefined` for the record's whole
 * lifetime.
 */
export function sharedMsMax(
  request: Pick<LookupRequest, "route" | "target">,
  site: HasRoom,
): number | undefined {
  return isBrief(request, site) ? briefMs : undefined;
}

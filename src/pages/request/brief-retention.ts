// Shortens the shared tier's retention of responses to URLs that clients may have invented, while
// the tier's database is nearly full.
import type { DatabaseRoom } from "../../remote/redis/database-room.ts";
import type { LookupRequest } from "./plan.ts";
import { undecodedPath } from "../../routing/target.ts";

/** The retention of such a record after it was stored or last read. */
const briefMs = 10 * 60_000;

/**
 * Returns how long the shared tier keeps an unread record: ten minutes if the database is nearly
 * full and clients may have invented the URL; `undefined` for the record's whole lifetime. Clients
 * can invent queries if the route has no `query.allow`, contents of requests, and spellings of a path, such as `/%61`.
 */
export function sharedMsMax(
  { route, target, content }: Pick<LookupRequest, "route" | "target" | "content">,
  { room }: { readonly room?: Pick<DatabaseRoom, "isTight"> | undefined },
): number | undefined {
  if (room?.isTight !== true) return undefined;
  const isInventedQuery = target.query !== "" && route.queryAllow === undefined;
  if (content !== undefined || isInventedQuery) return briefMs;
  return undecodedPath(target) !== target.path ? briefMs : undefined;
}

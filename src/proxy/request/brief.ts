// What the shared tier keeps only briefly while its database fills: URLs that anybody can make up.
import type { DatabaseRoom } from "../../redis/database-room.ts";
import type { Asked } from "./plan.ts";

interface HasRoom {
  readonly room?: Pick<DatabaseRoom, "isTight"> | undefined;
}

/** So long such a record lies there after it was stored, or last read there. */
const briefMs = 10 * 60_000;

/**
 * Is the database tight, and has the URL a query that its route does not list (`query.allow`)? Then its values
 * may be made up.
 */
export function isBrief(
  { route, target }: Pick<Asked, "route" | "target">,
  site: HasRoom,
): boolean {
  return target.query !== "" && route.queryAllow === undefined && site.room?.isTight === true;
}

/** How long the shared tier keeps a record that nobody asks it for; `undefined` for its whole lifetime. */
export function sharedMsMax(
  asked: Pick<Asked, "route" | "target">,
  site: HasRoom,
): number | undefined {
  return isBrief(asked, site) ? briefMs : undefined;
}

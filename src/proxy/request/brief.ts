// What the shared tier keeps only briefly while its database fills: URLs that anybody can make up.
import type { DatabaseRoom } from "../../redis/database-room.ts";
import type { Asked } from "./plan.ts";

/** What knows how full the database is; `undefined` without one. */
export interface RoomPorts {
  readonly room?: Pick<DatabaseRoom, "isTight" | "isPaused" | "beforeWrite"> | undefined;
}

/** So long such a record lies there after it was stored, or last read there. */
const briefMs = 10 * 60_000;

/**
 * Is the database tight, and has the URL a query that its route does not list (`query.allow`)? Then its values
 * may be made up.
 */
export function isBrief(
  { route, target }: Pick<Asked, "route" | "target">,
  ports: RoomPorts,
): boolean {
  return target.query !== "" && route.queryAllow === undefined && ports.room?.isTight === true;
}

/** How long the shared tier keeps a record that nobody asks it for; `undefined` for its whole lifetime. */
export function sharedMsMax(
  asked: Pick<Asked, "route" | "target">,
  ports: RoomPorts,
): number | undefined {
  return isBrief(asked, ports) ? briefMs : undefined;
}

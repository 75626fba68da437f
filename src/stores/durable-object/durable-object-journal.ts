// The journal of a Worker in a Durable Object.
import type { ObjectPlacement } from "../../protocol/object-placement.ts";
import { type JournalInCode, journalMaker } from "../../purge/create-purging.ts";
import { ObjectClient } from "./object-client.ts";
import { ObjectJournal, ObjectSubscribers } from "./object-journal.ts";
import { placedObjects } from "./object-namespace.ts";

/** A class of Durable Objects, named by its binding in wrangler.toml. */
export interface DurableObjectJournal extends ObjectPlacement {
  /** Default: `JOURNAL`. */
  readonly binding?: string;
  /**
   * Whether one isolate of each colo listens at the object for the next purge, so that purges usually
   * arrive within half a second. The bound of N stays the same. Default: false.
   */
  readonly hints?: boolean;
}

/**
 * Stores the purge journal and the switch in a Durable Object with SQLite, in place of Redis. Each
 * `namespace` of the configuration has an object of its own. The Worker must export the class
 * `TidemarkJournal`.
 *
 * @example
 * export { TidemarkJournal } from "tidemark/cloudflare";
 * export default createWorker(config, { stores: { ...upstash(), journal: durableObjectJournal() } });
 */
export function durableObjectJournal({
  binding = "JOURNAL",
  hints = false,
  ...place
}: DurableObjectJournal = {}): JournalInCode {
  return {
    bound(env) {
      const objects = placedObjects(env, { binding, className: "TidemarkJournal", ...place });
      if ("why" in objects) {
        const what = "The purge journal is off, so purges are refused and no shared tier is used.";
        return { what, ...objects };
      }
      return journalMaker(({ namespace, ...settings }) => {
        const id = objects.idFromName(namespace);
        const client = new ObjectClient({ ...settings, stub: () => objects.get(id) });
        const journal = new ObjectJournal({ ...settings, client });
        const listen = hints ? client.listen : undefined;
        const name = `object ${id.toString()}`;
        const subscribers = new ObjectSubscribers(client);
        // No client can compute the ID of an object, and no object has this one.
        const secret = objects.idFromName(`${namespace} secret`).toString();
        const own = { name, secret, subscribers, listen };
        return { ...own, journal, switching: journal, health: client.remote.health };
      });
    },
  };
}

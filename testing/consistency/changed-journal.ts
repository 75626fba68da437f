// Creates journals with replaced methods, in Redis and in a Durable Object.
import { isFault } from "../../src/base/operator-error.ts";
import type { Journal } from "../../src/purge/journal/journal.ts";
import type { JournalInCode } from "../../src/purge/create-purging.ts";
import {
  RedisJournal,
  type RedisJournalSettings,
} from "../../src/stores/redis/journal/redis-journal.ts";

/** Receives the real journal, and returns the replacements. */
export type JournalChange = (
  real: Journal,
  settings: Pick<RedisJournalSettings, "nowAtMs">,
) => Partial<Journal>;

export const changedJournal =
  (change: JournalChange) =>
  (settings: RedisJournalSettings): Journal =>
    Object.assign(new RedisJournal(settings), change(new RedisJournal(settings), settings));

export function changedInCode(journal: JournalInCode, change: JournalChange): JournalInCode {
  return {
    ...journal,
    bound(env) {
      const open = journal.bound(env);
      if (isFault(open)) return open;
      return (settings, platform) => {
        const opened = open(settings, platform);
        Object.assign(opened.journal, change(open(settings, platform).journal, platform));
        return opened;
      };
    },
  };
}

// A journal in Redis with some of its methods in the place of the real ones.
import type { Journal } from "../../src/purge/journal/journal.ts";
import {
  RedisJournal,
  type RedisJournalSettings,
} from "../../src/stores/redis/journal/redis-journal.ts";

/** @param change is given the real journal */
export const changedJournal =
  (change: (real: Journal, settings: RedisJournalSettings) => Partial<Journal>) =>
  (settings: RedisJournalSettings): Journal =>
    Object.assign(new RedisJournal(settings), change(new RedisJournal(settings), settings));

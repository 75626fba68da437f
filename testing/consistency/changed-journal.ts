// Creates journals in Redis with replaced methods.
import type { Journal } from "../../src/purge/journal/journal.ts";
import {
  RedisJournal,
  type RedisJournalSettings,
} from "../../src/stores/redis/journal/redis-journal.ts";

/** @param change receives the real journal, and returns the replacements */
export const changedJournal =
  (change: (real: Journal, settings: RedisJournalSettings) => Partial<Journal>) =>
  (settings: RedisJournalSettings): Journal =>
    Object.assign(new RedisJournal(settings), change(new RedisJournal(settings), settings));

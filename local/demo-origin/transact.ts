// All of some work, or nothing of it.
import type { DatabaseSync } from "node:sqlite";

/** @param work synchronous, so that nothing else can come between on the same connection */
export function transact<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (cause) {
    // Some failures, such as a full disk, have rolled it back already.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw cause;
  }
}

// The number of Redis commands that each operation may cost. Only this file and command-use.ts
// depend on the form of a record.

/** One GETRANGE. A lookup with `Vary` costs two: for the marker and for the variant. */
export const aLookUp = 1;
/** One SET. A fill with `Vary` costs two: for the variant and for the marker. */
export const aFill = 1;
/**
 * One SET of the whole record. The bodies of the trace are too short for a method that reads them
 * first.
 */
export const aFreshening = 1;
/** SET, GET and GETRANGE to take the lease, and EVAL to release it. */
export const aLease = 4;
/** One EVAL, which appends the purge's entries and notes them in the journal's book. */
export const aPurge = 1;
/**
 * One XRANGE for each purge, and one SET for each request that reads back, N/2 after the purge.
 * Other reads of a purge count as reads of the journal.
 */
export const aPurgeReadBack = (purges: number, times: number): number =>
  purges + Math.min(purges, times);

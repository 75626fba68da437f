// The number of Redis commands that each operation may cost. This file and command-use.ts are the
// only ones here that depend on the form of a record.

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
/** XADD. */
export const aPurge = 1;
/**
 * XRANGE for each purge, and SET for each read-back, N/2 later. Other reads of a purge count as
 * reads of the journal.
 */
export const aPurgeReadBack = (purges: number, times: number): number =>
  purges + Math.min(purges, times);

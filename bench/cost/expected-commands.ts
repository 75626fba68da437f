// The number of Redis commands that each operation may cost. This file and command-use.ts are the
// only ones here that depend on the form of a record.

/** GETRANGE of one record; with `Vary`, of the marker and of the variant. */
export const aLookUp = 1;
/** SET of one record; with `Vary`, of the variant and of the marker. */
export const aFill = 1;
/**
 * SET of the whole record. Every body of the trace is so short that a separate read would not pay.
 */
export const aFreshening = 1;
/** SET, GET and GETRANGE; later EVAL, which returns the lease. */
export const aLease = 4;
/** XADD. */
export const aPurge = 1;
/**
 * XRANGE for each purge, and SET for each read-back, N/2 later. Other reads of a purge count as
 * reads of the journal.
 */
export const aPurgeReadBack = (purges: number, times: number): number =>
  purges + Math.min(purges, times);

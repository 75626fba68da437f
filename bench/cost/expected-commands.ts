// How many Redis commands each thing may cost. With them, what the shared tier's commands are called
// stands in command-use.ts; nothing else here knows in which form it keeps a record.

/** GETRANGE of one record; with `Vary`, of the marker and of the variant. */
export const aLookUp = 1;
/** SET of one record; with `Vary`, of the variant and of the marker. */
export const aFill = 1;
/** SET of all of it: no body of the trace is so long that it pays to leave it and ask first. */
export const aFreshening = 1;
/** SET, GET and GETRANGE; then EVAL, by which it is given back. */
export const aLease = 4;
/** XADD. */
export const aPurge = 1;
/**
 * XRANGE for each, and SET for each time that some are read back, N/2 later. That a purge is read on
 * besides is a read of the journal.
 */
export const aPurgeReadBack = (purges: number, times: number): number =>
  purges + Math.min(purges, times);

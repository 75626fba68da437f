// How many Redis commands each thing may cost. With them, what the shared tier's commands are called
// stands in command-use.ts; nothing else here knows in which form it keeps a record.

/** HMGET of one record; with `Vary`, of the marker and of the variant. */
export const aLookUp = 1;
/** HSET and PEXPIRE of one record; with `Vary`, of the variant and of the marker. */
export const aFill = 2;
/** HSET and PEXPIRE of the metadata. */
export const aFreshening = 2;
/** HGET, where this look-up has not read the body in Redis: metadata is not written without one. */
export const aLookBeforeAFreshening = 1;
/** SET, GET and HGET; then EVAL, by which it is given back. */
export const aLease = 4;
/** XADD. */
export const aPurge = 1;
/** SET and XRANGE, N/2 later; that a purge is read on besides is a read of the journal. */
export const aPurgeReadBack = 2;

/*
 * Keeps the search small: what no rule and no invariant looks at any more is erased, so that states
 * that differ only in it count once.
 */
static const int beginning = 24;

/*
 * Time does not grow in the search: when it passes, all noted instants become older. An instant older
 * than any rule or invariant looks at becomes `gone`, so that the search needs no last instant.
 */
#define AGE(instant, window, gone) \
  if (instant && instant != LASTING) \
    instant = instant - 1 >= beginning - (window) ? instant - 1 : (gone)

static void let_time_pass(void) {
  if (SET(prompt)) memset(now.read, 0, sizeof now.read);
  int recent = SET(usual_lag) - SET(allowance) + SET(clock_error);
  /* An entry from before this time is older than any answer of a cache. */
  int cached = SET(cached) + 2 * SET(allowance) + SET(clock_error);
  for (int v = 1; v < now.versions; v += 1) now.journal[v].until -= 1;
  forget_versions();
  for (int e = 1; e <= now.entries; e += 1) {
    AGE(ENTRY(e).countsFrom, max_answer_lag(0), 1);
    AGE(ENTRY(e).appendedAt, cached, 0);
    AGE(ENTRY(e).appliedAt, SET(prompt) ? 0 : recent, 0);
  }
  for (int i = 0; i < ISOLATES; i += 1) {
    AGE(VIEW(i).asOf, recent, 0);
    AGE(VIEW(i).latest, recent, 0);
    AGE(VIEW(i).doubtUpTo, recent, 0);
    for (int s = 0; s < READS; s += 1) AGE(READ(i, s).sentAt, recent, 0);
  }
  for (int k = 0; k < PROMISES; k += 1) AGE(now.promise[k].due, 1, 1);
  for (int c = 0; c <= ISOLATES; c += 1) AGE(now.copy[c].asOf, recent, 0);
  for (int r = 1; r <= RECORDS; r += 1) {
    AGE(RECORD(r).requestedAt, recent, 0);
    AGE(RECORD(r).bodyAt, recent, 0);
    AGE(RECORD(r).keptSince, SET(cached), 1);
  }
}

/* Returns whether a response is older than an entry. */
static int is_older_response(int e) {
  for (int r = 1; r <= SET(records); r += 1)
    if (RECORD(r).state >= GENERATED && RECORD(r).generated < e) return 1;
  return 0;
}

/* Erases what can no longer change anything, so that equal states count once. */
static void erase_unused(void) {
  for (int e = 1; e <= now.entries; e += 1) {
    if (!SET(slow) && !SET(repeats)) ENTRY(e).by = 0;
    if (!ENTRY(e).applied) ENTRY(e).appliedAt = 0;
    if (is_older_response(e) || ENTRY(e).appendedAt) continue;
    ENTRY(e).countsFrom = 1;
    ENTRY(e).missed = 0;
  }
  for (int r = 1; r <= SET(records); r += 1)
    if (RECORD(r).state == STORED) RECORD(r).requestedAt = RECORD(r).by = 0;
  for (int i = 0; i < ISOLATES; i += 1)
    for (int s = 0; s < READS; s += 1) {
      struct Read *it = &READ(i, s);
      int is_old = it->sentAt <= VIEW(i).asOf;
      int is_same = it->last == VIEW(i).last && it->base == it->last;
      int is_late = it->kind != COPIED && it->base != VIEW(i).last && dropped != R13_END;
      int is_copied = it->kind == COPIED && is_old && dropped != R14_NEWER;
      if (it->state == SERVED && ((((is_old && is_same) || is_late) && !SET(books)) || is_copied))
        memset(it, 0, sizeof *it);
    }
}


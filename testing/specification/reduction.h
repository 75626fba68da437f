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
  int recent = SET(usual_lag) - SET(allowance);
  for (int v = 1; v < now.versions; v += 1) now.journal[v].until -= 1;
  forget_versions();
  for (int e = 1; e <= now.entries; e += 1) {
    AGE(ENTRY(e).countsFrom, max_answer_lag(), 1);
    AGE(ENTRY(e).appliedAt, SET(prompt) ? 0 : recent, 0);
  }
  for (int i = 0; i < ISOLATES; i += 1) {
    AGE(VIEW(i).asOf, recent, 0);
    for (int s = 0; s < READS; s += 1) AGE(READ(i, s).sentAt, recent, 0);
  }
  for (int k = 0; k < PROMISES; k += 1) AGE(now.promise[k].due, 1, 1);
  AGE(RESPONSE.bodyAt, recent, 0);
}

/* Erases what can no longer change anything, so that equal states count once. */
static void erase_unused(void) {
  for (int e = 1; e <= now.entries; e += 1) {
    if (!SET(slow) && !SET(repeats)) ENTRY(e).by = 0;
    if (!ENTRY(e).applied) ENTRY(e).appliedAt = 0;
    if (RESPONSE.isLoaded && RESPONSE.generated < e) continue;
    ENTRY(e).countsFrom = 1;
    ENTRY(e).missed = 0;
  }
  for (int i = 0; i < ISOLATES; i += 1)
    for (int s = 0; s < READS; s += 1) {
      struct Read *it = &READ(i, s);
      int is_same = it->sentAt <= VIEW(i).asOf && it->last == VIEW(i).last && it->base == it->last;
      if (it->state == SERVED && (is_same || it->base != VIEW(i).last)) memset(it, 0, sizeof *it);
    }
}

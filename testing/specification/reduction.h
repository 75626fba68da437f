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
  int recent = SET(usual_lag) - SET(allowance);
  for (int e = 1; e <= now.entries; e += 1) AGE(ENTRY(e).countsFrom, SET(usual_lag), 1);
  for (int i = 0; i < ISOLATES; i += 1) AGE(VIEW(i).asOf, recent, 0);
  for (int k = 0; k < PROMISES; k += 1) AGE(now.promise[k].due, 1, 1);
  AGE(RESPONSE.bodyAt, recent, 0);
}

/* Erases what can no longer change anything, so that equal states count once. */
static void erase_unused(void) {
  for (int e = 1; e <= now.entries; e += 1) {
    if (!SET(repeats)) ENTRY(e).by = 0;
    if (!RESPONSE.isLoaded || RESPONSE.generated >= e) ENTRY(e).countsFrom = 1;
  }
}

/* Isolates: their clocks and their views, and the one response that they answer with. */
#define VIEW(i) now.isolate[i]
#define RESPONSE now.response[0]

static int clock_of(int i) { return now.time + VIEW(i).offset; }

static int knows(int i, int e) { return on_path(e, VIEW(i).first, VIEW(i).last); }

/* Returns whether an instant is at most N - A ago, by the clock of an isolate. */
static int within_bound(int i, int instant) {
  return clock_of(i) - instant <= SET(usual_lag) - SET(allowance);
}

/* An isolate begins, without a view. */
static int may_start(void) { return 1; }

static void do_start(void) {
  int i = event.isolate;
  memset(&VIEW(i), 0, sizeof VIEW(i));
  VIEW(i).offset = event.asOf;
  for (int e = 1; e <= now.entries; e += 1) {
    ENTRY(e).applied &= ~BIT(i);
    ENTRY(e).known &= ~BIT(i);
    ENTRY(e).stands &= ~BIT(i);
    ENTRY(e).gone &= ~BIT(i);
  }
  for (int k = 0; k < PROMISES; k += 1)
    if (now.promise[k].isolate == i + 1) memset(&now.promise[k], 0, sizeof now.promise[k]);
  for (int k = 0; k < LOOKS; k += 1)
    if (now.look[k].isolate == i + 1) memset(&now.look[k], 0, sizeof now.look[k]);
}

/* The view gets the entries from `first` to `last`. The proof has the conditions. */
static int may_take(void) { return 1; }

static void do_take(void) {
  int i = event.isolate;
  VIEW(i).first = event.first;
  VIEW(i).last = event.last;
  VIEW(i).asOf = event.asOf;
  for (int e = 1; e <= now.entries; e += 1)
    if (knows(i, e)) {
      ENTRY(e).known |= BIT(i);
      ENTRY(e).applied &= ~BIT(i);
    }
}

/* The first isolate loads and stores the response. */
static int may_load(void) { return !RESPONSE.isLoaded; }

static void do_load(void) {
  RESPONSE.isLoaded = 1;
  RESPONSE.stamp = VIEW(0).last;
  RESPONSE.bodyAt = clock_of(0);
  RESPONSE.generated = now.entries;
}

/* The lineages prove that no later entry up to the view's end covers the response (rule 27). */
static int may_restamp(void) {
  int stamp = RESPONSE.stamp, end = VIEW(event.isolate).last;
  if (!RESPONSE.isLoaded || knows(event.isolate, stamp) || RESPONSE.restamp == end) return 0;
  if (!is_noted(stamp) || !is_noted(end)) return 0;
  for (int at = JOURNAL.last; at && at != stamp; at = ENTRY(at).before)
    if (ENTRY(at).covers) return 0;
  return 1;
}

static void do_restamp(void) { RESPONSE.restamp = VIEW(event.isolate).last; }

/* Returns whether a known purge is later than the stamp, or any if the stamp is unknown (rules 5, 6 and 22). */
static int is_purged(int i, int stamp) {
  for (int e = 1; e <= now.entries; e += 1) {
    int is_later = !knows(i, stamp) || !in_history(e, stamp);
    if (!ENTRY(e).covers || e == stamp) continue;
    if (knows(i, e) ? is_later : ENTRY(e).applied & BIT(i)) return 1;
  }
  return 0;
}

/* Applies rules 5 to 7 to the response with a stamp. */
static int usable(int i, int stamp) {
  if (!RESPONSE.isLoaded || is_purged(i, stamp)) return 0;
  return (knows(i, stamp) && within_bound(i, VIEW(i).asOf)) ||
         (!i && within_bound(i, RESPONSE.bodyAt));
}

/* Returns whether so many entries have followed an entry that the view holds none as old. */
static int is_overrun(int i, int e) {
  int first = VIEW(i).first;
  return e < first && path_count(first, VIEW(i).last) == SET(held);
}

/*
 * BOUND: the response does not answer later than N after an entry that covers it, if that entry is not
 * lost.
 * FORGOT: it does not answer where an isolate knows an entry that covers it, lost or not. If more
 * entries follow than a view holds, only BOUND applies.
 */
static void check_answers(void) {
  for (int i = 0; i < SET(isolates); i += 1) {
    if (!usable(i, RESPONSE.stamp) && !(RESPONSE.restamp && usable(i, RESPONSE.restamp))) continue;
    for (int e = RESPONSE.generated + 1; e <= now.entries; e += 1) {
      int from = ENTRY(e).countsFrom;
      if (!ENTRY(e).covers) continue;
      if (ENTRY(e).known & BIT(i) && !is_overrun(i, e)) now.forgot = 1;
      if (from != LASTING && now.time > from + SET(usual_lag)) now.bound = 1;
    }
  }
}

/*
 * One response, which the first isolate has loaded, and its answers. The proof covers what tiers do
 * with responses, so a search only asks which purges forbid an answer.
 */
#define RESPONSE now.response[0]

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
  return (knows(i, stamp) && within_bound(i, VIEW(i).asOf)) || (!i && within_bound(i, RESPONSE.bodyAt));
}

/* The lineages prove that no later entry up to the view's end covers the response (rule 27). */
static int may_restamp(void) {
  struct Read seen = {.first = JOURNAL.first, .last = JOURNAL.last};
  int stamp = RESPONSE.stamp, end = VIEW(event.isolate).last;
  seen.linedFirst = JOURNAL.linedFirst;
  seen.unproven = JOURNAL.unproven;
  if (!RESPONSE.isLoaded || knows(event.isolate, stamp) || RESPONSE.restamp == end) return 0;
  if (proof_of(stamp, &seen) != NOTED || proof_of(end, &seen) != NOTED) return 0;
  for (int at = JOURNAL.last; at && at != stamp; at = ENTRY(at).before)
    if (ENTRY(at).covers) return 0;
  return 1;
}

static void do_restamp(void) { RESPONSE.restamp = VIEW(event.isolate).last; }

/* How long after a purge a response may answer: N, and what a replica's lag exceeds A by. */
static int max_answer_lag(void) {
  int excess = SET(replica_lag) - SET(allowance);
  return SET(usual_lag) + (excess > 0 ? excess : 0);
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
      if (from != LASTING && now.time > from + max_answer_lag()) now.bound = 1;
    }
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

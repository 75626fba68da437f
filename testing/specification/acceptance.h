/* Accepted purges: until a read returns them they apply separately, and they are read back. */
enum found { UNREAD, STANDS, TRIMMED, GONE };
enum asked { UNASKED, ASKED, AT_PRIMARY };
enum { ATTENDED = 255, tries_max = 4 };

static struct Promise *promise_of(int i, int e) {
  for (int k = 0; k < PROMISES; k += 1)
    if (now.promise[k].isolate == i + 1 && now.promise[k].entry == e) return &now.promise[k];
  return NULL;
}

/* Forgets a promise, unless another read-back of the same entry is under way. */
static void end_promise(struct Promise *it) {
  if (!it) return;
  if (!it->read || it->read == ATTENDED) memset(it, 0, sizeof *it);
  else it->due = LASTING;
}

static int has_room(void) { return !SET(read_back) || promise_of(-1, 0); }

static void promise_read_back(int i, int e, int due) {
  if (!SET(read_back)) return;
  struct Promise *it = promise_of(i, e);
  if (!it) it = promise_of(-1, 0);
  if (!it) fail_hard("promises");
  it->isolate = i + 1;
  it->entry = e;
  it->due = due;
  it->asked = UNASKED;
  it->found = UNREAD;
  it->read = 0;
}

static void apply(int i, int e) {
  if (!knows(i, e)) {
    ENTRY(e).applied |= BIT(i);
    ENTRY(e).appliedAt = clock_of(i);
  }
  ENTRY(e).known |= BIT(i);
}

/* The journal has confirmed an append to an isolate, which applies the entry at once (rule 21). */
static int may_accept(void) {
  int e = event.entry;
  return RULE(R21_OWN, e && e <= now.entries && ENTRY(e).by == event.isolate + 1) && has_room();
}

static void do_accept(void) {
  apply(event.isolate, event.entry);
  promise_read_back(event.isolate, event.entry, now.time + SET(read_back));
}

/*
 * The sender gets 200: after an append of its own, or because a recent view has the entry of an
 * earlier attempt, which is then read back again.
 */
static int may_answer_sender(void) {
  int i = event.isolate, e = event.entry;
  if (!RULE(R21_OWN, e != 0)) return 0;
  return promise_of(i, e) || (RULE(R21_READ, knows(i, e) && within_bound(i, VIEW(i).asOf, SET(usual_lag))) &&
                              has_room());
}

static void do_answer_sender(void) {
  int i = event.isolate, e = event.entry;
  if (!promise_of(i, e)) promise_read_back(i, e, now.time + SET(read_back));
  ENTRY(e).known |= BIT(i);
}

/* An isolate asks for an entry of its own, by a timer or because a renewal should have had it. */
static int may_ask(void) { return event.entry && (promise_of(event.isolate, event.entry) || has_room()); }

static void do_ask(void) {
  int i = event.isolate, e = event.entry;
  if (!promise_of(i, e)) promise_read_back(i, e, LASTING);
  struct Promise *it = promise_of(i, e);
  /* If a read-back takes longer than a repetition waits, both count as tries, so the next is late. */
  if (it->asked) it->due = LASTING;
  it->asked = ASKED;
  it->found = UNREAD;
  it->tries += 1;
}

/* Returns whether an entry is gone, and no step of its isolate is under way. */
static int is_unattended(struct Promise *it) { return it->found == GONE && !it->read; }

/*
 * An isolate sends a read-back to the primary: of the entries that it has just asked for, or a second
 * one of those that are gone, for the book.
 */
static int may_send_back(void) { return may_send(); }

static void do_send_back(void) {
  int i = event.isolate, is_first = 0;
  send_read(i, event.read);
  READ(i, event.read).back = 1;
  for (int k = 0; k < PROMISES; k += 1)
    is_first |= now.promise[k].isolate == i + 1 && now.promise[k].asked == ASKED;
  for (int k = 0; k < PROMISES; k += 1) {
    struct Promise *it = &now.promise[k];
    int is_second = it->asked == AT_PRIMARY && !it->read && it->found != STANDS;
    if (it->isolate != i + 1 || !(is_first ? it->asked == ASKED : is_second)) continue;
    it->asked = AT_PRIMARY;
    it->read = event.read + 1;
  }
}

/* An isolate sends an append of purges to the primary. */
static int may_send_append(void) { return may_send(); }

static void do_send_append(void) {
  int i = event.isolate;
  send_read(i, event.read);
  for (int k = 0; k < PROMISES; k += 1)
    if (now.promise[k].isolate == i + 1 && is_unattended(&now.promise[k])) now.promise[k].read = ATTENDED;
}

/* Notes what the primary has of an entry that an isolate has asked for. */
static void note_read_back(struct Promise *it, int is_linked) {
  struct Read seen = {.first = JOURNAL.first, .last = JOURNAL.last};
  int i = it->isolate - 1, e = it->entry;
  seen.notedFirst = JOURNAL.notedFirst;
  seen.notedLast = JOURNAL.notedLast;
  int stands = on_path(e, seen.first, seen.last);
  int found = stands ? STANDS : trimmed(e, &seen) ? TRIMMED : GONE;
  if (found == GONE) ENTRY(e).gone |= BIT(i);
  else ENTRY(e).stands |= BIT(i);
  /* The second read-back of a missing entry asks only the book. */
  int is_missing = it->found == TRIMMED || it->found == GONE;
  if (is_linked && it->found != STANDS) it->found = is_missing && stands ? GONE : found;
  if (is_linked && it->found == GONE) ENTRY(e).gone |= BIT(i);
}

static void note_read_backs(int i, int s) {
  for (int k = 0; k < PROMISES; k += 1) {
    struct Promise *it = &now.promise[k];
    if (it->isolate == i + 1 && it->asked == AT_PRIMARY) note_read_back(it, it->read == s + 1);
  }
}

/* A read-back has ended, with a reply or without. */
static void end_read_back(int i, int s, int read) {
  for (int k = 0; k < PROMISES; k += 1)
    if (now.promise[k].isolate == i + 1 && now.promise[k].read == s + 1) now.promise[k].read = read;
}

/* A reply to a read-back arrives. If an entry is gone, the isolate must act at once. */
static int may_reply(void) { return READ(event.isolate, event.read).state == SERVED; }

static void do_reply(void) {
  int i = event.isolate;
  end_read_back(i, event.read, 0);
  memset(&READ(i, event.read), 0, sizeof READ(i, event.read));
}

/* A reply is lost. */
static int may_miss(void) { return 1; }

static void do_miss(void) {
  int i = event.isolate;
  end_read_back(i, event.read, ATTENDED);
  memset(&READ(i, event.read), 0, sizeof READ(i, event.read));
}

/* Drops an accepted entry that no read will return, or that the view has. */
static int may_confirm(void) {
  int i = event.isolate, e = event.entry;
  return e && RULE(R22_STANDS, ENTRY(e).stands & BIT(i));
}

static void do_confirm(void) {
  int i = event.isolate, e = event.entry;
  struct Promise *it = promise_of(i, e);
  int floor = VIEW(i).first;
  int is_below = floor && ENTRY(e).position < ENTRY(floor).position;
  if (is_below || knows(i, e)) ENTRY(e).applied &= ~BIT(i);
  end_promise(it);
}

/* An isolate replaces an entry that is gone with one that it has appended again (rule 22). */
static int may_replace(void) {
  int i = event.isolate, e = event.entry, again = event.other;
  return e && RULE(R22_GONE, ENTRY(e).gone & BIT(i)) && again &&
         RULE(R21_OWN, ENTRY(again).by == i + 1) && ENTRY(again).covers == ENTRY(e).covers &&
         ENTRY(again).hard == ENTRY(e).hard;
}

static void do_replace(void) {
  int i = event.isolate, e = event.entry;
  struct Promise *it = promise_of(i, e);
  int tries = it ? it->tries : 0;
  int is_timed = it && it->due != LASTING && tries < tries_max;
  ENTRY(e).applied &= ~BIT(i);
  apply(i, event.other);
  end_promise(it);
  promise_read_back(i, event.other, is_timed ? now.time + SET(read_back_again) : LASTING);
  if (SET(read_back)) promise_of(i, event.other)->tries = tries;
}

/* Returns whether time may pass: no isolate has a read-back or an append that is due. */
static int within_wait(void) {
  for (int k = 0; k < PROMISES; k += 1) {
    struct Promise *it = &now.promise[k];
    if (!it->isolate) continue;
    int is_due = it->asked == UNASKED && it->due < event.at;
    if (!RULE(R22_DUE, !is_due && it->asked != ASKED)) return 0;
    if (!RULE(R22_AGAIN, !is_unattended(it))) return 0;
  }
  return 1;
}

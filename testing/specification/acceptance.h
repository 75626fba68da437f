/* Accepted purges: until a read returns them they apply separately, and they are read back. */
enum found { UNREAD, STANDS, TRIMMED, GONE };
enum { tries_max = 4, APPENDING = 255 };

static struct Promise *promise_of(int i, int e) {
  for (int k = 0; k < PROMISES; k += 1)
    if (now.promise[k].isolate == i + 1 && now.promise[k].entry == e) return &now.promise[k];
  return NULL;
}

static int has_room(void) { return !SET(read_back) || promise_of(-1, 0); }

static void promise_read_back(int i, int e, int due, int tries) {
  if (!SET(read_back)) return;
  struct Promise *it = promise_of(i, e);
  if (!it) it = promise_of(-1, 0);
  if (!it) fail_hard("promises");
  it->isolate = i + 1;
  it->entry = e;
  it->due = due;
  it->tries = tries;
}

static void end_promise(int i, int e) {
  struct Promise *it = promise_of(i, e);
  if (it) memset(it, 0, sizeof *it);
}

static void apply(int i, int e) {
  if (!knows(i, e)) ENTRY(e).applied |= BIT(i);
  ENTRY(e).known |= BIT(i);
}

/* The journal has confirmed an append to an isolate, which applies the entry at once (rule 21). */
static int may_accept(void) {
  int e = event.entry;
  return RULE(R21_OWN, e && e <= now.entries && ENTRY(e).by == event.isolate + 1) && has_room();
}

static void do_accept(void) {
  apply(event.isolate, event.entry);
  promise_read_back(event.isolate, event.entry, now.time + SET(read_back), 0);
}

/*
 * The sender gets 200: after an append of its own, or because a recent view has the entry of an
 * earlier attempt, which is then read back again.
 */
static int may_answer_sender(void) {
  int i = event.isolate, e = event.entry;
  if (!RULE(R21_OWN, e != 0)) return 0;
  return promise_of(i, e) || (RULE(R21_READ, knows(i, e) && within_bound(i, VIEW(i).asOf)) &&
                              has_room());
}

static void do_answer_sender(void) {
  int i = event.isolate, e = event.entry;
  /* A read-back from before proves nothing of the answer. */
  if (!promise_of(i, e)) {
    ENTRY(e).stands &= ~BIT(i);
    promise_read_back(i, e, now.time + SET(read_back), 0);
  }
  ENTRY(e).known |= BIT(i);
}

/* An isolate asks for an entry of its own, by a timer or because a renewal should have had it. */
static struct Look *look_of(int i, int e) {
  for (int k = 0; k < LOOKS; k += 1)
    if (now.look[k].isolate == i + 1 && now.look[k].entry == e) return &now.look[k];
  return NULL;
}

static int may_ask(void) { return event.entry && look_of(-1, 0); }

static void do_ask(void) {
  int i = event.isolate, e = event.entry;
  struct Promise *it = promise_of(i, e);
  if (it) {
    /* If a read-back takes longer than a repetition waits, the code counts both as tries. */
    it->tries = look_of(i, e) ? tries_max : it->tries + 1;
    it->due = LASTING;
  }
  struct Look *look = look_of(i, e);
  if (!look || look->read != APPENDING) look = look_of(-1, 0);
  memset(look, 0, sizeof *look);
  look->isolate = i + 1;
  look->entry = e;
}

static int is_gone(struct Look *it) { return it->found == GONE && !it->read; }

static int is_unsent(struct Look *it) { return it->isolate && it->found == UNREAD && !it->read; }

/* Returns whether a read-back is part of the read of the event. */
static int is_of_event(struct Look *it) {
  return it->isolate == event.isolate + 1 && it->read == event.read + 1;
}

/*
 * An isolate sends a read-back to the primary: of the entries that it has just asked for, or a second
 * one of those that the first has not found, for the lineages.
 */
static int may_send_back(void) { return 1; }

static void do_send_back(void) {
  int i = event.isolate, is_first = 0;
  for (int k = 0; k < LOOKS; k += 1)
    is_first |= now.look[k].isolate == i + 1 && is_unsent(&now.look[k]);
  for (int k = 0; k < LOOKS; k += 1) {
    struct Look *it = &now.look[k];
    if (it->isolate == i + 1 && !it->read && is_first == is_unsent(it)) it->read = event.read + 1;
  }
}

/* An isolate sends an append of purges to the primary. */
static int may_send_append(void) { return 1; }

static void do_send_append(void) {
  for (int k = 0; k < LOOKS; k += 1)
    if (now.look[k].isolate == event.isolate + 1 && is_gone(&now.look[k])) now.look[k].read = APPENDING;
}

/* The journal lacks an entry because of trimming: only newer entries remain, as many as trimming leaves. */
static int is_trimmed(int e) {
  if (!JOURNAL.last || ENTRY(JOURNAL.first).position <= ENTRY(e).position) return 0;
  return path_count(JOURNAL.first, JOURNAL.last) >= SET(kept) &&
         RULE(R22_TRIMMED, is_noted(e));
}

/* Notes what the primary has of an entry. A second read-back asks only the lineages. */
static void note_look(struct Look *it) {
  int i = it->isolate - 1, e = it->entry, is_second = it->found != UNREAD;
  int stands = !is_second && on_path(e, JOURNAL.first, JOURNAL.last);
  it->found = stands ? STANDS : is_trimmed(e) ? TRIMMED : GONE;
  if (it->found == GONE) ENTRY(e).gone |= BIT(i);
  else ENTRY(e).stands |= BIT(i);
}

/* The database executes a read. */
static int may_serve(void) {
  return !event.isPrimary || (event.first == JOURNAL.first && event.last == JOURNAL.last &&
                              event.linedFirst == JOURNAL.linedFirst);
}

static void do_serve(void) {
  for (int k = 0; k < LOOKS; k += 1)
    if (is_of_event(&now.look[k])) note_look(&now.look[k]);
}

/* A reply to a read-back arrives. If an entry is gone, the isolate must act at once. */
static int may_reply(void) { return 1; }

static void do_reply(void) {
  for (int k = 0; k < LOOKS; k += 1) {
    struct Look *it = &now.look[k];
    if (!is_of_event(it)) continue;
    it->read = 0;
    if (it->found == STANDS) memset(it, 0, sizeof *it);
  }
}

/* A reply is lost. */
static int may_miss(void) { return 1; }

static void do_miss(void) {
  for (int k = 0; k < LOOKS; k += 1)
    if (is_of_event(&now.look[k])) memset(&now.look[k], 0, sizeof now.look[k]);
}

/* Drops an accepted entry that no read will return, or that the view has. */
static int may_confirm(void) {
  int i = event.isolate, e = event.entry;
  return e && RULE(R22_STANDS, ENTRY(e).stands & BIT(i));
}

static void do_confirm(void) {
  int i = event.isolate, e = event.entry;
  int floor = VIEW(i).first;
  int is_below = floor && ENTRY(e).position < ENTRY(floor).position;
  if (is_below || knows(i, e)) ENTRY(e).applied &= ~BIT(i);
  end_promise(i, e);
  struct Look *look = look_of(i, e);
  if (look && look->found == TRIMMED && !look->read) memset(look, 0, sizeof *look);
}

/* An isolate replaces an entry that is gone with one that it has appended again (rule 22). */
static int may_replace(void) {
  int i = event.isolate, e = event.entry, again = event.other;
  return e && RULE(R22_GONE, ENTRY(e).gone & BIT(i)) && again &&
         RULE(R21_OWN, ENTRY(again).by == i + 1);
}

static void do_replace(void) {
  int i = event.isolate, e = event.entry;
  struct Promise *it = promise_of(i, e);
  int tries = it ? it->tries : tries_max;
  struct Look *look = look_of(i, e);
  if (look && look->read == APPENDING) memset(look, 0, sizeof *look);
  end_promise(i, e);
  ENTRY(e).applied &= ~BIT(i);
  apply(i, event.other);
  if (tries < tries_max) promise_read_back(i, event.other, now.time + SET(read_back_again), tries);
}

/* Returns whether time may pass: no isolate has a read-back or an append that is due. */
static int within_wait(void) {
  for (int k = 0; k < PROMISES; k += 1)
    if (!RULE(R22_DUE, !now.promise[k].isolate || now.promise[k].due >= event.at)) return 0;
  for (int k = 0; k < LOOKS; k += 1)
    if (!RULE(R22_DUE, !is_unsent(&now.look[k])) || !RULE(R22_AGAIN, !is_gone(&now.look[k]))) return 0;
  return 1;
}

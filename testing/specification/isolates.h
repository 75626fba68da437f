/* Isolates: their clocks, which may be set back (rule 10), and the ages of what they know. */
enum read_state { FREE, SENT, SERVED };
enum read_kind { REPLICA, PRIMARY, MARKED, COPIED, APPENDED };

#define VIEW(i) now.isolate[i]
#define READ(i, s) now.read[(i) * READS + (s)]

static int clock_of(int i) { return now.time + VIEW(i).offset; }

static int knows(int i, int e) { return on_path(e, VIEW(i).first, VIEW(i).last); }

/* Returns whether an instant is at most N - A ago, by the clock of an isolate. */
static int within_bound(int i, int instant, int max_lag_of) {
  int age = clock_of(i) - instant;
  return age >= -SET(allowance) && age <= max_lag_of - SET(allowance);
}

/* Returns whether an instant may be from before a step of the clock (rule 10). */
static int in_doubt(int i, int instant) {
  return VIEW(i).doubtUpTo && instant <= VIEW(i).doubtUpTo;
}

/* Notes that nobody will append an entry again if it is lost. */
static void abandon(int e) {
  if (!in_history(e, JOURNAL.last)) ENTRY(e).countsFrom = LASTING;
}

/* An isolate begins, without a view. */
static int may_start(void) { return 1; }

static void do_start(void) {
  int i = event.isolate;
  memset(&VIEW(i), 0, sizeof VIEW(i));
  memset(&READ(i, 0), 0, READS * sizeof READ(i, 0));
  VIEW(i).colo = event.colo;
  VIEW(i).offset = VIEW(i).ahead = event.asOf;
  for (int e = 1; e <= now.entries; e += 1) {
    ENTRY(e).applied &= ~BIT(i);
    ENTRY(e).known &= ~BIT(i);
    ENTRY(e).stands &= ~BIT(i);
    ENTRY(e).gone &= ~BIT(i);
    ENTRY(e).missed &= ~BIT(i);
  }
  for (int k = 0; k < PROMISES; k += 1)
    if (now.promise[k].isolate == i + 1) {
      abandon(now.promise[k].entry);
      memset(&now.promise[k], 0, sizeof now.promise[k]);
    }
  for (int k = 0; k < LOOKS; k += 1)
    if (now.look[k].isolate == i + 1) {
      abandon(now.look[k].entry);
      memset(&now.look[k], 0, sizeof now.look[k]);
    }
}

/* The clock of an isolate is set, forward or back. */
static int may_turn(void) { return 1; }

static void do_turn(void) { VIEW(event.isolate).offset = event.asOf; }

/* Returns how far a clock was set back since the last request: a clock that is never set shows it (rule 10). */
static int set_back(int i) { return VIEW(i).ahead - VIEW(i).offset; }

static int is_unnoticed(int i) {
  return clock_of(i) >= VIEW(i).latest - SET(allowance) && set_back(i) <= SET(allowance);
}

/* A request arrives, and the isolate compares its clock with the highest reading (rule 10). */
static int may_arrive(void) { return 1; }

static void note_reading(int i, int instant) {
  if (SET(turns) && instant > VIEW(i).latest) VIEW(i).latest = instant;
}

static void do_arrive(void) {
  int i = event.isolate;
  int at = clock_of(i);
  if (is_unnoticed(i)) {
    note_reading(i, at);
    if (set_back(i) < 0) VIEW(i).ahead = VIEW(i).offset;
    return;
  }
  int highest = at + set_back(i);
  if (highest < VIEW(i).latest) highest = VIEW(i).latest;
  if (VIEW(i).doubtUpTo < highest) VIEW(i).doubtUpTo = highest;
  VIEW(i).latest = at;
  VIEW(i).ahead = VIEW(i).offset;
  VIEW(i).asOf = 0;
  for (int s = 0; s < READS; s += 1)
    if (READ(i, s).kind != COPIED) READ(i, s).sentAt = 0;
  for (int e = 1; e <= now.entries; e += 1)
    if (ENTRY(e).applied & BIT(i) && ENTRY(e).appliedAt > at) ENTRY(e).appliedAt = at;
}


/*
 * The journal and its lineages in the database: appends, trimming and losses. The state of the journal
 * is its newest entry and its oldest one, because each entry stands for one history.
 */
#define ENTRY(e) now.entry[e]
#define JOURNAL now.journal[0]
#define BIT(i) (1 << (i))

enum page_bits { NOTHING = 0, EVERYTHING = 1 };

/* The numbers of an event. A step does not use all of them, and the others are 0. */
#define EVENT_FIELDS(X) \
  X(at) X(isolate) X(read) X(other) X(entry) X(first) X(last) X(linedFirst) \
  X(number) X(asOf) X(covers) X(position) X(isPrimary)

typedef struct {
#define X(name) int name;
  EVENT_FIELDS(X)
#undef X
  int step;
} Event;

/* The event under way, from the search or from a trace. */
static Event event;

static void fail_hard(const char *what) {
  fprintf(stderr, "The specification has too little room: %s\n", what);
  exit(3);
}

/* Returns whether an entry is on the path from `first` to `last`. */
static int on_path(int e, int first, int last) {
  for (int at = last; e && at; at = ENTRY(at).before) {
    if (at == e) return 1;
    if (at == first) break;
  }
  return 0;
}

static int in_history(int e, int last) { return on_path(e, 0, last); }

static int path_count(int first, int last) {
  int count = 0;
  for (int at = last; at; at = ENTRY(at).before) {
    count += 1;
    if (at == first) break;
  }
  return count;
}

/* Returns the oldest entry of a path, if only its newest `count` entries stay. */
static int shortened(int first, int last, int count) {
  int at = last;
  for (int left = count - 1; left > 0 && at != first; left -= 1) at = ENTRY(at).before;
  return at;
}

/* Appends an entry, notes its lineage, and trims the journal (rules 19 and 27 a). */
static void append(int covered) {
  int last = JOURNAL.last;
  int e = now.entries + 1;
  if (e > ENTRIES) fail_hard("entries");
  now.entries = e;
  ENTRY(e).before = last;
  ENTRY(e).covers = covered;
  ENTRY(e).by = event.isolate + 1;
  ENTRY(e).position = event.position;
  ENTRY(e).countsFrom = now.time;
  JOURNAL.first = shortened(last ? JOURNAL.first : e, e, SET(kept));
  JOURNAL.last = e;
  JOURNAL.linedFirst = JOURNAL.linedFirst ? shortened(JOURNAL.linedFirst, e, SET(lined)) : e;
  /* In a trace, an entry without a number has -1. It has no lineage. */
  if (event.number < 0) JOURNAL.linedFirst = 0;
}

/* Returns whether the lineages prove that an entry precedes the last one (rule 27). */
static int is_noted(int e) {
  return JOURNAL.linedFirst && on_path(e, JOURNAL.linedFirst, JOURNAL.last);
}

/* Another writer, or an isolate, appends a purge. */
static int may_purge(void) {
  return !JOURNAL.last || event.position > ENTRY(JOURNAL.last).position;
}

static void do_purge(void) { append(event.covers); }

/* An isolate appends a mark of a loss. The proof has the conditions. */
static int may_mark(void) { return may_purge(); }

static void do_mark(void) { append(EVERYTHING); }

/*
 * The database loses entries or lineages: a fail-over, a restore, an eviction. An isolate that must still
 * read a lost entry back will append it again, so the bound begins at the latest when it must do so.
 */
static int may_lose(void) { return 1; }

static void do_lose(void) {
  for (int e = 1; e <= now.entries; e += 1) {
    if (in_history(e, event.last)) continue;
    ENTRY(e).countsFrom = LASTING;
    for (int k = 0; k < PROMISES; k += 1)
      if (now.promise[k].isolate && now.promise[k].entry == e)
        ENTRY(e).countsFrom = now.promise[k].due;
  }
  JOURNAL.first = event.first;
  JOURNAL.last = event.last;
  JOURNAL.linedFirst = event.linedFirst;
}

/* Somebody withdraws the newest entry (rule 20). */
static int may_withdraw(void) { return RULE(R20_STAYS, 0); }

static void do_withdraw(void) {
  JOURNAL.last = ENTRY(JOURNAL.last).before;
  if (!JOURNAL.last) JOURNAL.first = JOURNAL.linedFirst = 0;
}

static int within_wait(void);

/* Time passes. */
static int may_wait(void) { return event.at > now.time && within_wait(); }

static void do_wait(void) { now.time = event.at; }

/*
 * The journal and its book in the database: appends, trimming, losses, and what replicas return. The
 * state of the journal is its newest entry and its oldest one, because each entry stands for one
 * history.
 */
#define ENTRY(e) now.entry[e]
#define JOURNAL now.journal[0]
#define BIT(i) (1 << (i))

enum page_bits { NOTHING = 0, EVERYTHING = 1 };

/* The numbers of an event. A step does not use all of them, and the others are 0. */
#define EVENT_FIELDS(X) \
  X(at) X(isolate) X(read) X(other) X(entry) X(first) X(last) X(count) X(sum) X(linedFirst) X(unproven) \
  X(number) X(asOf) X(covers) X(hard) X(position) X(isPrimary)

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

/* Replaces the state of the journal. Replicas may return the former state for a while. */
static void replace_journal(struct Journal state) {
  if (SET(replica_lag)) {
    if (now.versions == VERSIONS) fail_hard("versions of the journal");
    memmove(&now.journal[1], &now.journal[0], now.versions * sizeof now.journal[0]);
    now.versions += 1;
    now.journal[1].until = now.time;
  }
  state.until = LASTING;
  JOURNAL = state;
}

/* Returns the state of the journal that the event names. */
static struct Journal named_state(void) {
  struct Journal it;
  memset(&it, 0, sizeof it);
  it.first = event.first;
  it.last = event.last;
  it.linedFirst = event.linedFirst;
  it.unproven = event.unproven;
  return it;
}

/* Forgets the states that no replica has any more, because L has passed. */
static void forget_versions(void) {
  while (now.versions > 1 && now.journal[now.versions - 1].until <= now.time - SET(replica_lag)) {
    now.versions -= 1;
    memset(&now.journal[now.versions], 0, sizeof now.journal[0]);
  }
}

/* Appends an entry, notes its lineage, and trims the journal (rules 19 and 27 a). */
static int append(int by, int covered, int hard, int position) {
  int last = JOURNAL.last;
  int e = now.entries + 1;
  if (e > ENTRIES) fail_hard("entries");
  now.entries = e;
  ENTRY(e).before = last;
  ENTRY(e).covers = covered;
  ENTRY(e).hard = hard;
  ENTRY(e).by = by + 1;
  ENTRY(e).position = position;
  ENTRY(e).lossesBefore = now.losses;
  ENTRY(e).countsFrom = now.time;
  /* In a trace, an entry without a number has -1. */
  int is_lined = JOURNAL.linedFirst != 0;
  ENTRY(e).number = event.number < 0 ? 0 : event.number ? event.number : last ? ENTRY(last).number + 1 : 1;
  struct Journal state = JOURNAL;
  state.first = shortened(last ? JOURNAL.first : e, e, SET(kept));
  state.last = e;
  state.linedFirst = is_lined ? shortened(JOURNAL.linedFirst, e, SET(lined)) : e;
  if (!is_lined) state.unproven = ENTRY(e).number;
  if (!ENTRY(e).number) state.linedFirst = state.unproven = 0;
  replace_journal(state);
  return e;
}

/*
 * Notes for the invariants which entries are lost. An isolate that must still read an entry back will
 * append it again, so that the bound begins at the latest when it must do so. In traces, the network may
 * take longer than that.
 */
static void note_losses(int last) {
  for (int e = 1; e <= now.entries; e += 1) {
    if (in_history(e, last)) continue;
    ENTRY(e).countsFrom = LASTING;
    ENTRY(e).missed = 0;
    for (int i = 0; i < ISOLATES; i += 1)
      if (on_path(e, now.isolate[i].first, now.isolate[i].last)) ENTRY(e).missed |= BIT(i);
    for (int k = 0; k < PROMISES; k += 1) {
      struct Promise *it = &now.promise[k];
      int is_promised = it->isolate && it->entry == e;
      if (is_promised && SET(instant)) ENTRY(e).countsFrom = it->due;
    }
  }
}

/* Another writer, or an isolate, appends a purge. */
static int may_purge(void) {
  return !JOURNAL.last || event.position > ENTRY(JOURNAL.last).position;
}

static void serve_append(int first);

static void do_purge(void) {
  int first = JOURNAL.first;
  append(event.isolate, event.covers, event.hard, event.position);
  serve_append(first);
}

/* The database loses entries, the book or the lineages: a fail-over, a restore, an eviction. */
static int may_lose(void) { return 1; }

static void do_lose(void) {
  now.losses += 1;
  note_losses(event.last);
  replace_journal(named_state());
}

/* Somebody withdraws the newest entry (rule 20). */
static int may_withdraw(void) { return RULE(R20_STAYS, 0); }

static void do_withdraw(void) {
  int last = ENTRY(JOURNAL.last).before;
  struct Journal state = JOURNAL;
  state.last = last;
  if (!last) state.first = state.linedFirst = state.unproven = 0;
  replace_journal(state);
}

static int within_wait(void);

/* Time passes. */
static int may_wait(void) {
  return event.at > now.time && within_wait();
}

static void do_wait(void) {
  now.time = event.at;
  forget_versions();
}

/* Isolates: their clocks, and what they know. */
enum read_state { FREE, SENT, SERVED };
enum read_kind { REPLICA, PRIMARY, MARKED, APPENDED };

#define VIEW(i) now.isolate[i]
#define READ(i, s) now.read[(i) * READS + (s)]

static int clock_of(int i) { return now.time + VIEW(i).offset; }

static int knows(int i, int e) { return on_path(e, VIEW(i).first, VIEW(i).last); }

/* Returns whether an instant is at most N - A ago, by the clock of an isolate. */
static int within_bound(int i, int instant) {
  return clock_of(i) - instant <= SET(usual_lag) - SET(allowance);
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
  VIEW(i).offset = event.asOf;
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

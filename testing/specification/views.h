/* The views of isolates: reads of the journal, marks of loss, copies in the colo, and clocks. */
enum read_state { FREE, SENT, SERVED };
enum read_kind { REPLICA, PRIMARY, MARKED, COPIED };

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

/* Returns whether a state has a mark that names an entry. */
static int marked(int e, struct Read *seen) {
  for (int at = seen->last; at; at = ENTRY(at).before) {
    if (ENTRY(at).marks == e + 1) return 1;
    if (at == seen->first) break;
  }
  return 0;
}

/*
 * Returns whether a state lacks an entry because of trimming: it has only newer entries, as many as
 * trimming leaves, and the book notes the entry (rules 17 b and 22).
 */
static int trimmed(int e, struct Read *seen) {
  if (!seen->last || ENTRY(seen->first).position <= ENTRY(e).position) return 0;
  return path_count(seen->first, seen->last) >= SET(kept) &&
         RULE(R27_TRIMMED,
              seen->notedLast == seen->last && on_path(e, seen->notedFirst, seen->notedLast));
}

/* An isolate begins, without a view. */
static int may_start(void) { return 1; }

static void do_start(void) {
  int i = event.isolate;
  memset(&VIEW(i), 0, sizeof VIEW(i));
  memset(&READ(i, 0), 0, READS * sizeof READ(i, 0));
  VIEW(i).colo = event.colo;
  VIEW(i).offset = event.asOf;
  for (int e = 1; e <= now.entries; e += 1) {
    ENTRY(e).applied &= ~BIT(i);
    ENTRY(e).known &= ~BIT(i);
    ENTRY(e).missed &= ~BIT(i);
  }
  for (int k = 0; k < PROMISES; k += 1) {
    struct Promise *it = &now.promise[k];
    if (it->isolate != i + 1) continue;
    /* Nobody reads this entry back now. */
    if (ENTRY(it->entry).countsFrom == it->due) ENTRY(it->entry).countsFrom = LASTING;
    memset(it, 0, sizeof *it);
  }
}

/* The clock of an isolate is set, forward or back. */
static int may_turn(void) { return 1; }

static void do_turn(void) { VIEW(event.isolate).offset = event.asOf; }

/* A request arrives, and the isolate compares its clock with the highest reading (rule 10). */
static int may_arrive(void) { return 1; }

static void note_reading(int i, int instant) {
  if (SET(turns) && instant > VIEW(i).latest) VIEW(i).latest = instant;
}

static void do_arrive(void) {
  int i = event.isolate;
  int at = clock_of(i);
  if (at >= VIEW(i).latest - SET(allowance)) {
    note_reading(i, at);
    return;
  }
  if (VIEW(i).doubtUpTo < VIEW(i).latest) VIEW(i).doubtUpTo = VIEW(i).latest;
  VIEW(i).latest = at;
  VIEW(i).asOf = 0;
  for (int s = 0; s < READS; s += 1)
    if (READ(i, s).kind != COPIED) READ(i, s).sentAt = 0;
  for (int e = 1; e <= now.entries; e += 1)
    if (ENTRY(e).applied & BIT(i) && ENTRY(e).appliedAt > at) ENTRY(e).appliedAt = at;
}

/* An isolate sends a request to the database. */
static int may_send(void) { return 1; }

static void send_read(int i, int s) {
  memset(&READ(i, s), 0, sizeof READ(i, s));
  READ(i, s).state = SENT;
  READ(i, s).sentAt = clock_of(i);
  READ(i, s).base = VIEW(i).last;
}

static void do_send(void) { send_read(event.isolate, event.read); }

static int is_state(struct Journal *it) {
  return it->first == event.first && it->last == event.last &&
         it->notedFirst == event.notedFirst && it->notedLast == event.notedLast;
}

/* The primary, or a replica that is at most L behind, executes a read. */
static int may_serve(void) {
  struct Read *it = &READ(event.isolate, event.read);
  int seen = is_state(&JOURNAL);
  for (int v = 1; v < now.versions && !event.isPrimary; v += 1)
    seen |= is_state(&now.journal[v]) && now.journal[v].until > now.time - SET(replica_lag);
  return it->state != FREE && seen;
}

static void see_state(struct Read *it, struct Journal *state) {
  it->state = SERVED;
  it->first = state->first;
  it->last = state->last;
  it->notedFirst = state->notedFirst;
  it->notedLast = state->notedLast;
}

static void note_looks(int i, int s);

static void do_serve(void) {
  struct Read *it = &READ(event.isolate, event.read);
  struct Journal seen = {.first = event.first, .last = event.last};
  seen.notedFirst = event.notedFirst;
  seen.notedLast = event.notedLast;
  see_state(it, &seen);
  it->kind = event.isPrimary ? PRIMARY : REPLICA;
  if (it->back) note_looks(event.isolate, event.read);
}

/*
 * The database executes the script that appends a mark: of a loss that a read on the primary has
 * shown (rule 17), or of an empty journal (rule 18).
 */
static int may_mark(void) {
  struct Read *it = &READ(event.isolate, event.other);
  if (JOURNAL.last && event.position <= ENTRY(JOURNAL.last).position) return 0;
  if (!event.entry) return RULE(R18_STILL, !JOURNAL.last);
  return RULE(R17_CHECKED, it->state == SERVED && it->kind == PRIMARY && it->base == event.entry &&
                               !on_path(event.entry, it->first, it->last) &&
                               !trimmed(event.entry, it)) &&
         RULE(R17_ONCE, !marked(event.entry, it));
}

static void do_mark(void) {
  struct Read *it = &READ(event.isolate, event.read);
  int lost = event.entry;
  now.falseLoss = lost ? now.losses == ENTRY(lost).lossesBefore : JOURNAL.last != 0;
  if (it->state != SENT) it->sentAt = clock_of(event.isolate);
  int e = append(event.isolate, EVERYTHING, 1, event.position);
  ENTRY(e).marks = lost + 1;
  see_state(it, &JOURNAL);
  it->kind = MARKED;
}

static int path_sum(int first, int last) {
  int sum = 0;
  for (int at = last; at; at = ENTRY(at).before) {
    sum += at;
    if (at == first) break;
  }
  return sum;
}

/* Returns whether the event names consecutive entries, none before `oldest`, and not too many. */
static int is_chain(int oldest) {
  return RULE(R12_CHAIN, event.count == path_count(event.first, event.last) &&
                             event.count <= SET(held) &&
                             event.sum == path_sum(event.first, event.last) &&
                             on_path(event.first, oldest, event.last));
}

/* Returns whether a read extends the view: it begins with the view's last entry. */
static int extends(int i, struct Read *it) {
  if (!VIEW(i).last) return 0;
  int is_joint = on_path(VIEW(i).last, it->first, it->last);
  int is_kept = in_history(VIEW(i).first, it->last);
  if (it->kind == COPIED ? !RULE(R14_JOINT, is_joint)
                         : !RULE(R13_END, it->base == VIEW(i).last) || !RULE(R11_JOINT, is_joint))
    return 0;
  return is_chain(is_kept ? VIEW(i).first : it->first);
}

/* Returns whether a view begins with a read, or begins again: it was cold, or has lost its end. */
static int begins(int i, struct Read *it) {
  int end = VIEW(i).last;
  if (!RULE(R18_EMPTY, it->last)) return 0;
  if (!end) return is_chain(it->first);
  if (it->kind == COPIED || !RULE(R13_END, it->base == end)) return 0;
  if (!RULE(R16_PRIMARY, it->kind != REPLICA)) return 0;
  if (it->kind != MARKED && on_path(end, it->first, it->last)) return 0;
  return RULE(R17_MARKED, marked(end, it) || trimmed(end, it)) && is_chain(it->first);
}

/* Returns whether the event dates the view by the request of the read, or of the copy's read. */
static int is_dated(int i, struct Read *it) {
  int latest = it->sentAt > VIEW(i).asOf ? it->sentAt : VIEW(i).asOf;
  if (it->kind != COPIED) return RULE(it->sentAt ? R11_DATE : R10_READ, event.asOf == latest);
  return RULE(R14_NEWER, it->sentAt > VIEW(i).asOf) && RULE(R14_DATE, event.asOf == latest) &&
         RULE(R14_AHEAD, it->sentAt <= clock_of(i) + SET(allowance)) &&
         RULE(R10_READ, !in_doubt(i, it->sentAt));
}

/* A reply, or a copy, renews the view, which then has the entries from `first` to `last`. */
static int may_take(void) {
  int i = event.isolate;
  struct Read *it = &READ(i, event.read);
  int is_joint = !VIEW(i).last || on_path(VIEW(i).last, it->first, it->last);
  if (!RULE(R16_REPLY, it->state == SERVED)) return 0;
  if (!RULE(is_joint ? R12_CHAIN : R11_JOINT, event.last == it->last)) return 0;
  return is_dated(i, it) && (extends(i, it) || begins(i, it));
}

static void do_take(void) {
  int i = event.isolate;
  struct Read *it = &READ(i, event.read);
  int has_marked = it->kind == MARKED;
  VIEW(i).first = event.first;
  VIEW(i).last = event.last;
  VIEW(i).asOf = event.asOf;
  note_reading(i, it->sentAt);
  for (int e = 1; e <= now.entries; e += 1) {
    struct Entry *at = &ENTRY(e);
    if (knows(i, e)) {
      at->known |= BIT(i);
      at->applied &= ~BIT(i);
    } else if (at->missed & BIT(i)) {
      /* An isolate that knew a lost entry has noticed the loss, so the bound begins for all. */
      at->missed &= ~BIT(i);
      if (at->countsFrom > now.time) at->countsFrom = now.time;
    }
    /* The own mark covers everything that this isolate accepted before. */
    if (at->applied & BIT(i) && has_marked && at->appliedAt < it->sentAt) at->applied &= ~BIT(i);
  }
  memset(it, 0, sizeof *it);
}

/* An isolate that has read the journal puts a copy of its view into its colo (rule 14). */
static int may_copy(void) {
  int i = event.isolate;
  return RULE(R14_DATE, event.asOf == VIEW(i).asOf) && event.last == VIEW(i).last &&
         RULE(R12_CHAIN, event.count == path_count(event.first, event.last) &&
                             event.sum == path_sum(event.first, event.last) &&
                             on_path(event.first, VIEW(i).first, event.last));
}

static void do_copy(void) {}

/* The colo's cache has the copy. */
static int may_put(void) { return event.last != 0; }

static void do_put(void) {
  now.copy[event.colo].first = event.first;
  now.copy[event.colo].last = event.last;
  now.copy[event.colo].asOf = event.asOf;
}

/* An isolate reads the copy of its colo. */
static int may_find(void) { return now.copy[VIEW(event.isolate).colo].last != 0; }

static void do_find(void) {
  struct Read *it = &READ(event.isolate, event.read);
  struct Copy *found = &now.copy[VIEW(event.isolate).colo];
  memset(it, 0, sizeof *it);
  it->state = SERVED;
  it->kind = COPIED;
  it->sentAt = found->asOf;
  it->first = found->first;
  it->last = found->last;
}

/* Reads of the journal, and marks of loss (rules 16 to 18). */

/* Returns whether a state has a mark that names an entry. */
static int marked(int e, struct Read *seen) {
  for (int at = seen->last; at; at = ENTRY(at).before) {
    if (ENTRY(at).marks == e + 1) return 1;
    if (at == seen->first) break;
  }
  return 0;
}

/*
 * What the lineages of a state prove of an entry (rule 27): that it never existed, or may not have;
 * nothing, because its lineage was dropped for room; or that it existed.
 */
enum proof { NEVER, DROPPED, NOTED };

static int proof_of(int e, struct Read *seen) {
  int number = e ? ENTRY(e).number : 0;
  if (!seen->linedFirst || !number || number > ENTRY(seen->last).number) return NEVER;
  if (number < ENTRY(seen->linedFirst).number) return number < seen->unproven ? NEVER : DROPPED;
  return on_path(e, seen->linedFirst, seen->last) ? NOTED : NEVER;
}

/*
 * Returns whether a state lacks an entry because of trimming: it has only newer entries, as many as
 * trimming leaves, and at least this proof (rules 17 b and 22).
 */
static int trimmed(int e, struct Read *seen, int least) {
  if (!seen->last || ENTRY(seen->first).position <= ENTRY(e).position) return 0;
  return path_count(seen->first, seen->last) >= SET(kept) &&
         RULE(least == NOTED ? R22_TRIMMED : R27_TRIMMED, proof_of(e, seen) >= least);
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
         it->linedFirst == event.linedFirst && it->unproven == event.unproven;
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
  it->linedFirst = state->linedFirst;
  it->unproven = state->unproven;
}

static void note_looks(int i, int s);

static void do_serve(void) {
  struct Read *it = &READ(event.isolate, event.read);
  struct Journal seen = named_state();
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
  return RULE(R16_PRIMARY, it->state == SERVED && it->kind == PRIMARY) &&
         RULE(R17_CHECKED, it->base == event.entry && !on_path(event.entry, it->first, it->last) &&
                               !trimmed(event.entry, it, DROPPED)) &&
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


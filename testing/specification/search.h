/*
 * The exhaustive search: offers every step with every value that it may have, within the limits of the
 * settings. Values that a rule forbids are offered as well, so that a run that drops the rule takes
 * them.
 */

/* The number of possible steps so far, and the one to take; -1: none. */
static int counted, wanted, is_taken;

static void offer(void) {
  if (is_taken || !may_happen()) return;
  if (counted++ != wanted) return;
  is_taken = 1;
  say();
  happen();
}

static Event by(int step, int i) {
  Event it = {.step = step, .isolate = i};
  return it;
}

static int next_position(void) {
  if (SET(recurring)) return JOURNAL.last ? ENTRY(JOURNAL.last).position + 1 : 1;
  int most = 0;
  for (int e = 1; e <= now.entries; e += 1)
    if (ENTRY(e).position > most) most = ENTRY(e).position;
  return most + 1;
}

/* Takes a step that consists of several, if it is wanted. */
static int is_wanted(void) {
  if (is_taken || counted++ != wanted) return 0;
  is_taken = 1;
  say();
  return 1;
}

static void offer_purges(int i) {
  if (now.entries >= SET(entries)) return;
  event = by(purge_step, i);
  event.covers = EVERYTHING;
  event.position = next_position();
  int is_purger = now.purges < SET(purges) && !(SET(one_purger) && i != SET(isolates) - 1);
  /* The reply to the append may be lost, so that nothing is accepted. */
  if (is_purger && !SET(confirms) && is_wanted()) now.purges += 1, happen();
  if (is_purger && !SET(slow) && is_wanted()) {
    now.purges += 1;
    happen();
    event = by(accept_step, i);
    event.entry = now.entries;
    happen();
  }
  if (i || now.elsewhere >= SET(elsewhere)) return;
  event = by(purge_step, -1);
  event.position = next_position();
  if (is_wanted()) now.elsewhere += 1, happen();
}

/* Loses the newest entries, or all, with their lineages; or the lineages alone. */
static void offer_losses(void) {
  event = by(lose_step, 0);
  event.first = JOURNAL.first;
  event.last = JOURNAL.last;
  event.linedFirst = JOURNAL.linedFirst;
  event.unproven = JOURNAL.unproven;
  Event kept = event;
  if (now.harms < SET(harms) && event.linedFirst) {
    event.linedFirst = event.unproven = 0;
    if (is_wanted()) now.harms += 1, happen();
    event = kept;
  }
  if (now.lossesMade >= SET(losses)) return;
  while (event.last) {
    int is_first = event.last == JOURNAL.first;
    if (event.last == event.linedFirst) event.linedFirst = event.unproven = 0;
    event.last = is_first ? 0 : ENTRY(event.last).before;
    if (!event.last) event.first = event.linedFirst = event.unproven = 0;
    if (is_wanted()) now.lossesMade += 1, happen();
  }
}

static void offer_take(int i, int s) {
  struct Read *it = &READ(i, s);
  int latest = it->sentAt > VIEW(i).asOf ? it->sentAt : VIEW(i).asOf;
  int is_kept = VIEW(i).last && in_history(VIEW(i).first, it->last);
  event = by(take_step, i);
  event.read = s;
  event.last = it->last;
  event.first = shortened(is_kept ? VIEW(i).first : it->first, it->last, SET(held));
  event.count = path_count(event.first, event.last);
  event.sum = path_sum(event.first, event.last);
  event.asOf = latest;
  if (event.last) offer();
}

static void offer_reads(int i, int s) {
  struct Read *it = &READ(i, s);
  int is_repeated = it->state == SENT && it->sentAt == clock_of(i) && it->base == VIEW(i).last;
  event = by(send_step, i);
  event.read = s;
  if (SET(slow) && !is_repeated) offer();
  for (int v = 0; v < now.versions && (it->state == SENT || !SET(slow)); v += 1) {
    event = by(serve_step, i);
    event.read = s;
    event.first = now.journal[v].first;
    event.last = now.journal[v].last;
    event.linedFirst = now.journal[v].linedFirst;
    event.unproven = now.journal[v].unproven;
    event.isPrimary = v == 0;
    if (SET(slow)) offer();
    else if (is_wanted()) send_read(i, s), happen();
  }
  if (it->state != SERVED) return;
  offer_take(i, s);
  if (now.entries < SET(entries) && it->kind < MARKED) {
    event = by(mark_step, i);
    event.read = event.other = s;
    event.entry = it->base;
    event.position = next_position();
    offer();
  }
}

static void offer_acceptance(int i) {
  for (int e = 1; e <= now.entries; e += 1) {
    event = by(accept_step, i);
    event.entry = e;
    if (SET(slow) && ENTRY(e).by == i + 1 && !(ENTRY(e).known & BIT(i)) && !ENTRY(e).marks) offer();
    event.step = answer_sender_step;
    if (SET(repeats) && ENTRY(e).by && ENTRY(e).by != i + 1 && !promise_of(i, e)) offer();
    struct Promise *it = promise_of(i, e);
    struct Look *look = look_of(i, e);
    int is_due = it && it->due <= now.time;
    event.step = confirm_step;
    if (it && (is_due || ENTRY(e).stands & BIT(i))) offer();
    event.step = ask_step;
    if (is_due && is_wanted()) {
      happen();
      look = look_of(i, e);
      note_look(look);
      if (look->found != GONE) memset(look, 0, sizeof *look);
    }
    if (!look || look->found != GONE || now.entries >= SET(entries)) continue;
    Event again = by(purge_step, i);
    again.covers = ENTRY(e).covers;
    again.position = next_position();
    event = again;
    if (!is_wanted()) continue;
    happen();
    event = by(replace_step, i);
    event.entry = e;
    event.other = now.entries;
    happen();
    memset(look, 0, sizeof *look);
  }
}

static void offer_all(void) {
  event = by(wait_step, 0);
  event.at = now.time + 1;
  if (may_happen() && is_wanted()) let_time_pass();
  offer_losses();
  event = by(withdraw_step, 0);
  if (JOURNAL.last > SET(first_entries)) offer();
  for (int i = 0; i < SET(isolates); i += 1) {
    offer_purges(i);
    for (int s = 0; s < SET(reads); s += 1) offer_reads(i, s);
    offer_acceptance(i);
    event = by(restamp_step, i);
    offer();
  }
  event = by(load_step, 0);
  offer();
  if (!is_taken) check_answers();
}

static int count_steps(void) {
  counted = is_taken = 0;
  wanted = -1;
  offer_all();
  return counted;
}

static void choose_step(int choice) {
  counted = is_taken = 0;
  wanted = choice;
  offer_all();
  erase_unused();
}

static void begin_search(void) {
  configure(getenv("SPECIFICATION"));
  is_replayed = getenv("REPLAYED") != NULL;
  drop(getenv("DROPPED_RULE"));
  now.time = beginning;
  now.versions = 1;
  JOURNAL.until = LASTING;
  for (int k = 0; k < SET(first_entries); k += 1)
    append(-1, k ? NOTHING : EVERYTHING, 1, k + 1);
  now.versions = 1;
  for (int i = 0; i < SET(isolates) && SET(warm); i += 1) {
    VIEW(i).first = shortened(JOURNAL.first, JOURNAL.last, SET(held));
    VIEW(i).last = JOURNAL.last;
    VIEW(i).asOf = clock_of(i);
    for (int e = 1; e <= now.entries; e += 1)
      if (knows(i, e)) ENTRY(e).known |= BIT(i);
  }
}

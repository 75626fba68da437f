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
  if (is_purger && is_wanted()) now.purges += 1, happen();
  if (is_purger && is_wanted()) {
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

/* Loses the newest entries, or all, with their lineages. */
static void offer_losses(void) {
  event = by(lose_step, 0);
  event.first = JOURNAL.first;
  event.last = JOURNAL.last;
  event.linedFirst = JOURNAL.linedFirst;
  if (now.lossesMade >= SET(losses)) return;
  while (event.last) {
    int is_first = event.last == JOURNAL.first;
    if (event.last == event.linedFirst) event.linedFirst = 0;
    event.last = is_first ? 0 : ENTRY(event.last).before;
    if (!event.last) event.first = event.linedFirst = 0;
    if (is_wanted()) now.lossesMade += 1, happen();
  }
}

/*
 * An isolate reads the journal. If the journal has lost the view's last entry, the view begins again
 * behind a mark, which covers everything that the isolate has accepted.
 */
static void offer_read(int i) {
  int has_lost = !in_history(VIEW(i).last, JOURNAL.last);
  event = by(take_step, i);
  if ((has_lost && now.entries >= SET(entries)) || !is_wanted()) return;
  if (has_lost) {
    event = by(mark_step, i);
    event.position = next_position();
    happen();
    for (int e = 1; e <= now.entries; e += 1) ENTRY(e).applied &= ~BIT(i);
  }
  int is_kept = in_history(VIEW(i).first, JOURNAL.last);
  event = by(take_step, i);
  event.last = JOURNAL.last;
  event.first = shortened(is_kept ? VIEW(i).first : JOURNAL.first, JOURNAL.last, SET(held));
  event.asOf = clock_of(i);
  happen();
}

static void offer_acceptance(int i) {
  for (int e = 1; e <= now.entries; e += 1) {
    event = by(answer_sender_step, i);
    event.entry = e;
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
  if (JOURNAL.last > 1) offer();
  for (int i = 0; i < SET(isolates); i += 1) {
    offer_purges(i);
    offer_read(i);
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
  /* All views have the first entry, which another writer has appended. */
  event = by(purge_step, -1);
  event.position = 1;
  append(EVERYTHING);
  for (int i = 0; i < SET(isolates); i += 1) {
    event = by(take_step, i);
    event.first = event.last = JOURNAL.last;
    event.asOf = clock_of(i);
    happen();
  }
}

/* The part of the exhaustive search that concerns responses, and its beginning. */

static void offer_loads(int i) {
  int r = 1;
  if ((SET(one_loader) && i) || (SET(turns) && VIEW(i).latest != clock_of(i))) return;
  while (r <= SET(records) && RECORD(r).state != NEW) r += 1;
  event = by(load_step, i);
  event.record = r;
  event.stamp = VIEW(i).last;
  event.requestedAt = clock_of(i);
  if (r <= SET(records) && SET(slow)) offer();
  for (int age = 0; age <= SET(cached) && r <= SET(records) && !SET(slow); age += 1) {
    event.age = age;
    if (!is_wanted()) continue;
    happen();
    event.step = generate_step;
    event.body = r;
    happen();
    return;
  }
  event.age = 0;
  for (int q = 1; q <= RECORDS && r <= SET(records) && now.validations < SET(validations); q += 1) {
    event.body = RECORD(q).body;
    if (RECORD(q).state == STORED && may_happen() && is_wanted()) now.validations += 1, happen();
  }
}

static void offer_store(int r) {
  struct Record *it = &RECORD(r);
  int i = it->by;
  Event own = by(store_step, i);
  own.record = r;
  own.stamp = it->stamp;
  own.requestedAt = it->requestedAt;
  own.bodyAt = it->bodyAt;
  own.colo = it->colo;
  own.body = it->body;
  event = own;
  offer();
  event.stamp = VIEW(i).last;
  if (event.stamp != own.stamp) offer();
  event = own;
  event.requestedAt = clock_of(i);
  if (!it->validates) event.bodyAt = event.requestedAt;
  if (event.requestedAt != own.requestedAt) offer();
  event = own;
  event.bodyAt = own.requestedAt;
  if (it->keptSince) offer();
  for (int q = 1; q <= RECORDS && it->validates; q += 1) {
    event = own;
    event.body = RECORD(q).body;
    event.bodyAt = RECORD(q).bodyAt;
    event.colo = RECORD(q).colo;
    if (RECORD(q).state == STORED && event.body != own.body) offer();
  }
}

/* Takes all answers of a response at once, because they change nothing but the invariants. */
static void answer_all(int i, int r) {
  struct Record *it = &RECORD(r);
  int stamps[] = {it->stamp, it->restamps[0], VIEW(i).last};
  int times[] = {it->bodyAt, clock_of(i)};
  int colos[] = {it->colo, VIEW(i).colo};
  int bodies[] = {it->body, now.sharedHead == r ? RECORD(now.sharedBody).body : it->body};
  for (int k = 0; k < 48; k += 1) {
    event = by(answer_step, i);
    event.record = r;
    event.stamp = stamps[k % 3];
    event.bodyAt = times[k / 3 % 2];
    event.colo = colos[k / 6 % 2];
    event.body = bodies[k / 12 % 2];
    event.isFresh = k / 24 % 2;
    event.isFollower = it->state == GENERATED;
    if (!event.isFresh && !SET(soft)) continue;
    if (!may_happen()) continue;
    happen();
    if (now.bound || now.forgot || now.mixed) {
      say();
      return;
    }
  }
}

static void offer_record(int i, int r) {
  struct Record *it = &RECORD(r);
  if (it->state == GENERATED || it->state == STORED) answer_all(i, r);
  if (it->state == LOADING && it->by == i) {
    event = by(generate_step, i);
    event.record = r;
    event.body = r;
    offer();
    event.isUnchanged = 1;
    if (it->validates) offer();
  }
  if (it->state == GENERATED && it->by == i) offer_store(r);
  for (int s = 0; s < READS && it->state == STORED; s += 1) {
    event = by(restamp_step, i);
    event.record = r;
    event.read = s;
    event.entry = it->stamp;
    event.isEpoch = SET(books) == 2;
    event.stamp = event.isEpoch ? READ(i, s).last : READ(i, s).base;
    int is_asked = READ(i, s).state == SERVED && it->stamp && !knows(i, it->stamp);
    if (!is_asked || !SET(books)) continue;
    if (event.stamp != it->restamps[0]) offer();
    event.stamp = VIEW(i).last;
    int is_new = event.stamp != READ(i, s).base || event.isEpoch;
    if (is_new && event.stamp != it->restamps[0]) offer();
  }
  if (i || !SET(shared) || it->state != STORED) return;
  event = by(store_step, i);
  event.record = r;
  if ((now.sharedHead != r || now.sharedBody != r) && is_wanted()) now.sharedHead = now.sharedBody = r;
  if (it->validates && now.sharedBody && now.sharedHead != r && is_wanted()) now.sharedHead = r;
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
    if (SET(copies) && READ(i, READS - 1).state == SERVED && SET(reads) < READS) offer_take(i, READS - 1);
    offer_copies(i);
    offer_acceptance(i);
    offer_clock(i);
    offer_loads(i);
    for (int r = 1; r <= SET(records); r += 1) offer_record(i, r);
  }
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
  for (int i = 0; i < SET(isolates); i += 1) {
    VIEW(i).colo = SET(colos) == 1 ? 1 : i + 1;
    VIEW(i).offset = VIEW(i).ahead = SET(turn) * SET(turns) + (i ? SET(clock_error) : SET(lead));
  }
  for (int k = 0; k < SET(first_entries); k += 1)
    ENTRY(append(-1, k ? NOTHING : EVERYTHING, 1, k + 1)).appendedAt = 0;
  now.versions = 1;
  for (int i = 0; i < SET(isolates) && SET(warm); i += 1) {
    VIEW(i).first = shortened(JOURNAL.first, JOURNAL.last, SET(held));
    VIEW(i).last = JOURNAL.last;
    VIEW(i).asOf = clock_of(i);
    for (int e = 1; e <= now.entries; e += 1)
      if (knows(i, e)) ENTRY(e).known |= BIT(i);
  }
}

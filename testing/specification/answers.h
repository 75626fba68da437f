/* Answers with stored responses, the invariants, and stamps that the book justifies (rule 27). */

/* A tier returns a response, with the metadata from its request and its body (rules 3 and 4). */
static int may_read(void) {
  struct Record *it = &RECORD(event.record);
  int is_shared = event.isFollower && it->state == GENERATED && follows_purges(event.record);
  int is_stored = it->state == STORED || is_shared;
  return is_stored && RULE(R4_STAMP, is_stamp_of(event.record, event.stamp)) &&
         RULE(R4_TIME, event.bodyAt == it->bodyAt) && RULE(R4_COLO, event.colo == it->colo) &&
         RULE(R3_BODY, event.body == it->body);
}

static void do_read(void) {}

/* A stored response answers, or the response of a leader answers its follower (rule 9). */
static int may_answer_with(int stamp) {
  event.stamp = stamp;
  if (!may_read()) return 0;
  int is_usable = usable(event.isolate, event.record, event.stamp, event.bodyAt, event.colo, event.isFresh);
  return event.isFollower ? RULE(R9_FOLLOWER, is_usable) : is_usable;
}

/* The client does not see which copy of a response has answered: any stamp is possible. */
static int may_answer(void) {
  struct Record *it = &RECORD(event.record);
  if (event.stamp != ANY) return may_answer_with(event.stamp);
  event.bodyAt = it->bodyAt;
  event.colo = it->colo;
  for (int k = 0; k < STAMPS; k += 1)
    if (it->restamps[k] && may_answer_with(it->restamps[k])) return 1;
  return may_answer_with(it->stamp);
}

/* Returns how long after a purge a response may answer: N, unless clocks and replicas exceed A. */
static int max_answer_lag(int r) {
  int excess = SET(clock_error) + SET(replica_lag) - SET(allowance);
  return max_lag(r) + (excess > 0 ? excess : 0);
}

/* Returns whether so many entries have followed an entry that the view holds none as old. */
static int is_overrun(int i, int e) {
  int first = VIEW(i).first;
  return e < first && path_count(first, VIEW(i).last) == SET(held);
}

/*
 * BOUND: no response answers later than N after an entry that covers it, if that entry is not lost.
 * Where clocks and replicas differ by more than A, N is longer.
 * FORGOT: no response answers where an isolate knows an entry that covers it, lost or not. If more
 * entries follow than a view holds, only BOUND applies.
 * MIXED: no body answers under the metadata of another response.
 */
static void check_answer(int i, int r, int body, int is_fresh) {
  int allowed = max_answer_lag(r);
  for (int e = RECORD(r).generated + 1; e <= now.entries; e += 1) {
    if (!concerns(e, r) || !(ENTRY(e).hard || is_fresh)) continue;
    int is_known = ENTRY(e).known >> i & 1;
    int from = ENTRY(e).countsFrom;
    if (is_known && !is_overrun(i, e)) now.forgot = 1;
    if (from != LASTING && now.time > from + allowed) now.bound = 1;
  }
  if (body != RECORD(r).body) now.mixed = 1;
}

static void do_answer(void) { check_answer(event.isolate, event.record, event.body, event.isFresh); }

/* Returns whether the book has justified this stamp before, in place of the former one. */
static int is_justified(int r, int former, int stamp) {
  for (int q = 1; q <= RECORDS; q += 1) {
    if (RECORD(q).page != RECORD(r).page || RECORD(q).state == NEW) continue;
    for (int k = 0; k < STAMPS; k += 1)
      if (is_stamp_of(q, former) && RECORD(q).restamps[k] == stamp) return 1;
  }
  return 0;
}

/* Returns whether the book, as a read has seen it, notes a purge of a response under a later number. */
static int covered_in_book(struct Read *book, int r, int stamp) {
  for (int at = book->notedLast; at; at = ENTRY(at).before) {
    if (ENTRY(at).number > ENTRY(stamp).number && covers(at, r)) return 1;
    if (at == book->notedFirst) break;
  }
  return 0;
}

/* Returns whether the epochs of a state have a later entry that covers a response. */
static int covered_in_epochs(struct Read *seen, int r, int stamp) {
  for (int at = seen->last; at; at = ENTRY(at).before) {
    if (ENTRY(at).number > ENTRY(stamp).number && covers(at, r)) return 1;
    if (at == seen->linedFirst) break;
  }
  return 0;
}

/* Epochs verify a later stamp by a read of the lineages, with which the names are kept. */
static int verified_by_epochs(struct Read *seen, int r) {
  return RULE(R27_JOINT, proof_of(event.stamp, seen) == NOTED) &&
         RULE(R27_NOTED, proof_of(event.entry, seen) == NOTED) &&
         RULE(R27_LISTED, !covered_in_epochs(seen, r, event.entry));
}

/* The book or epochs have justified a later stamp, in place of the former one in `entry`. */
static int may_restamp(void) {
  int i = event.isolate, r = event.record;
  struct Read *book = &READ(i, event.read);
  if (RECORD(r).state < GENERATED || !is_stamp_of(r, event.entry)) return 0;
  if (!knows(i, event.stamp)) return 0;
  if (is_justified(r, event.entry, event.stamp)) return 1;
  if (!RULE(R16_REPLY, book->state == SERVED && book->kind != COPIED)) return 0;
  if (event.isEpoch) return verified_by_epochs(book, r);
  return RULE(R27_QUESTION, event.stamp == book->base) &&
         RULE(R27_END, book->notedLast == book->last && proof_of(book->base, book) == NOTED) &&
         RULE(R27_NOTED, proof_of(event.entry, book) == NOTED) &&
         RULE(R27_NAMES, ENTRY(event.entry).number >= ENTRY(book->notedFirst).number) &&
         RULE(R27_COVERED, !covered_in_book(book, r, event.entry));
}

static void do_restamp(void) {
  struct Record *it = &RECORD(event.record);
  int k = 0;
  while (k < STAMPS && it->restamps[k] && it->restamps[k] != event.stamp) k += 1;
  if (k == STAMPS && STAMPS > 1) fail_hard("stamps");
  it->restamps[k < STAMPS ? k : 0] = event.stamp;
}

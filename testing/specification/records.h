/* Responses of the origin: their provenance, the judgement of each use, and the book. */
enum record_state { NEW, LOADING, GENERATED, STORED };

#define RECORD(r) now.record[r]

/* Returns whether a response may have this stamp: its own, or one that the book has justified. */
static int is_stamp_of(int r, int stamp) {
  if (stamp == RECORD(r).stamp) return 1;
  for (int k = 0; k < STAMPS; k += 1)
    if (stamp && RECORD(r).restamps[k] == stamp) return 1;
  return 0;
}

enum cover { UNCOVERED, SOFT, HARD };

/* Returns the strictest purge of a response in a view: after its stamp, or any if it is unknown. */
static int cover_in_view(int i, int r, int stamp) {
  int found = UNCOVERED;
  for (int at = VIEW(i).last; at && at != stamp; at = ENTRY(at).before) {
    int cover = covers(at, r) ? (ENTRY(at).hard ? HARD : SOFT) : UNCOVERED;
    if (cover > found) found = cover;
    if (at == VIEW(i).first) break;
  }
  return found;
}

/* Returns the strictest purge of a response among those that the isolate has accepted, and not read. */
static int cover_accepted(int i, int r, int stamp) {
  int found = UNCOVERED;
  for (int e = 1; e <= now.entries; e += 1) {
    if (!(ENTRY(e).applied & BIT(i)) || e == stamp || !covers(e, r)) continue;
    int cover = ENTRY(e).hard ? HARD : SOFT;
    if (cover > found) found = cover;
  }
  return found;
}

/* Applies rules 5 to 7 to a response with this provenance. */
static int usable(int i, int r, int stamp, int body_at, int colo, int is_fresh) {
  int known = knows(i, stamp);
  int in_view = cover_in_view(i, r, known ? stamp : 0);
  int accepted = cover_accepted(i, r, stamp);
  if (!RULE(known ? R5_HARD : R6_OLDER, in_view != HARD)) return 0;
  if (!RULE(R22_APPLIED, accepted != HARD)) return 0;
  if (is_fresh && !RULE(R5_SOFT, in_view != SOFT && accepted != SOFT)) return 0;
  if (!RULE(R10_STEP, is_unnoticed(i))) return 0;
  int by_view = RULE(R7_STAMP, known) && RULE(R7_VIEW, within_bound(i, VIEW(i).asOf, max_lag(r)));
  return by_view || (RULE(R7_COLO, colo && colo == VIEW(i).colo) &&
                     RULE(R7_BODY, within_bound(i, body_at, max_lag(r))) &&
                     RULE(R10_BODY, !in_doubt(i, body_at)));
}

/* Returns whether a request may carry the validator of a response (rule 23). */
static int validatable(int i, int r) {
  if (RECORD(r).state != STORED) return 0;
  for (int k = -1; k < STAMPS; k += 1) {
    int stamp = k < 0 ? RECORD(r).stamp : RECORD(r).restamps[k];
    if (k >= 0 && !stamp) continue;
    if (RULE(R23_STAMP, knows(i, stamp)) && RULE(R23_VIEW, within_bound(i, VIEW(i).asOf, max_lag(r))) &&
        RULE(R23_HARD, cover_in_view(i, r, stamp) != HARD && cover_accepted(i, r, stamp) != HARD))
      return 1;
  }
  return 0;
}

static int has_body(int q, int page, int body) {
  return RECORD(q).page == page && (body == ANY || RECORD(q).body == body);
}

/* Finds a stored response with this body whose validator may be sent. */
static int validated_by(int i, int page, int body) {
  for (int q = 1; q <= RECORDS; q += 1)
    if (has_body(q, page, body) && validatable(i, q)) return q;
  return 0;
}

/* An isolate sends a request to the origin (rule 1), with the validator of `body` if it is set. */
static int may_load(void) {
  int i = event.isolate;
  if (RECORD(event.record).state != NEW) return 0;
  return RULE(R1_STAMP, event.stamp == VIEW(i).last) &&
         RULE(R1_CLOCK, event.requestedAt == clock_of(i)) &&
         (!event.body || validated_by(i, event.page, event.body));
}

static void do_load(void) {
  int i = event.isolate;
  struct Record *it = &RECORD(event.record);
  it->validates = event.body ? validated_by(i, event.page, event.body) : 0;
  it->isHead = event.isHead;
  it->body = event.body;
  it->state = LOADING;
  it->page = event.page;
  it->by = i;
  it->stamp = event.stamp;
  it->requestedAt = event.requestedAt;
  it->bodyAt = event.requestedAt;
  it->colo = VIEW(i).colo;
}

/*
 * The origin generates the response, or a 304 for the validated one. `isRenewed`: the 304 shows that
 * the origin would generate the same body now. Otherwise the origin lies, and the body may be old.
 */
static int may_generate(void) {
  struct Record *it = &RECORD(event.record);
  return it->state == LOADING && (!event.isUnchanged || it->validates);
}

/* Returns whether an entry covers a response. The first mark of a journal is no purge (rule 29). */
static int concerns(int e, int r) {
  int is_first_mark = ENTRY(e).marks == 1;
  return covers(e, r) && !(is_first_mark && RECORD(r).isKept);
}

static int entries_before(int instant) {
  int count = 0;
  while (count < now.entries && ENTRY(count + 1).appendedAt < instant) count += 1;
  return count;
}

static void do_generate(void) {
  struct Record *it = &RECORD(event.record);
  struct Record *of = &RECORD(it->validates);
  it->state = GENERATED;
  it->isKept = event.age > 0;
  it->keptSince = event.age ? it->requestedAt - event.age : 0;
  it->generated = event.age ? entries_before(it->keptSince - VIEW(it->by).offset) : now.entries;
  if (event.isUnchanged && !event.isRenewed) it->generated = of->generated;
  if (event.isUnchanged) {
    it->bodyAt = of->bodyAt;
    it->colo = of->colo;
  } else {
    it->body = event.body;
    it->validates = 0;
    if (event.age) it->bodyAt = it->keptSince;
  }
}

/* Returns whether no entry may have come between a cache's answer and its request (rule 29). */
static int follows_purges(int r) {
  struct Record *it = &RECORD(r);
  int first = VIEW(it->by).first;
  int since = it->keptSince - SET(allowance) + SET(server_lag);
  int is_purged = 0;
  if (!it->keptSince || it->state != GENERATED) return 1;
  for (int e = 1; e <= now.entries; e += 1) {
    int is_known = knows(it->by, e) || ENTRY(e).applied & BIT(it->by);
    if (is_known && concerns(e, r) && ENTRY(e).appendedAt >= since) is_purged = 1;
  }
  return RULE(R29_LATER, !is_purged) &&
         RULE(R29_OLDEST, !first || !ENTRY(first).before || ENTRY(first).appendedAt < since);
}

/* Finds a stored response with the body that the event names, requested then and by this colo. */
static int source_of(int r) {
  for (int q = 1; q <= RECORDS; q += 1)
    if (q != r && RECORD(q).state == STORED && RECORD(q).body == event.body &&
        RECORD(q).bodyAt == event.bodyAt && RECORD(q).colo == event.colo)
      return q;
  return 0;
}

/* The isolate stores the response, with the provenance from before its request. */
static int may_store(void) {
  int r = event.record;
  struct Record *it = &RECORD(r);
  if (it->state < GENERATED || event.isolate != it->by) return 0;
  if (!RULE(R1_STAMP, event.stamp == it->stamp)) return 0;
  if (!RULE(R1_CLOCK, event.requestedAt == it->requestedAt)) return 0;
  if (!follows_purges(r)) return 0;
  if ((it->validates || it->isHead) && it->state == GENERATED)
    return RULE(R2_BODY, it->body == ANY || event.body == it->body) && source_of(r) &&
           RULE(R23_AGAIN, validated_by(it->by, it->page, it->body));
  if (event.body != it->body || event.colo != it->colo) return 0;
  if (it->keptSince && it->state == GENERATED) return RULE(R29_BODY, event.bodyAt == it->bodyAt);
  return event.bodyAt == (it->state == STORED ? it->bodyAt : event.requestedAt);
}

static void check_answer(int i, int r, int body, int is_fresh);

static void do_store(void) {
  int r = event.record;
  struct Record *it = &RECORD(r);
  int is_validated = it->validates && it->state == GENERATED;
  if (event.body != it->body && it->state == GENERATED) it->generated = RECORD(source_of(r)).generated;
  it->state = STORED;
  it->keptSince = 0;
  it->stamp = event.stamp;
  it->requestedAt = event.requestedAt;
  it->bodyAt = event.bodyAt;
  it->colo = event.colo;
  it->body = event.body;
  /* After a 304, the freshened response also answers the client of the request. */
  if (is_validated) check_answer(event.isolate, r, event.body, 1);
}

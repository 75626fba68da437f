/* Views: how replies and copies renew them (rules 11 to 14 and 17). */

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
  int is_joint = on_path(it->kind == COPIED ? VIEW(i).last : it->base, it->first, it->last);
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
  if (it->kind == COPIED || it->kind == APPENDED || !RULE(R13_END, it->base == end)) return 0;
  if (!RULE(R16_PRIMARY, it->kind != REPLICA)) return 0;
  if (it->kind != MARKED && on_path(end, it->first, it->last)) return 0;
  return RULE(R17_MARKED, marked(end, it) || trimmed(end, it, DROPPED)) && is_chain(it->first);
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
  /* Without a proof of the view's last entry, an isolate does not notice that entries are lost. */
  int end = VIEW(i).last;
  int is_unnoticeable =
      end && !in_history(end, it->last) && !marked(end, it) && proof_of(end, it) == DROPPED;
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
      if (at->countsFrom > now.time && !is_unnoticeable) at->countsFrom = now.time;
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

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

/* Returns whether a read extends the view: it has the view's last entry. */
static int extends(int i, struct Read *it) {
  if (!VIEW(i).last) return 0;
  if (!RULE(R11_JOINT, on_path(VIEW(i).last, it->first, it->last))) return 0;
  return is_chain(in_history(VIEW(i).first, it->last) ? VIEW(i).first : it->first);
}

/* Returns whether a view begins with a read, or begins again: it was cold, or has lost its end. */
static int begins(int i, struct Read *it) {
  int end = VIEW(i).last;
  if (!RULE(R18_EMPTY, it->last)) return 0;
  if (!end) return is_chain(it->first);
  if (it->kind == APPENDED || it->base != end) return 0;
  if (!RULE(R16_PRIMARY, it->kind != REPLICA)) return 0;
  if (it->kind != MARKED && on_path(end, it->first, it->last)) return 0;
  return RULE(R17_MARKED, marked(end, it) || trimmed(end, it, DROPPED)) && is_chain(it->first);
}

/* A reply renews the view, which then has the entries from `first` to `last`. */
static int may_take(void) {
  int i = event.isolate;
  struct Read *it = &READ(i, event.read);
  int is_joint = !VIEW(i).last || on_path(VIEW(i).last, it->first, it->last);
  if (!RULE(R16_REPLY, it->state == SERVED)) return 0;
  if (!RULE(is_joint ? R12_CHAIN : R11_JOINT, event.last == it->last)) return 0;
  int latest = it->sentAt > VIEW(i).asOf ? it->sentAt : VIEW(i).asOf;
  return RULE(R11_DATE, event.asOf == latest) && (extends(i, it) || begins(i, it));
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

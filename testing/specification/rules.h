/*
 * The conditions of the protocol, named by their rules in docs/purge-protocol.md. A step may happen
 * only if all of its conditions hold. A run may drop one condition, which allows more steps.
 */
#define RULES(X) \
  X(R20_STAYS, "20 stays")         /* no entry is withdrawn */ \
  X(R21_OWN, "21 own")             /* an isolate accepts only what the journal has confirmed to it */ \
  X(R21_READ, "21 read")           /* a repeated webhook appends, unless a recent view has it */ \
  X(R22_DUE, "22 due")             /* accepted entries are read back in time */ \
  X(R22_STANDS, "22 stands")       /* an entry is confirmed only after a read-back */ \
  X(R22_GONE, "22 gone")           /* an entry is replaced only if the read-back lacks it */ \
  X(R22_AGAIN, "22 again")         /* an entry that is gone is appended again at once */ \
  X(R22_TRIMMED, "22 trimmed")     /* an entry stands in the past only if the lineages note it */

enum rule {
  NO_RULE,
#define X(id, name) id,
  RULES(X)
#undef X
  rules_count
};

static const char *const rule_names[] = {
    "",
#define X(id, name) name,
    RULES(X)
#undef X
};

/* The rule that this run drops. */
static int dropped = NO_RULE;

/* The rules that have refused the last event. */
static int refusals[8];
static int refusals_count = 0;

static int holds(int rule, int condition) {
  if (condition || rule == dropped) return 1;
  if (refusals_count < 8) refusals[refusals_count++] = rule;
  return 0;
}

#define RULE(id, condition) holds(id, condition)

static void drop(const char *name) {
  if (!name || !*name) return;
  for (int id = 1; id < rules_count; id += 1)
    if (!strcmp(rule_names[id], name)) dropped = id;
  if (dropped == NO_RULE) fprintf(stderr, "unknown rule %s\n", name), exit(2);
}

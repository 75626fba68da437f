/*
 * The conditions of the protocol, named by their rules in docs/purge-protocol.md. A step may happen
 * only if all of its conditions hold. A run may drop one condition, which allows more steps.
 */
#define RULES(X) \
  X(R1_STAMP, "1 stamp")           /* the stamp is the view's last entry before the request */ \
  X(R1_CLOCK, "1 clock")           /* the clock is noted before the request */ \
  X(R2_BODY, "2 body")             /* a 304 freshens the response whose validator was sent */ \
  X(R3_BODY, "3 body")             /* a body answers only beside the metadata that names it */ \
  X(R4_STAMP, "4 stamp")           /* a backfill keeps the stamp */ \
  X(R4_TIME, "4 time")             /* a backfill keeps the time of the body's request */ \
  X(R4_COLO, "4 colo")             /* a backfill keeps the colo */ \
  X(R5_HARD, "5 hard")             /* a hard entry after the stamp forbids any use */ \
  X(R5_SOFT, "5 soft")             /* a soft entry after the stamp makes the response stale */ \
  X(R6_OLDER, "6 older")           /* an unknown stamp is older than all known entries */ \
  X(R7_STAMP, "7 a stamp")         /* the view knows the stamp */ \
  X(R7_VIEW, "7 a view")           /* the view was requested at most N - A ago */ \
  X(R7_COLO, "7 b colo")           /* this colo requested the body */ \
  X(R7_BODY, "7 b body")           /* the body was requested at most N - A ago */ \
  X(R9_FOLLOWER, "9 follower")     /* a follower judges the leader's response */ \
  X(R10_STEP, "10 step")           /* a request notices that the clock was set back */ \
  X(R10_READ, "10 read")           /* a read from before a step has no age */ \
  X(R10_BODY, "10 body")           /* times from before a step prove nothing */ \
  X(R11_DATE, "11 date")           /* a view is as old as the request of its read */ \
  X(R11_JOINT, "11 joint")         /* a read begins with the view's last entry */ \
  X(R12_CHAIN, "12 chain")         /* a view has consecutive entries, at most as many as it holds */ \
  X(R13_END, "13 end")             /* a read is discarded if the view's end has changed */ \
  X(R14_DATE, "14 date")           /* a copy is as old as the read that it is from */ \
  X(R14_JOINT, "14 joint")         /* a copy has the view's last entry */ \
  X(R14_NEWER, "14 newer")         /* a copy is newer than the view */ \
  X(R14_AHEAD, "14 ahead")         /* a copy is dated at most A ahead */ \
  X(R16_REPLY, "16 reply")         /* only the reply to a read renews the view */ \
  X(R16_PRIMARY, "16 primary")     /* the primary decides whether entries were lost */ \
  X(R17_MARKED, "17 marked")       /* after a loss, a view starts again behind a mark of this loss */ \
  X(R17_CHECKED, "17 checked")     /* a mark names an entry that the primary lacks */ \
  X(R17_ONCE, "17 once")           /* a loss that is marked gets no second mark */ \
  X(R18_EMPTY, "18 empty")         /* no view is empty */ \
  X(R18_STILL, "18 still")         /* the first mark begins a journal that is still empty */ \
  X(R20_STAYS, "20 stays")         /* no entry is withdrawn */ \
  X(R21_OWN, "21 own")             /* an isolate accepts only what the journal has confirmed to it */ \
  X(R21_READ, "21 read")           /* a repeated webhook appends, unless a recent view has it */ \
  X(R22_DUE, "22 due")             /* accepted entries are read back in time */ \
  X(R22_STANDS, "22 stands")       /* an entry is confirmed only after a read-back */ \
  X(R22_GONE, "22 gone")           /* an entry is replaced only if the read-back lacks it */ \
  X(R22_AGAIN, "22 again")         /* an entry that is gone is appended again at once */ \
  X(R22_APPLIED, "22 applied")     /* an accepted entry applies before it is read */ \
  X(R22_TRIMMED, "22 trimmed")     /* an entry stands in the past only if the lineages note it */ \
  X(R23_STAMP, "23 stamp")         /* a validator is sent only if the view knows the stamp */ \
  X(R23_VIEW, "23 view")           /* ... and is recent */ \
  X(R23_HARD, "23 hard")           /* ... and knows of no hard purge */ \
  X(R23_AGAIN, "23 again")         /* the conditions hold again when the 304 arrives */ \
  X(R27_NOTED, "27 noted")         /* the lineages note the stamp */ \
  X(R27_NAMES, "27 names")         /* the book has the names of all entries after the stamp */ \
  X(R27_END, "27 end")             /* the lineages note the view's end, the book ends with the last entry */ \
  X(R27_COVERED, "27 covered")     /* no later entry in the book covers the response */ \
  X(R27_QUESTION, "27 question")   /* the new stamp is the view's end at the question */ \
  X(R27_JOINT, "27 joint")         /* the epochs have the new stamp */ \
  X(R27_LISTED, "27 listed")       /* no later entry of the epochs covers the response */ \
  X(R27_TRIMMED, "27 trimmed")     /* an entry that never existed was not trimmed */ \
  X(R29_LATER, "29 later")         /* no known entry came between a cache's answer and its request */ \
  X(R29_OLDEST, "29 oldest")       /* the view begins before this answer */ \
  X(R29_BODY, "29 body")           /* its body time is when it counts as generated */

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

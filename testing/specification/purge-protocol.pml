/*
 * The purge protocol as a transition system: its state here, its steps in the headers. The process
 * below either takes every step that is possible, within the bounds of a run, or plays the events of
 * recorded traces, each of which must be a possible step. docs/specification.md explains both.
 */
#include "sizes.h"

/* The invariants. */
#define CHECK assert(!bound); assert(!forgot); assert(!mixed); assert(!falseLoss)

c_decl {
  \#include "sizes.h"
  \#include "settings.h"
  \#include "rules.h"
};

/* An entry of the journal. It stands for one history: the entries before it never change. */
typedef Entry {
  ID before;          /* 0: the journal was empty */
  byte covers;        /* a bit for each page */
  byte hard;
  ID marks;           /* in a mark, the entry that it declares lost, plus 1; 1: the journal was empty */
  byte by;            /* the isolate that appended it, plus 1; 0: another writer */
  TIME position;      /* may occur again after a loss */
  COUNT number;       /* one more than that of the entry before; 0: none */
  COUNT lossesBefore; /* the losses of the database before it */
  TIME appendedAt;    /* 0: before any answer of a cache */
  TIME countsFrom;    /* the bound begins here: at the append, or after a loss; LASTING: never */
  MASK applied;       /* the isolates that have accepted it, and not read it */
  TIME appliedAt;
  MASK known;         /* the isolates that have accepted or read it */
  MASK stands;        /* the isolates that have read it back: it stands, or was trimmed */
  MASK gone;          /* the isolates that have read back that it is gone */
  MASK missed;        /* the isolates whose view had it when it was lost */
};

/*
 * A state of the database: the oldest and the newest entry of the journal and of its book, and the
 * oldest whose lineage is kept; 0 if that of the newest is not. Lower numbers than `unproven` are of
 * entries from before the lineages.
 */
typedef Journal { ID first; ID last; ID notedFirst; ID notedLast; ID linedFirst; COUNT unproven; TIME until };

/* An isolate: its clock, and its view. The view is the path of entries from `first` to `last`. */
typedef Isolate {
  byte colo;
  TIME offset;        /* its clock minus the true time */
  TIME ahead;         /* the highest offset at a request since the last step back */
  ID first;
  ID last;            /* 0: no view */
  TIME asOf;          /* when the view was requested, by this clock; 0: unknown */
  TIME latest;        /* the highest reading since the last step back */
  TIME doubtUpTo;     /* readings up to here may be from before a step back */
};

/* A read of the journal, or of a copy, and the state that it has seen. */
typedef Read {
  byte state;         /* FREE, SENT, SERVED */
  byte kind;          /* REPLICA, PRIMARY, MARKED, COPIED, APPENDED */
  byte back;          /* a read-back */
  TIME sentAt;        /* by the isolate's clock; 0: unknown */
  ID base;            /* the view's end when it was sent */
  ID first;
  ID last;
  ID notedFirst;
  ID notedLast;
  ID linedFirst;
  COUNT unproven;
};

typedef Copy { ID first; ID last; TIME asOf };

/* An accepted entry that an isolate must read back. */
typedef Promise {
  byte isolate;       /* plus 1; 0: no promise */
  ID entry;
  TIME due;           /* LASTING: read back, or not by a timer */
  byte tries;         /* the read-backs of this entry, and of those that it replaces */
};

/* A read-back of one entry. */
typedef Look {
  byte isolate;       /* plus 1; 0: no read-back */
  ID entry;
  byte found;         /* UNREAD, STANDS, TRIMMED, GONE */
  byte read;          /* the read under way, plus 1; APPENDING: an append; 0: none */
};

/* A response of the origin, and its provenance, which it has in every tier. */
typedef Record {
  byte state;         /* NEW, LOADING, GENERATED, STORED */
  byte page;
  byte by;            /* the isolate that requested it */
  ID stamp;
  ID restamps[STAMPS];/* the later stamps that the book has justified */
  TIME requestedAt;
  TIME bodyAt;        /* when its body was requested */
  byte colo;          /* that requested its body */
  ID generated;       /* the number of entries when the origin generated its body */
  ID body;
  ID validates;       /* the response whose validator was sent; 0: none */
  TIME keptSince;     /* when a cache's answer counts as generated, by the isolate's clock; 0: no such answer */
  byte isKept;        /* whether a cache before the origin had kept it */
  byte isHead;        /* whether it has no body, and may freshen a stored response */
};

TIME time;
ID entries;
Entry entry[ENTRIES + 1];
byte versions;
Journal journal[VERSIONS];   /* the present state first */
COUNT losses;
Isolate isolate[ISOLATES];
Read read[ISOLATES * READS];
Copy copy[ISOLATES + 1];     /* by colo */
Promise promise[PROMISES];
Look look[LOOKS];
Record record[RECORDS + 1];
byte sharedHead, sharedBody; /* the responses whose metadata and whose body the shared tier has */

/* The use of the limits of the exhaustive search. */
byte purges, elsewhere, validations, lossesMade, harms, turns, restarts;

/* The invariants that the last step has broken. */
byte bound, forgot, mixed, falseLoss;

short choices, choice;

/* The steps are optimized even if the verifier, which is long for traces, is not. */
c_code {
  \#pragma GCC push_options
  \#pragma GCC optimize("O2")
  \#include "journal.h"
  \#include "isolates.h"
  \#include "reads.h"
  \#include "views.h"
  \#include "acceptance.h"
  \#include "records.h"
  \#include "answers.h"
  \#include "steps.h"
#ifdef TRACES
  \#include "traces.h"
#else
  \#include "reduction.h"
  \#include "search.h"
  \#include "search-records.h"
#endif
  \#pragma GCC pop_options
};

#ifdef TRACES
/* Plays each trace. An event that is no possible step ends its trace. */
active proctype protocol() {
  c_code { begin_traces(); };
  do
  :: choice + 1 < choices -> choice++
  :: choice < choices -> break
  od;
  c_code { play_trace(now.choice); }
}
#else
/* Takes each possible step in each state. */
active proctype protocol() {
  c_code { begin_search(); };
  do
  :: atomic {
       c_code { now.choices = count_steps(); };
       CHECK;
       if
       :: choices == 0 -> break
       :: else
       fi;
       do
       :: choice + 1 < choices -> choice++
       :: break
       od;
       c_code { choose_step(now.choice); now.choice = 0; now.choices = 0; };
       CHECK
     }
  od
}
#endif

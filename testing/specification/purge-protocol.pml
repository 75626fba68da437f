/*
 * The acceptance of purges as a transition system: its state here, its steps in the headers. The process
 * below either takes every step that is possible, within the bounds of a run, or plays the events of
 * recorded traces, each of which must be a possible step. docs/specification.md explains both.
 */
#include "sizes.h"

/* The invariants. */
#define CHECK assert(!bound); assert(!forgot)

c_decl {
  \#include "sizes.h"
  \#include "settings.h"
  \#include "rules.h"
};

/* An entry of the journal. It stands for one history: the entries before it never change. */
typedef Entry {
  ID before;          /* 0: the journal was empty */
  byte covers;        /* 1: the page of the response */
  byte by;            /* the isolate that appended it, plus 1; 0: another writer */
  TIME position;      /* may occur again after a loss */
  TIME countsFrom;    /* the bound begins here: at the append, or after a loss; LASTING: never */
  MASK applied;       /* the isolates that have accepted it, and not read it */
  MASK known;         /* the isolates that have accepted or read it */
  MASK stands;        /* the isolates that have read it back: it stands, or was trimmed */
  MASK gone;          /* the isolates that have read back that it is gone */
};

/* The oldest and the newest entry of the journal, and the oldest whose lineage is kept; 0: none. */
typedef Journal { ID first; ID last; ID linedFirst };

/* An isolate: its clock, and its view. The view is the path of entries from `first` to `last`. */
typedef Isolate {
  TIME offset;        /* its clock minus the true time */
  ID first;
  ID last;            /* 0: no view */
  TIME asOf;          /* when the view was requested, by this clock; 0: unknown */
};

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

/* The response that isolates answer with. */
typedef Response {
  byte isLoaded;
  ID stamp;
  ID restamp;         /* the later stamp that the lineages have justified; 0: none */
  TIME bodyAt;        /* when its body was requested */
  ID generated;       /* the number of entries when the origin generated its body */
};

TIME time;
ID entries;
Entry entry[ENTRIES + 1];
Journal journal[1];
Isolate isolate[ISOLATES];
Promise promise[PROMISES];
Look look[LOOKS];
Response response[1];

/* The use of the limits of the exhaustive search. */
byte purges, elsewhere, lossesMade;

/* The invariants that the last step has broken. */
byte bound, forgot;

short choices, choice;

/* The steps are optimized even if the verifier, which is long for traces, is not. */
c_code {
  \#pragma GCC push_options
  \#pragma GCC optimize("O2")
  \#include "journal.h"
  \#include "isolates.h"
  \#include "acceptance.h"
  \#include "steps.h"
#ifdef TRACES
  \#include "traces.h"
#else
  \#include "reduction.h"
  \#include "search.h"
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
